"""The page of recurring revenue: what subscriptions bring, why that changed, and what is to come."""

from __future__ import annotations

from typing import Any

from babel.dates import format_date
from flask import Blueprint

from crmhost.api import Work
from crmhost.web.api import (
    Chart,
    ChartReceipt,
    ChartSeries,
    current_work,
    gettext,
    lazy_text,
    money,
    number,
    render_template,
    request,
    requires,
)

from . import choices, recurring, subscriptions
from .asked import ALL
from .recurring import CHURN, CONTRACTION, EXPANSION, NEW, REACTIVATION, Period
from .subscriptions import Recurring

#: Kinds of movements in the order in which they stand, with their style in the chart.
KINDS = {
    NEW: (lazy_text("New"), "main"),
    EXPANSION: (lazy_text("Expansion"), "3"),
    REACTIVATION: (lazy_text("Reactivation"), "soft"),
    CONTRACTION: (lazy_text("Contraction"), "2"),
    CHURN: (lazy_text("Churn"), "4"),
}


@requires("sales_dashboard.view")
def page() -> Any:
    """Recurring revenue by months, with the movements of one of them."""
    work = current_work()
    terms = subscriptions.known(work)
    currencies = subscriptions.currencies(work, terms)
    chosen, length = choices.currency(currencies, request.args), choices.length(request.args)
    if not terms:
        return render_template("sales_dashboard/subscriptions.html", found=None)
    found = subscriptions.of(work, terms, chosen, length)
    month = _month(request.args.get("month", ""), found)
    inside = recurring.between(found.moves, month.start, month.end) if month else []
    labels = [format_date(one.start, "MMM y", locale=work.locale) for one in found.months]
    return render_template(
        "sales_dashboard/subscriptions.html",
        found=found,
        currencies=currencies,
        currency=chosen or ALL,
        lengths_known=choices.LENGTHS,
        length=length,
        kinds=KINDS,
        labels=labels,
        charts=[_level(work, found, labels), _moved(work, found, labels)],
        month=month,
        month_label=format_date(month.start, "LLLL y", locale=work.locale) if month else "",
        moved=subscriptions.named(work, found, inside),
        moved_number=len(inside),
        ahead=subscriptions.named(work, found, found.ahead),
    )


def _month(text: str, found: Recurring) -> Period | None:
    return next((one for one in found.months if one.start.isoformat()[:7] == text), None)


def _receipt(work: Work, found: Recurring, formula: str) -> ChartReceipt:
    own = [(gettext("Contacts"), gettext("only yours"))] if work.actor.only_assigned else []
    out = [(gettext("no exchange rate on the day they began"), found.left_out)] if found.left_out else []
    return ChartReceipt(
        formula=formula, counted=len(found.terms) - found.left_out, filters=own, zone=str(work.timezone), left_out=out
    )


def _level(work: Work, found: Recurring, labels: list[str]) -> Chart:
    now = money(found.now.closing, found.currency)
    before = found.now.opening
    return Chart(
        id="sales-mrr",
        title=gettext("How much comes in every month?"),
        sub=gettext("Monthly recurring revenue at the end of each month"),
        kind="line",
        summary=gettext("Subscriptions bring %(sum)s by the month now.", sum=now),
        heading=gettext("Month"),
        labels=labels,
        series=[ChartSeries(gettext("MRR"), [one.closing for one in found.months])],
        unit="money",
        currency=found.currency,
        running=gettext("so far"),
        figure=now,
        delta=(found.now.closing - before) / before if before else None,
        against=gettext("than at the end of last month") if before not in (0, found.now.closing) else "",
        receipt=_receipt(
            work, found,
            gettext(
                "What all subscriptions bring by the month on the last day: without taxes, after discounts that last; what is "
                "paid yearly counts with a twelfth. A subscription counts until the end of the period that was paid last."
            ),
        ),
    )  # fmt: skip


def _moved(work: Work, found: Recurring, labels: list[str]) -> Chart:
    change = sum(sum(one.moved.values()) for one in found.months)
    return Chart(
        id="sales-mrr-moves",
        title=gettext("Why did it change?"),
        sub=gettext("Movements of each month"),
        kind="bar",
        stacked=True,
        summary=gettext(
            "In %(number)s months it changed by %(sum)s.",
            number=number(len(found.months)),
            sum=money(change, found.currency),
        ),
        heading=gettext("Month"),
        labels=labels,
        series=[
            ChartSeries(str(label), [one.moved[kind] for one in found.months], style)  # type: ignore[arg-type]
            for kind, (label, style) in KINDS.items()
        ],
        unit="money",
        currency=found.currency,
        receipt=_receipt(
            work, found,
            gettext(
                "All subscriptions of one customer are seen together, day by day: a customer who brings more or less than the "
                "day before is a movement. All movements of a month add up to the difference of its two ends."
            ),
        ),
    )  # fmt: skip


def add_to(blueprint: Blueprint) -> None:
    """The page."""
    blueprint.add_url_rule("/subscriptions", "subscriptions", page)
