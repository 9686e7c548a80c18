"""Transactions, other fees and goals, for pictures."""

from __future__ import annotations

from crmhost.site import Site
from plugins.sales_dashboard import fees, goals
from plugins.transactions import services


def some(site: Site) -> None:
    """Orders in several states and currencies, one of them with a long name; what selling costs; what it shall come to."""
    with site.work() as work, work.begin():
        for number in range(1, 9):
            name = "Workshop with lunch, materials and a certificate for a whole team" if number == 7 else "Order"
            services.create(
                work,
                {
                    "ref": f"T-2026-{number:03}",
                    "name": f"{name} {number}",
                    "status": "Completed",
                    "contact_id": 7,
                    "total": {"amount": 12_350 * number, "currency": "EUR" if number % 3 else "USD"},
                },
            )
        first = work.today.replace(day=1)
        fees.save(
            work, None, {"name": "Rent of the shop", "amount": "480", "day": first.replace(month=1), "every": "month"}
        )
        long = "Yearly licence of the till, with its printer, two scanners and support"
        fees.save(work, None, {"name": long, "amount": "1190", "day": first, "every": "year"})
        gone = fees.save(work, None, {"name": "Stall at the fair", "amount": "95.50", "day": first})
        fees.to_bin(work, [gone.id])
        for metric, every, target in (
            ("gross_revenue", "month", "140000"), ("net_revenue", "year", "290000"), ("fees", "month", "400"),
            ("new_customers", "quarter", "250"),
        ):  # fmt: skip
            goals.save(work, None, {"metric": metric, "every": every, "target": target})
