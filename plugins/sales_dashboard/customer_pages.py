"""Pages of who buys and what: the best customers, what a customer is worth, revenue by tag."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import Blueprint

from crmhost.web.api import current_work, link, request, requires

from . import answering, asked, csv_files, figures, metric_page
from .figures import Part, Totals

#: Customers and tags that a page lists.
BEST, TAGS = 50, 500
_BEGINNING = dt.date(1900, 1, 1)


@requires("sales_dashboard.view")
def customers() -> Any:
    """Who bought most in a period, and what customers are worth on average."""
    work = current_work()
    asks = asked.read(work, request.args)
    found = figures.best_customers(work, asks.period.span, asks.currency, BEST)
    behind = figures.behind(work, "net_revenue", asks.period.span, asks.currency)
    inside, ever = figures.totals(work, [asks.period.span, (_BEGINNING, work.today)], asks.currency)
    rows = [
        {
            "name": name,
            "url": _page_of(kind, number) if name else "",
            "behind": f"{behind}&{kind}_id={number}" if name else "",
            "gross": gross,
            "sales": sales,
            "refunds": refunds,
            "share": gross / inside.gross if inside.gross > 0 else None,
        }
        for kind, number, name, gross, sales, refunds in found
    ]
    values = {"rows": rows, "inside": inside, "ever": ever, "lifetime": lifetime(ever), "most": BEST}
    return answering.answer(
        "sales_dashboard/customers.html", asks, {"chart": None}, uncut=True, uncompared=True, **values
    )


@requires("sales_dashboard.view")
def customers_csv() -> Any:
    """The best customers as CSV; money in the main unit."""
    work = current_work()
    asks = asked.read(work, request.args)
    if asks.problem:
        return csv_files.unreadable(asks.problem)
    rows = [
        [name, asks.shown, csv_files.amount(gross, asks.shown), sales, csv_files.amount(refunds, asks.shown)]
        for _kind, _number, name, gross, sales, refunds in figures.best_customers(
            work, asks.period.span, asks.currency, BEST
        )
    ]
    return csv_files.answer("best-customers.csv", ["customer", "currency", "gross_revenue", "sales", "refunds"], rows)


def lifetime(ever: Totals) -> int | None:
    """What a customer brought so far: net revenue of all time by customer, half a unit rounded up; ``None`` without any."""
    number = ever.total_customers
    return (2 * ever.net + number) // (2 * number) if number else None


def _page_of(kind: str, number: int) -> str:
    return link("contacts.page", contact_id=number) if kind == "contact" else link("companies.page", company_id=number)


@requires("sales_dashboard.view")
def tags() -> Any:
    """How much of each tag was sold: how many “Defender 90” this year, and for how much."""
    asks, q, found = _tags()
    span, before = asks.period.span, asks.period.past
    past = figures.parts(asks.work, "tag", before, asks.currency, limit=TAGS) if before else []
    gross_before = {part.key: part.totals.gross for part in past}
    rows = [
        {
            "part": part,
            "before": gross_before.get(part.key, 0),
            "url": metric_page.behind_part(asks, "net_revenue", span, "tag", part.key, part.label),
        }
        for part in found
        if part.key
    ]
    without = next((part for part in found if not part.key), None)
    values = {"rows": rows, "without": without, "q": q}
    return answering.answer("sales_dashboard/tags.html", asks, {"chart": None, "q": q or None}, uncut=True, **values)


@requires("sales_dashboard.view")
def tags_csv() -> Any:
    """The tags as CSV; money in the main unit."""
    asks, _q, found = _tags()
    if asks.problem:
        return csv_files.unreadable(asks.problem)
    rows = [
        [
            part.label, asks.shown, part.totals.sales, csv_files.amount(part.totals.gross, asks.shown),
            part.totals.refunds_number,
            csv_files.amount(part.totals.refunds, asks.shown), csv_files.amount(part.totals.net, asks.shown),
        ]
        for part in found if part.key
    ]  # fmt: skip
    return csv_files.answer(
        "tags.csv", ["tag", "currency", "sales", "gross_revenue", "refunds_number", "refunds", "net_revenue"], rows
    )


def _tags() -> tuple[asked.Asked, str, Sequence[Part]]:
    """What was asked for, the text that tags have to hold, and the tags."""
    work = current_work()
    asks, q = asked.read(work, request.args), request.args.get("q", "").strip()[:80]
    found = figures.parts(work, "tag", asks.period.span, asks.currency, limit=TAGS)
    return asks, q, [part for part in found if q.casefold() in part.label.casefold()] if q else found


def add_to(blueprint: Blueprint) -> None:
    """The pages."""
    blueprint.add_url_rule("/customers", "customers", customers)
    blueprint.add_url_rule("/customers.csv", "customers_csv", customers_csv)
    blueprint.add_url_rule("/tags", "tags", tags)
    blueprint.add_url_rule("/tags.csv", "tags_csv", tags_csv)
