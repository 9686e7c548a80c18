"""Whatever is done in whatever order, what is kept is exactly what plain SQL gives, and that what a simple model says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crmhost.api import contacts, merging, privacy, rates, tags
from crmhost.api import settings as site_settings
from plugins.sales_dashboard import figures, summing
from plugins.sales_dashboard.tests.shops import Shop
from plugins.transactions import kinds, mass, services
from plugins.transactions.api import Transaction

SIGNS = {"Sale": 1, "Refund": -1, "Credit note": -1, "For sale": 0, "Sold": 1}
STATUSES = ("Succeeded", "Completed", "Pending", "Failed")
ZONES = ("Europe/Paris", "America/Los_Angeles", "Pacific/Kiritimati")
#: More are drawn where the environment asks for it.
EXAMPLES = int(os.environ.get("CRMHOST_TEST_EXAMPLES", "2"))
BEGIN, END = dt.date(2026, 1, 20), dt.date(2026, 5, 20)
FIRST = dt.datetime(2026, 1, 25, tzinfo=dt.UTC)
AMOUNTS = st.integers(0, 10**6)
FIELDS = st.fixed_dictionaries({
    "type": st.sampled_from(sorted(SIGNS)), "status": st.sampled_from(("Completed", "Completed", *STATUSES)),
    "currency": st.sampled_from(("EUR", "EUR", "USD", "JPY")), "total": AMOUNTS, "tax": AMOUNTS, "discount": AMOUNTS,
    "fee": AMOUNTS, "contact": st.sampled_from((None, 0, 1, 2)), "hours": st.integers(0, 24 * 90),
    "tags": st.lists(st.sampled_from(("red", "blue")), unique=True), "line": st.sampled_from(("", "Tea", "Pot")),
})  # fmt: skip
STEPS = st.one_of(
    *[st.tuples(st.just("add"), FIELDS)] * 4,
    *[st.tuples(st.just("edit"), FIELDS)] * 2,
    *(st.tuples(st.just(name), st.none()) for name in ("delete", "restore", "erase", "jobs", "jobs", "untag", "retag")),
    st.tuples(st.just("status"), st.sampled_from(STATUSES)),
    st.tuples(st.just("included"), st.lists(st.sampled_from(STATUSES), min_size=1, unique=True)),
    st.tuples(st.just("zone"), st.sampled_from(ZONES)),
    st.tuples(st.just("sign"), st.sampled_from((1, 0, -1))),
    st.tuples(st.just("rate"), st.integers(0, 90)),
    st.tuples(st.just("place"), st.sampled_from(("FR", "DE", ""))),
    st.tuples(st.just("merge"), st.none()),
    st.tuples(st.just("forget"), st.none()),
)


@dataclasses.dataclass
class Model:
    """What should be."""

    rows: dict[int, dict[str, Any]] = dataclasses.field(default_factory=dict)
    included: tuple[str, ...] = ("Succeeded", "Completed")
    zone: str = "UTC"
    signs: dict[str, int] = dataclasses.field(default_factory=lambda: dict(SIGNS))

    def figures(self, span: figures.Span, currency: str, zone: str) -> tuple[int, ...]:
        """Gross, net, discounts, fees, customers, new and total customers, left out."""
        gross = discounts = fees = taxes = refunds = left_out = 0
        bought: dict[int, list[dt.date]] = {}
        for row in self.rows.values():
            day = row["at"].astimezone(ZoneInfo(zone)).date()
            if not row["live"] or row["currency"] != currency:
                continue
            sign, inside = self.signs[row["type"]], span[0] <= day <= span[1]
            if row["status"] not in self.included or not sign:
                left_out += inside
            elif sign < 0:
                refunds += row["total"] if inside else 0
            else:
                if row["contact"] is not None:
                    bought.setdefault(row["contact"], []).append(day)
                if inside:
                    gross += row["total"] + row["discount"]
                    discounts, fees, taxes = discounts + row["discount"], fees + row["fee"], taxes + row["tax"]
        active = [days for days in bought.values() if any(span[0] <= day <= span[1] for day in days)]
        new = [days for days in active if min(days) >= span[0]]
        until = [days for days in bought.values() if min(days) <= span[1]]
        net = gross - discounts - fees - taxes - refunds
        return gross, net, discounts, fees, len(active), len(new), len(until), left_out


class Play:
    """Does to the site and to the model the same."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.crm, self.model, self.made = shop, shop.crm, Model(), 0
        self.turn = 0
        self.people = [self.crm.make.contact() for _ in range(3)]

    def do(self, name: str, what: Any) -> None:
        """One step."""
        step: Callable[[Any, Any], None] = getattr(self, name)
        with self.crm.work() as work, work.begin():
            step(work, what)

    def _given(self, row: dict[str, Any]) -> dict[str, Any]:
        money = {
            name: {"amount": row[name], "currency": row["currency"]} for name in ("total", "tax", "discount", "fee")
        }
        line = {"title": row["line"], "quantity": "2", "total": {"amount": 500, "currency": row["currency"]}}
        return {
            **money, "type": row["type"], "status": row["status"], "date": row["at"].isoformat(), "tags": row["tags"],
            "contact_id": row["contact"], "lines": [line] if row["line"] else [],
        }  # fmt: skip

    def _row(self, fields: dict[str, Any]) -> dict[str, Any]:
        contact = None if fields["contact"] is None else self.people[fields["contact"] % len(self.people)]
        return {**fields, "contact": contact, "at": FIRST + dt.timedelta(hours=fields["hours"]), "live": True}

    def _one(self, *, live: bool = True) -> int | None:
        return next((number for number, row in reversed(self.model.rows.items()) if row["live"] == live), None)

    def jobs(self, work: Any, _: None) -> None:
        while summing.clean(work):
            pass
        summing.fold(work)

    def add(self, work: Any, fields: dict[str, Any]) -> None:
        self.made += 1
        row = self._row(fields)
        made = services.create(work, {"ref": f"R{self.made}", "name": "Order", **self._given(row)})
        self.model.rows[made.id] = row

    def edit(self, work: Any, fields: dict[str, Any]) -> None:
        number = self._one()
        if number is not None:
            self.model.rows[number] = self._row(fields)
            services.update(work, number, self._given(self.model.rows[number]))

    def delete(self, work: Any, _: None) -> None:
        if (number := self._one()) is not None:
            mass.to_bin(work, [number])
            self.model.rows[number]["live"] = False

    def restore(self, work: Any, _: None) -> None:
        if (number := self._one(live=False)) is not None:
            mass.restore(work, [number])
            self.model.rows[number]["live"] = True

    def erase(self, work: Any, _: None) -> None:
        if (number := self._one(live=False)) is not None:
            mass.erase(work, [number])
            del self.model.rows[number]

    def status(self, work: Any, name: str) -> None:
        ids = [number for number in list(self.model.rows)[-3:] if self.model.rows[number]["live"]]
        mass.set_status(work, ids, name)
        for number in ids:
            self.model.rows[number]["status"] = name

    def untag(self, work: Any, _: None) -> None:
        known = [tag for tag in tags.all_tags(work) if tag.name == "red"]
        if known:
            tags.remove(work, known[0].id)

    def retag(self, work: Any, _: None) -> None:
        known = {tag.name: tag.id for tag in tags.all_tags(work)}
        if {"red", "blue"} <= known.keys():
            tags.merge(work, known["red"], [known["blue"]])

    def included(self, work: Any, names: list[str]) -> None:
        site_settings.set_many(work, {"transactions.included_statuses": names})
        self.model.included = tuple(names)

    def zone(self, work: Any, name: str) -> None:
        site_settings.set_many(work, {"site.timezone": name})
        self.model.zone = name

    def sign(self, work: Any, sign: int) -> None:
        kinds.change_type(work, kinds.find_type(work, "Sold").id, "Sold", sign)
        self.model.signs["Sold"] = sign

    def rate(self, work: Any, days: int) -> None:
        rates.put(work, [("USD", FIRST.date() + dt.timedelta(days=days), "0.37")])

    def place(self, work: Any, country: str) -> None:
        contacts.update(work, self.people[0], {"address1": {"country": country}})

    def merge(self, work: Any, _: None) -> None:
        if len(self.people) > 2:
            merging.merge(work, self.people[0], [self.people[2]])
            self._moved(self.people.pop(), self.people[0])

    def forget(self, work: Any, _: None) -> None:
        if len(self.people) > 1:
            privacy.erase(work, self.people[-1])
            self._moved(self.people.pop(), None)

    def _moved(self, gone: int, into: int | None) -> None:
        for row in self.model.rows.values():
            row["contact"] = into if row["contact"] == gone else row["contact"]

    def compare(self) -> None:
        """What is kept, plain SQL and the model say the same; so does a zone other than the site's."""
        self.turn += 1
        self.shop.check(BEGIN, END, self.turn)
        spans = [(BEGIN, END), (dt.date(2026, 2, 1), dt.date(2026, 2, 28)), (dt.date(2026, 2, 10), dt.date(2026, 4, 3))]
        for zone in (None, "Asia/Tokyo"):
            found = self.shop.ask(*spans, currency="USD", zone=zone)
            for span, one in zip(spans, found, strict=True):
                mine = (one.gross, one.net, one.discounts, one.fees, one.customers, one.new_customers)
                mine += (one.total_customers, one.left_out)
                assert mine == self.model.figures(span, "USD", zone or self.model.zone), (span, zone)


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, phases=[Phase.generate], database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(STEPS, min_size=8, max_size=12))
def test_what_is_kept_is_what_plain_sql_gives(shop: Shop, steps: list[tuple[str, Any]]) -> None:
    """After every step sums, customers, parts, cohorts and best customers are those of plain SQL, and of a plain model."""
    with shop.crm.work() as work, work.begin():
        mass.to_bin(work, list(work.session.scalars(work.visible(Transaction).with_only_columns(Transaction.id))))
        mass.erase(work, list(work.session.scalars(select(Transaction.id))))
        site_settings.set_many(
            work, {"site.timezone": "UTC", "transactions.included_statuses": ["Succeeded", "Completed"]}
        )
        kinds.change_type(work, kinds.find_type(work, "Sold").id, "Sold", 1)
    play = Play(shop)
    for name, what in steps:
        play.do(name, what)
        play.compare()
    assert shop.crm.faults() == []
