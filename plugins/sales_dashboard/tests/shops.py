"""A site that sells, short ways to do it, and what its figures should be."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from sqlalchemy import func, select

from crmhost.testing import Host
from plugins.sales_dashboard import figures, kept, verifying
from plugins.sales_dashboard.counted import Narrowed
from plugins.sales_dashboard.days import Calendar, month_spans
from plugins.sales_dashboard.kept import Kept
from plugins.sales_dashboard.plain import Plain
from plugins.transactions import services
from plugins.transactions.api import Transaction

KINDS = ("customers", "new_customers", "total_customers")


class Shop:
    """Short ways to sell and to ask."""

    def __init__(self, crm: Host) -> None:
        self.crm = crm
        self._number = 0

    def sell(self, day: str, total: int, contact: int | None = None, currency: str = "EUR", **fields: Any) -> int:
        """Adds a transaction; gives its id."""
        self._number += 1
        amounts = {name: {"amount": fields.pop(name, 0), "currency": currency} for name in ("fee", "tax", "discount")}
        given = {"ref": f"S{self._number}", "name": "Order", "status": "Completed", "date": day, "contact_id": contact}
        given |= {"total": {"amount": total, "currency": currency}, **amounts, **fields}
        with self.crm.work() as work, work.begin():
            return services.create(work, given).id

    def ask(self, *spans: figures.Span, currency: str = "EUR", **more: Any) -> list[figures.Totals]:
        """The figures of spans."""
        with self.crm.work() as work:
            return figures.totals(work, spans, currency, **more)

    def check(self, first: dt.date, last: dt.date, turn: int = 0) -> None:
        """All that is kept is what plain SQL gives, and so is what is asked of it.

        :param turn: which currency and span are asked; all that is kept is compared each time.
        """
        days = [first + dt.timedelta(days=place) for place in range((last - first).days + 1)]
        monday = first - dt.timedelta(days=first.weekday() - 7)
        spans = [(day, day) for day in days[turn % 20 :: 20]] + month_spans(first, last)
        spans += [
            (monday + dt.timedelta(days=14 * place), monday + dt.timedelta(days=14 * place + 6)) for place in range(8)
        ]
        longer = [(first, last), (days[9], days[-9]), (days[3], days[40]), (days[20], days[-1]), (days[0], days[-20])]
        span, currency = longer[turn % 5], ("", "EUR", "USD")[turn % 3]
        with self.crm.work() as work:
            assert kept.usable(work, Calendar())
            assert list(verifying.differences(work)) == []
            ours, theirs = (way(work, currency, Calendar()) for way in (Kept, Plain))
            spans += longer
            assert ours.sums(spans) == theirs.sums(spans), currency
            both = ([*zip(spans, way.customers(spans), strict=True)] for way in (ours, theirs))
            assert next(both) == next(both), currency
            alike = figures.totals_by_currency(work, longer, ["EUR", "USD"], customers=True)
            for code, each in alike.items():
                alone = figures.totals(work, longer, code)
                assert each == [dataclasses.replace(one, new_customers=0, total_customers=0) for one in alone], code
            for dimension in figures.DIMENSIONS:
                assert ours.parts(dimension, span) == theirs.parts(dimension, span), (dimension, span)
            months = [some[0] for some in month_spans(first, last)]
            assert ours.cohorts(months) == theirs.cohorts(months)
            assert ours.best(span, 10) == theirs.best(span, 10)
            name = figures.DIMENSIONS[turn % 6]
            numbers = [ours.customer_parts(name, span, kind) for kind in KINDS]
            assert numbers == [theirs.customer_parts(name, span, kind) for kind in KINDS], name
            for key in {key for found in numbers for key in found or ()}:
                part = Plain(work, currency, Calendar(), Narrowed(name, key))
                assert part.customers([span])[0] == tuple((found or {}).get(key, 0) for found in numbers), (name, key)
            # The rows behind new and all customers are as many.
            where = [None, *(Narrowed(name, "") for name in figures.DIMENSIONS), Narrowed("product", "Tea")][turn % 8]
            for way in (Kept, Plain):
                mine = way(work, currency, Calendar(), where)
                rows = tuple(
                    work.session.scalar(
                        select(func.count(Transaction.id)).where(mine.first(since), mine.calendar.until(span[1]))
                    )
                    for since in (span[0], None)
                )
                assert rows == mine.customers([span])[0][1:], (way, currency, where)
