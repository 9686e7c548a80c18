"""The seven figures in words."""

from __future__ import annotations

from crmhost.api import Message

from .figures import METRICS

__all__ = ["COUNTS", "DEFINITIONS", "LABELS", "LOWER", "METRICS", "OF_CUSTOMERS", "QUESTIONS"]

#: Figures that count customers; the others are money.
COUNTS = ("new_customers", "total_customers")
#: Figures that need customers to be counted.
OF_CUSTOMERS = ("average_revenue_per_customer", *COUNTS)
#: Figures of which less is better.
LOWER = ("discounts", "fees")
LABELS = {
    "gross_revenue": Message("Gross revenue"),
    "net_revenue": Message("Net revenue"),
    "discounts": Message("Discounts"),
    "fees": Message("Fees"),
    "average_revenue_per_customer": Message("Average revenue per customer"),
    "new_customers": Message("New customers"),
    "total_customers": Message("Total customers"),
}
QUESTIONS = {
    "gross_revenue": Message("How much did we sell?"),
    "net_revenue": Message("What was left of it?"),
    "discounts": Message("How much did we let off?"),
    "fees": Message("What did selling cost?"),
    "average_revenue_per_customer": Message("How much does a customer spend?"),
    "new_customers": Message("How many bought for the first time?"),
    "total_customers": Message("How many customers do we have?"),
}
DEFINITIONS = {
    "gross_revenue": Message("Sum of total and discount of the sales that count, dated in the period."),
    "net_revenue": Message("Gross revenue − discounts − refunds − fees − taxes."),
    "discounts": Message("Sum of the discounts of the sales that count."),
    "fees": Message("Sum of the fees of the sales that count, and other fees dated in the period."),
    "average_revenue_per_customer": Message(
        "Gross revenue divided by the customers who bought in the period, rounded half up to the unit of the currency."
    ),
    "new_customers": Message("Customers whose first sale that counts, ever, lies in the period."),
    "total_customers": Message("Customers with a sale that counts up to the end of the period."),
}
