"""Whatever happens in a shop, however webhooks arrive and wherever the CRM is cut off: after catching up, it equals the shop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import event

from crmhost.api import RetryLater, Work, contacts
from crmhost.testing import Host
from plugins.syncs import billing, invoicing, jobs, mapping, receiving, reconciling, running
from plugins.syncs.api import connections
from plugins.transactions import api as transactions
from plugins.woo_sync import reader
from tests.peers import woo
from tests.peers.woo import Shop

from . import equality
from .test_shop import connect, post

MakeHost = Callable[..., Host]
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "failed")
TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored", "customer.created", "customer.updated")
_some = st.integers(0, 99)
_cents = st.integers(1, 99_999)


class Cut(BaseException):
    """The process is gone."""


class Teller:
    """Who is told how far a reading is."""

    def __init__(self, work: Work, key: str) -> None:
        self.work, self.key = work, key

    def check(self) -> None:
        """Nobody stops it."""

    def progress(self, *_told: object) -> None:
        """Nobody listens."""

    def some_at_a_time(self, take: Callable[[Work], int]) -> None:
        """Has it done once."""
        with self.work.begin():
            take(self.work)


class Machine(RuleBasedStateMachine):
    """A shop, the network, the CRM and its staff. What staff typed stands in ``typed``."""

    site: ClassVar[Host]
    shop: ClassVar[Shop]
    url: ClassVar[str]
    deliver: ClassVar[Callable[[dict[str, str], bytes], int]]
    stories: ClassVar[int] = 0

    @initialize(billed=st.booleans())
    def begin(self, billed: bool) -> None:
        """A new shop, connected; some have invoices made of their orders."""
        type(self).stories += 1
        self.shop.__init__()  # type: ignore[misc]  # the server knows this one
        self.shop.clock = self.site.clock().astimezone(dt.UTC).replace(tzinfo=None)
        self.name = f"shop-{self.stories}"
        self.number = connect(self.site, f"{self.url}/{self.name}", self.name)
        self.billed = billed
        with self.site.work() as work, work.begin():
            mapping.save(work, self.number, {}, {billing.ON: billed})
        self.runs = 0
        self.weather = "fine"
        self.late: list[tuple[dict[str, str], bytes]] = []
        self.typed: dict[tuple[str, int], dict[str, Any]] = {}
        self.furthest: dict[int, int] = {}
        #: All orders that ever were, as they were last.
        self.made: list[dict[str, Any]] = []
        self.client = post(self.site, self.name)
        self.shop.deliver = self.carry
        for topic in TOPICS:
            self.shop.add_webhook(self.name, topic)
        self.shop.product("Mug", "Kitchen")

    def teardown(self) -> None:
        """Reads the shop a last time; then the next one has the CRM to itself."""
        if not hasattr(self, "number"):
            return
        self.settle()
        assert {method for method, _url in self.shop.asked} <= {"GET"}
        with self.site.work() as work, work.begin():
            connections.remove(work, self.number)

    # --- the network --------------------------------------------------------------------------------------------------

    def carry(self, headers: dict[str, str], body: bytes) -> int:
        """Delivers a webhook as the weather is."""
        self.pass_time(1)
        if self.weather == "down":
            return 503
        if self.weather == "late":
            self.late.append((headers, body))
        if self.weather in ("late", "lost"):
            return 200
        for _time in range(2 if self.weather == "twice" else 1):
            status = self.client(headers, body)
        return status

    @rule(weather=st.sampled_from(("fine", "twice", "late", "late", "lost", "down")))
    def turn(self, weather: str) -> None:
        """The weather changes."""
        self.weather = weather

    @precondition(lambda self: self.late)
    @rule(chance=st.randoms(use_true_random=False))
    def arrive(self, chance: Random) -> None:
        """What was late arrives, in any order."""
        chance.shuffle(self.late)
        for headers, body in self.late:
            assert self.client(headers, body) == 200
        self.late.clear()

    def pass_time(self, seconds: int) -> None:
        """Time passes, in the shop as here."""
        self.shop.tick(seconds)
        self.site.clock.freeze(max(self.site.clock(), self.shop.now))

    # --- the shop -----------------------------------------------------------------------------------------------------

    @rule(who=st.integers(-3, 3), cents=_cents, status=st.sampled_from(STATUSES), coupon=st.booleans())
    def order(self, who: int, cents: int, status: str, coupon: bool) -> None:
        """Somebody orders: a guest, somebody with an account, or nobody who says who they are."""
        accounts = sorted(self.shop.customers)
        more: dict[str, Any] = {"coupon_lines": [{"code": "SPRING"}]} if coupon else {}
        email = f"Guest{who}.{self.stories}@Example.com" if who else ""
        if who == -3 and accounts:
            # Who has an account, but did not sign in.
            email = self.shop.customers[accounts[cents % len(accounts)]]["email"]
        if who > 0 and accounts:
            account = self.shop.customers[accounts[who % len(accounts)]]
            email, more["customer_id"] = account["email"], account["id"]
            more["billing"] = {**account["billing"], "email": email}
        number = self.shop.order(f"{cents // 100}.{cents % 100:02}", status, email, **more)
        self.made.append(self.shop.orders[number])

    def some(self, place: int, *statuses: str) -> int | None:
        """One of the orders with one of these statuses."""
        numbers = [number for number, row in sorted(self.shop.orders.items()) if row["status"] in statuses]
        return numbers[place % len(numbers)] if numbers else None

    @rule(place=_some, status=st.sampled_from(STATUSES))
    def move(self, place: int, status: str) -> None:
        """An order is paid, cancelled, put on hold …"""
        number = self.some(place, *STATUSES)
        if number is not None and not self.shop.orders[number]["refunds"]:
            self.shop.change(number, status=status)

    @rule(place=_some, cents=_cents)
    def edit(self, place: int, cents: int) -> None:
        """Somebody changes an order in the shop."""
        number = self.some(place, *STATUSES)
        if number is not None and not self.shop.orders[number]["refunds"]:
            total = f"{cents // 100}.{cents % 100:02}"
            self.shop.change(number, total=total, customer_note=f"For {total}")

    @rule(place=_some, whole=st.booleans())
    def refund(self, place: int, whole: bool) -> None:
        """Money goes back."""
        number = self.some(place, "processing", "completed")
        if number is None:
            return
        left = equality.left(self.shop.orders[number])
        back = left if whole else left // 3
        if back:
            self.shop.refund(number, f"{back // 100}.{back % 100:02}")
            if whole:
                self.shop.change(number, status="refunded")

    @rule(place=_some)
    def unrefund(self, place: int) -> None:
        """A refund is deleted."""
        number = self.some(place, "processing", "completed", "refunded")
        if number is not None and (refunds := self.shop.orders[number]["refunds"]):
            self.shop.unrefund(number, refunds[place % len(refunds)]["id"])

    @rule(place=_some)
    def trash(self, place: int) -> None:
        """An order is thrown away."""
        number = self.some(place, *STATUSES, "refunded")
        if number is not None:
            self.shop.trash(number)

    @rule(place=_some)
    def restore(self, place: int) -> None:
        """An order comes back."""
        number = self.some(place, "trash")
        if number is not None:
            self.shop.restore(number)

    @rule(place=_some)
    def delete(self, place: int) -> None:
        """An order goes for good."""
        number = self.some(place, *STATUSES, "trash")
        if number is not None:
            self.shop.delete(number)

    @rule(name=st.sampled_from(("Ida", "Grace", "Łucja")), place=_some, guest=st.booleans())
    def register(self, name: str, place: int, guest: bool) -> None:
        """Somebody makes an account, maybe after having bought as a guest by another name."""
        email = f"member{len(self.shop.customers)}.{self.stories}@example.com"
        mails = {row["billing"]["email"] for row in self.made} - {row["email"] for row in self.shop.customers.values()}
        if guest and (known := sorted(mails - {""})):
            email = known[place % len(known)]
        self.shop.register(email, first_name=name, billing={"email": email, "first_name": name, "city": "Rome"})

    @rule(place=_some, name=st.sampled_from(("Edith", "Jean", "Joan")), city=st.sampled_from(("Oslo", "Lyon")))
    def change_account(self, place: int, name: str, city: str) -> None:
        """Somebody with an account moves, or marries."""
        numbers = sorted(self.shop.customers)
        if numbers:
            number = numbers[place % len(numbers)]
            billing = {**self.shop.customers[number]["billing"], "first_name": name, "city": city}
            self.shop.edit_customer(number, first_name=name, billing=billing)

    # --- the staff here -----------------------------------------------------------------------------------------------

    @rule(place=_some, name=st.sampled_from(("Countess", "Admiral")), status=st.sampled_from(("", "Upsell", "Lead")))
    def type_contact(self, place: int, name: str, status: str) -> None:
        """Somebody renames a contact, and may say what they are."""
        with self.site.work() as work:
            known = sorted(equality.people(work, self.number))
            if not known:
                return
            number = known[place % len(known)]
            with work.begin():
                given = {"first_name": name} | ({"status": status} if status else {})
                contacts.update(work, number, given)
            self.furthest[number] = equality.position(work, number)
        self.typed.setdefault(("contact", number), {}).update(given)

    @rule(place=_some, name=st.sampled_from(("The good mug", "A gift")))
    def type_sale(self, place: int, name: str) -> None:
        """Somebody renames a sale."""
        with self.site.work() as work:
            known = sorted(equality.sales(work, self.number).values())
            if known:
                number = known[place % len(known)]
                with work.begin():
                    transactions.change(work, number, {"name": name})
                self.typed.setdefault(("transaction", number), {}).update(name=name)

    @rule()
    def switch_on(self) -> None:
        """Somebody sees that the shop switched webhooks off, as the daily look says, and switches them on."""
        off = [hook for hook in self.shop.webhooks if hook["status"] != "active"]
        with self.site.work() as work:
            jobs.watch(Teller(work, "watch"))  # type: ignore[arg-type]  # as much of a job as this one needs
            assert bool(connections.get(work, self.number).hooks_problem) == bool(off)
        for hook in off:
            hook.update(status="active", failures=0)

    # --- the CRM ------------------------------------------------------------------------------------------------------

    @rule()
    def deal(self) -> None:
        """What webhooks told is dealt with."""
        with self.working() as teller:
            receiving.proceed(teller, self.number)

    @rule(full=st.booleans())
    def catch_up(self, full: bool) -> None:
        """The shop is read: but for what was deleted unheard, the CRM is as it is."""
        self.read(full)
        self.compare(unheard=True)

    @rule()
    def settle(self) -> None:
        """The shop is read, compared, and what differs is fetched: the CRM is as it is."""
        self.read(full=False)
        with self.working() as teller:
            reconciling.compare(teller, self.number)
            differing = reconciling.differences_of(teller.work, connections.get(teller.work, self.number))
            reconciling.repair(teller, self.number, [row.id for row in differing])
        with self.working() as teller:
            invoicing.proceed(teller, self.number)  # type: ignore[arg-type]  # as much of a job as it needs
        self.compare(unheard=False)
        with self.working() as teller:
            assert reconciling.compare(teller, self.number) == 0
            equality.check_invoices(teller.work, self.number, self.shop, billed=self.billed)

    @rule(statement=st.integers(1, 400), what=st.sampled_from((running.run, receiving.proceed, invoicing.proceed)))
    def cut(self, statement: int, what: Callable[..., Any]) -> None:
        """The process ends at some statement; another one goes on minutes later."""
        with self.working(statement) as teller:
            what(teller, self.number)
        self.pass_time(180)

    @rule(status=st.sampled_from((429, 503)), after=st.integers(0, 3))
    def busy(self, status: int, after: int) -> None:
        """The shop is busy while it is read."""
        asked, plain = 0, self.shop.answer

        def answer(*given: Any) -> tuple[int, dict[str, str], bytes]:
            nonlocal asked
            asked += 1
            return plain(*given) if asked <= after else (status, {"Retry-After": "7"}, b"{}")

        self.shop.answer = answer  # type: ignore[method-assign]
        try:
            with self.working() as teller, suppress(RetryLater):
                running.run(teller, self.number)
        finally:
            self.shop.answer = plain  # type: ignore[method-assign]

    @rule(place=_some, after=st.integers(1, 9))
    def delete_meanwhile(self, place: int, after: int) -> None:
        """An order is deleted while the whole shop is read: what came after it moves to an earlier page."""
        asked, plain = 0, self.shop.answer

        def answer(*given: Any) -> tuple[int, dict[str, str], bytes]:
            nonlocal asked
            asked += 1
            if asked == after:
                self.delete(place)
            return plain(*given)

        self.shop.answer = answer  # type: ignore[method-assign]
        try:
            self.read(full=True)
        finally:
            self.shop.answer = plain  # type: ignore[method-assign]
        self.compare(unheard=True)

    def read(self, full: bool) -> None:
        """Reads the shop; what is still on its way arrives afterwards, and changes nothing that is newer."""
        self.pass_time(1)
        with self.working() as teller:
            if "run" in connections.get(teller.work, self.number).cursors:
                # That one goes on where it was, past what changed since.
                running.run(teller, self.number)
            running.run(teller, self.number, full=full)
            receiving.proceed(teller, self.number)

    @contextmanager
    def working(self, ends_at: int = 0) -> Iterator[Teller]:
        """Work of a process of its own, which may be cut off at one of its statements."""
        self.runs += 1
        engine, seen = self.site.site.engine, 0

        def note(*_given: object) -> None:
            nonlocal seen
            seen += 1
            if ends_at and seen >= ends_at:
                raise Cut

        with self.site.work() as work:
            event.listen(engine, "before_cursor_execute", note)
            try:
                yield Teller(work, f"run {self.runs}")
            except Cut:
                pass
            finally:
                event.remove(engine, "before_cursor_execute", note)

    def compare(self, *, unheard: bool) -> None:
        """Whether the CRM equals the shop, staff's words stand, and nobody moved back."""
        with self.site.work() as work:
            equality.check(work, self.number, self.shop, self.made, self.typed, unheard=unheard)
            for number in equality.people(work, self.number):
                position = equality.position(work, number)
                assert position >= self.furthest.get(number, 0)
                self.furthest[number] = position


@pytest.mark.database("sqlite")
def test_random_shops(host: MakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Webhooks late, lost, twice or refused, a process cut off, staff that types: the CRM ends as the shop is."""
    # So that a few orders make several pages.
    monkeypatch.setattr(reader, "PAGE", 3)
    shop = Shop()
    with woo.serving(shop) as url:
        site = host("woo_sync", "invoices", allow_private_hosts=(url.removeprefix("http://"),))
        site.clock.freeze()
        about = {"site": site, "shop": shop, "url": url, "stories": 0}
        run_state_machine_as_test(
            type("Story", (Machine,), about),
            settings=settings(
                max_examples=8, stateful_step_count=30, derandomize=True, database=None, deadline=None,
                suppress_health_check=list(HealthCheck), phases=[Phase.generate], report_multiple_bugs=False,
            ),
        )  # fmt: skip
