"""The page of cohorts: who came when, and how many of them come back."""

from __future__ import annotations

from typing import Any

from babel.dates import format_date
from flask import Blueprint

from crmhost.api import Work, rates
from crmhost.web.api import (
    Chart,
    ChartReceipt,
    ChartSeries,
    current_work,
    gettext,
    lazy_text,
    number,
    percent,
    render_template,
    request,
    requires,
)
from crmhost.web.api import money as shown_money
from plugins.transactions.api import month_starts

from . import answering, choices, csv_files, figures, retention
from .asked import ALL
from .retention import Table

MEASURES = {
    "retention": lazy_text("Retention"),
    "customers": lazy_text("Customers"),
    "revenue": lazy_text("Revenue"),
    "value": lazy_text("Revenue by customer so far"),
}


@requires("sales_dashboard.view")
def page() -> Any:
    """The cohorts as a table of shades."""
    work = current_work()
    currency, measure, length = _asked(work)
    made = _table(work, currency, measure, length)
    code = currency or rates.base_currency(work)
    return render_template(
        "sales_dashboard/cohorts.html",
        is_anew=answering.is_anew(work),
        made=made,
        measures=MEASURES,
        measure=measure,
        lengths_known=choices.LENGTHS,
        length=length,
        currencies=figures.currencies(work),
        currency=currency or ALL,
        base=rates.base_currency(work),
        labels=[format_date(row.month, "MMM y", locale=work.locale) for row in made.rows],
        text=lambda value: _text(measure, value, code),
        chart=_chart(work, made) if measure == "retention" and any(made.average) else None,
    )


@requires("sales_dashboard.view")
def csv_file() -> Any:
    """The same as CSV: shares as decimal numbers, money in the main unit."""
    work = current_work()
    currency, measure, length = _asked(work)
    made = _table(work, currency, measure, length)
    code = currency or rates.base_currency(work)
    rows = [
        [row.month.isoformat()[:7], row.customers, *(_plain(measure, cell.value, code) for cell in row.cells)]
        for row in made.rows
    ]
    return csv_files.answer(f"cohorts-{measure}.csv", ["month", "customers", *made.offsets], rows)


def _asked(work: Work) -> tuple[str, str, int]:
    measure, currency = request.args.get("measure", ""), choices.currency(figures.currencies(work), request.args)
    return currency, measure if measure in MEASURES else "retention", choices.length(request.args)


def _table(work: Work, currency: str, measure: str, length: int) -> Table:
    found = figures.cohorts(work, currency, month_starts(work.today, length))
    return retention.table(measure, found, work.today)


def _text(measure: str, value: float | None, currency: str) -> str:
    if value is None:
        return "–"
    if measure == "retention":
        return percent(value)
    return number(round(value)) if measure == "customers" else shown_money(round(value), currency)


def _plain(measure: str, value: float | None, currency: str) -> object:
    if value is None:
        return ""
    if measure == "retention":
        return round(value, 4)
    return round(value) if measure == "customers" else csv_files.amount(round(value), currency)


def _chart(work: Work, made: Table) -> Chart:
    """How many come back on average, month by month."""
    values = [value for value in made.average if value is not None]
    return Chart(
        id="sales-retention",
        title=gettext("How many customers come back?"),
        sub=gettext("Of all cohorts together, by the months since the first purchase"),
        kind="line",
        summary=gettext("A month after their first purchase %(share)s buy again.", share=percent(values[0])),
        heading=gettext("Months since the first purchase"),
        labels=[str(offset) for offset in made.offsets][: len(values)],
        series=[ChartSeries(gettext("Retention"), values)],
        unit="percent",
        receipt=ChartReceipt(
            formula=gettext(
                "Customers who bought in the month, of those who first bought so many months before. Cohorts whose month is "
                "not over are left out."
            ),
            counted=sum(row.customers for row in made.rows),
            zone=str(work.timezone),
        ),
    )


def add_to(blueprint: Blueprint) -> None:
    """The pages."""
    blueprint.add_url_rule("/cohorts", "cohorts", page)
    blueprint.add_url_rule("/cohorts.csv", "cohorts_csv", csv_file)
