"""Whatever is done in whatever order, values and days are exactly what a simple model says."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crmhost.api import settings as site_settings
from plugins.transactions import api, kinds, mass, services, values
from plugins.transactions.models import Day, Value
from plugins.transactions.tests.conftest import Books

SIGNS = {"Sale": 1, "Refund": -1, "Credit note": -1, "For sale": 0, "Sold": 1}
STATUSES = ("Succeeded", "Completed", "Pending", "Failed")
ZONES = ("Europe/Paris", "America/Los_Angeles", "Pacific/Kiritimati")
FIRST = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

AMOUNTS = st.integers(0, 10**6)
FIELDS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(sorted(SIGNS)),
        "status": st.sampled_from(STATUSES),
        "currency": st.sampled_from(("EUR", "JPY", "KWD")),
        "total": AMOUNTS,
        "tax": AMOUNTS,
        "discount": AMOUNTS,
        "fee": AMOUNTS,
        "contact": st.sampled_from((None, 0, 1, 2)),
        "hours": st.integers(0, 90),
    }
)
STEPS = st.one_of(
    st.tuples(st.just("add"), FIELDS),
    st.tuples(st.just("add"), FIELDS),
    st.tuples(st.just("edit"), FIELDS),
    st.tuples(st.just("attach"), st.sampled_from((None, 1, 2))),
    st.tuples(st.just("delete"), st.none()),
    st.tuples(st.just("erase"), st.none()),
    st.tuples(st.just("restore"), st.none()),
    st.tuples(st.just("status"), st.sampled_from(STATUSES)),
    st.tuples(st.just("by_hand"), st.integers(0, 10**6)),
    st.tuples(st.just("included"), st.lists(st.sampled_from(STATUSES), min_size=1, unique=True)),
    st.tuples(st.just("count"), st.tuples(st.booleans(), st.booleans(), st.booleans())),
    st.tuples(st.just("zone"), st.sampled_from(ZONES)),
    st.tuples(st.just("sign"), st.sampled_from((1, 0, -1))),
)


@dataclasses.dataclass
class Model:
    """What should be."""

    rows: dict[int, dict[str, Any]] = dataclasses.field(default_factory=dict)
    included: tuple[str, ...] = ("Succeeded", "Completed")
    taxes: bool = True
    discounts: bool = True
    fees: bool = False
    zone: str = "UTC"
    signs: dict[str, int] = dataclasses.field(default_factory=lambda: dict(SIGNS))

    def counting(self) -> list[tuple[dict[str, Any], int]]:
        """The rows that count, with what each adds."""
        found = []
        for row in self.rows.values():
            if row["live"] and row["status"] in self.included and self.signs[row["type"]]:
                amount = row["total"] - (0 if self.taxes else row["tax"]) + (0 if self.discounts else row["discount"])
                amount -= row["fee"] if self.fees else 0
                found.append((row, self.signs[row["type"]] * amount))
        return found

    def days(self) -> dict[tuple[dt.date, str], tuple[int, int]]:
        """(day, currency) -> sum and number."""
        sums: Counter[Any] = Counter()
        numbers: Counter[Any] = Counter()
        for row, amount in self.counting():
            key = row["at"].astimezone(ZoneInfo(self.zone)).date(), row["currency"]
            sums[key] += amount
            numbers[key] += 1
        return {key: (sums[key], number) for key, number in numbers.items()}

    def values(self, invoices: Any) -> dict[tuple[int, str], tuple[int, int, int]]:
        """(contact, currency) -> transactions, refunded, total."""
        found: dict[tuple[int, str], list[int]] = {}
        recorded = set()
        for row, amount in self.counting():
            invoice = invoices.get(row["invoice"])
            if row["invoice"] is not None:
                recorded.add(row["invoice"])
            owner = invoice.contact_id if invoice else row["contact"]
            if owner is not None:
                entry = found.setdefault((owner, row["currency"]), [0, 0, 0])
                entry[0] += amount
                entry[1] += -amount if self.signs[row["type"]] < 0 else 0
                entry[2] += amount
        for invoice in invoices.values():
            entry = found.setdefault((invoice.contact_id, invoice.currency), [0, 0, 0])
            entry[2] += 0 if invoice.id in recorded else invoice.by_hand
        return {key: (one, two, three) for key, (one, two, three) in found.items()}


class Play:
    """Does to the site and to the model the same."""

    def __init__(self, books: Books) -> None:
        self.books, self.crm, self.model = books, books.crm, Model()
        assert books.invoices
        self.invoices = books.invoices.INVOICES
        self.people = [self.crm.make.contact() for _ in range(3)]
        for number, owner in ((1, self.people[0]), (2, self.people[1])):
            self.invoices[number] = books.invoices.Invoice(number, owner, 50_000)
        self.made = 0

    def do(self, name: str, what: Any) -> None:
        """One step."""
        step: Callable[[Any, Any], None] = getattr(self, name)
        with self.crm.work() as work, work.begin():
            step(work, what)

    def _given(self, fields: dict[str, Any]) -> dict[str, Any]:
        at = FIRST + dt.timedelta(hours=fields["hours"])
        given = {
            name: {"amount": fields[name], "currency": fields["currency"]}
            for name in ("total", "tax", "discount", "fee")
        }
        contact = None if fields["contact"] is None else self.people[fields["contact"]]
        return {
            **given,
            "type": fields["type"],
            "status": fields["status"],
            "date": at.isoformat(),
            "contact_id": contact,
        }

    def _row(self, fields: dict[str, Any]) -> dict[str, Any]:
        contact = None if fields["contact"] is None else self.people[fields["contact"]]
        return {**fields, "contact": contact, "at": FIRST + dt.timedelta(hours=fields["hours"])}

    def _one(self, *, live: bool = True) -> int | None:
        return next((number for number, row in reversed(self.model.rows.items()) if row["live"] == live), None)

    def add(self, work: Any, fields: dict[str, Any]) -> None:
        self.made += 1
        made = services.create(work, {"ref": f"T{self.made}", "name": "Order", **self._given(fields)})
        self.model.rows[made.id] = {**self._row(fields), "live": True, "invoice": None}

    def edit(self, work: Any, fields: dict[str, Any]) -> None:
        number = self._one()
        if number is not None and self.model.rows[number]["invoice"] is None:
            services.update(work, number, self._given(fields))
            self.model.rows[number] |= self._row(fields)

    def attach(self, work: Any, invoice: int | None) -> None:
        number = next((key for key, row in self.model.rows.items() if row["live"] and row["currency"] == "EUR"), None)
        if number is not None:
            services.update(work, number, {"invoice_id": invoice})
            self.model.rows[number]["invoice"] = invoice

    def delete(self, work: Any, _: None) -> None:
        number = self._one()
        if number is not None:
            mass.to_bin(work, [number])
            self.model.rows[number]["live"] = False

    def erase(self, work: Any, _: None) -> None:
        number = self._one(live=False)
        if number is not None:
            mass.erase(work, [number])
            del self.model.rows[number]

    def restore(self, work: Any, _: None) -> None:
        number = self._one(live=False)
        if number is not None:
            mass.restore(work, [number])
            self.model.rows[number]["live"] = True

    def status(self, work: Any, name: str) -> None:
        ids = list(self.model.rows)[-3:]
        mass.set_status(work, ids, name)
        for number in ids:
            if self.model.rows[number]["live"]:
                self.model.rows[number]["status"] = name

    def by_hand(self, work: Any, amount: int) -> None:
        self.invoices[1].by_hand = amount

    def included(self, work: Any, names: list[str]) -> None:
        site_settings.set_many(work, {"transactions.included_statuses": names})
        self.model.included = tuple(names)

    def count(self, work: Any, switches: tuple[bool, bool, bool]) -> None:
        self.model.taxes, self.model.discounts, self.model.fees = switches
        names = ("count_taxes", "count_discounts", "count_fees")
        site_settings.set_many(work, {f"transactions.{name}": on for name, on in zip(names, switches, strict=True)})

    def zone(self, work: Any, name: str) -> None:
        site_settings.set_many(work, {"site.timezone": name})
        self.model.zone = name

    def sign(self, work: Any, sign: int) -> None:
        kind = kinds.find_type(work, "Sold")
        kinds.change_type(work, kind.id, "Sold", sign)
        self.model.signs["Sold"] = sign

    def compare(self) -> None:
        """The site and the model say the same."""
        with self.crm.work() as work:
            with work.begin():
                # What the other extension does when an invoice of its own changes, or what is attached to one.
                api.recompute(work, "contact", self.people)
            days = {
                (row.day, row.currency): (row.amount, row.number)
                for row in work.session.scalars(select(Day))
                if row.number
            }
            assert days == self.model.days()
            rows = work.session.scalars(select(Value).where(Value.object_id.in_(self.people)))
            found = {(row.object_id, row.currency): (row.transactions, row.refunded, row.total) for row in rows}
            assert found == self.model.values(self.invoices)


@settings(
    max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate], database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(STEPS, min_size=10, max_size=14))
def test_the_sums_are_those_of_an_exact_model(billed: Books, steps: list[tuple[str, Any]]) -> None:
    """After every step values by contact and currency, and sums by day, are the model's; making them anew changes nothing."""
    assert billed.invoices
    with billed.crm.work() as work, work.begin():
        mass.to_bin(
            work, [row.id for row in work.session.scalars(select(services.Transaction)) if row.deleted_at is None]
        )
        mass.erase(work, list(work.session.scalars(select(services.Transaction.id))))
        site_settings.set_many(work, {"site.timezone": "UTC", **dict.fromkeys(values.own_settings.COUNTING)})
        kinds.change_type(work, kinds.find_type(work, "Sold").id, "Sold", 1)
    billed.invoices.INVOICES.clear()
    play = Play(billed)
    for name, what in steps:
        play.do(name, what)
        play.compare()
    with billed.crm.work() as work, work.begin():
        api.rebuild(work)
    play.compare()
    assert billed.crm.faults() == []
