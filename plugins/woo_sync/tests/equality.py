"""Whether the CRM has what a shop has, computed from the shop's own rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from crmhost.api import Contact, Work, contacts, statuses
from plugins.invoices.models import Invoice
from plugins.syncs.api import Record
from plugins.syncs.models import Aside, Received
from plugins.transactions import api as transactions
from plugins.woo_sync.models import CouponUse
from tests.peers.woo import Shop

#: Statuses of orders that make somebody a customer.
BUYS = ("processing", "completed")


def cents(text: str) -> int:
    """An amount of the shop in cents."""
    whole, _point, part = text.lstrip("-").partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0")[:2])


def left(row: Mapping[str, Any]) -> int:
    """What of an order did not go back."""
    return cents(row["total"]) - sum(cents(part["total"]) for part in row["refunds"])


def counts(row: Mapping[str, Any]) -> bool:
    """Whether an order is income: paid, by what it is called or because it went on after it was paid."""
    if row["status"] == "trash":
        return False
    again = row["date_paid_gmt"] and row["date_modified_gmt"] > row["date_paid_gmt"]
    return bool(row["status"] in BUYS or row["refunds"] or again)


def people(work: Work, connection: int) -> set[int]:
    """The contacts that came with the records of a connection."""
    mine = select(Record.contact_id).where(Record.connection_id == connection, Record.contact_id.is_not(None))
    return {number for number in work.session.scalars(mine.distinct()) if number}


def position(work: Work, contact_id: int) -> int:
    """How far down the funnel a contact is."""
    order = [status.id for status in statuses.all_statuses(work)]
    return order.index(contacts.get(work, contact_id).status_id)


def sales(work: Work, connection: int, kind: str = "order") -> dict[str, int]:
    """Number in the shop -> transaction."""
    mine = (Record.connection_id == connection, Record.kind == kind, Record.object_type == "transaction")
    rows = work.session.execute(select(Record.external_id, Record.object_id).where(*mine))
    return {name: int(number or 0) for name, number in rows}


def check(
    work: Work,
    connection: int,
    shop: Shop,
    made: Sequence[Mapping[str, Any]],
    typed: Mapping[tuple[str, int], Mapping[str, Any]],
    *,
    unheard: bool,
) -> None:
    """Asserts that the CRM has what the shop has.

    :param made: all orders that ever were, as they were last.
    :param typed: (kind, id) -> what staff typed there: it stands.
    :param unheard: what was deleted may still count: the shop tells that by webhooks alone.
    """
    waiting = select(Received).where(Received.connection_id == connection, Received.done_at.is_(None))
    assert not work.session.scalars(waiting).all()
    assert not work.session.scalars(select(Aside.reason).where(Aside.connection_id == connection)).all()
    mine, refunds = sales(work, connection), sales(work, connection, "refund")
    numbers = [*mine.values(), *refunds.values()]
    assert len(set(numbers)) == len(numbers), "one transaction each"
    rows = transactions.by_ids(work, numbers)
    rule = transactions.rule(work)
    alive = {str(number): row for number, row in shop.orders.items() if row["status"] != "trash"}
    assert alive.keys() <= mine.keys()
    for name, row in alive.items():
        _order(rule, row, rows[mine[name]], typed)
        there = {str(part["id"]): -cents(part["total"]) for part in row["refunds"]}
        parent = select(Record.external_id).where(
            Record.connection_id == connection, Record.kind == "refund", Record.parent == name
        )
        known = {part: rule.worth(rows[refunds[part]]) for part in work.session.scalars(parent)}
        assert {part: worth for part, worth in known.items() if worth} == (there if counts(row) else {})
    gone = [rows[number] for name, number in mine.items() if name not in alive]
    if not unheard:
        assert not any(rule.counts(row) for row in gone)
        _values(work, connection, shop, rows)
        _coupons(work, connection, alive)
    _people(work, connection, shop, made, typed)


def _order(rule: Any, row: Mapping[str, Any], ours: Any, typed: Mapping[tuple[str, int], Mapping[str, Any]]) -> None:
    assert (ours.total, ours.currency) == (cents(row["total"]), row["currency"])
    assert rule.counts(ours) == counts(row), row
    assert ours.description == row.get("customer_note", "")
    assert ours.name == typed.get(("transaction", ours.id), {}).get("name", "Mug")
    assert ours.ref == f"WC-{row['number']}" or ours.ref.startswith(f"WC-{row['number']}-")


def _values(work: Work, connection: int, shop: Shop, rows: Mapping[int, Any]) -> None:
    """What people are worth is what their orders come to; who got all of it back, nothing."""
    for number in people(work, connection):
        mails = {row.email.casefold() for row in contacts.emails_of(work, [number]).get(number, ())}
        theirs = [row for row in shop.orders.values() if row["billing"]["email"].casefold() in mails and mails]
        if not mails:
            continue
        worth = sum(left(row) for row in theirs if counts(row))
        values = transactions.values_of(work, "contact", [number]).get(number, [])
        assert sum(value.total for value in values) == worth


def _coupons(work: Work, connection: int, alive: Mapping[str, Mapping[str, Any]]) -> None:
    mine = select(Record.external_id).join(CouponUse, CouponUse.record_id == Record.id)
    used = set(work.session.scalars(mine.where(Record.connection_id == connection)))
    assert used == {name for name, row in alive.items() if row["coupon_lines"] and counts(row)}


def _said(shop: Shop, made: Sequence[Mapping[str, Any]], account: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Name and city as they were said last, in an account or with one of its owner's orders, as a guest too.

    What was said later with an order that is gone may stand or not: it may have gone unheard.
    """
    said = {(account["date_modified_gmt"], True): (account["first_name"], account["billing"]["city"])}
    gone = {}
    for row in made:
        bill = row["billing"]
        if bill["email"].casefold() == account["email"].casefold():
            when = max(row["date_created_gmt"], row["date_paid_gmt"] or ""), bool(row["customer_id"])
            there = row["id"] in shop.orders and row["status"] != "trash"
            (said if there else gone)[when] = (bill["first_name"], bill["city"])
    last = max(said)
    return {said[last], *(words for when, words in gone.items() if when > last)}


def _people(
    work: Work,
    connection: int,
    shop: Shop,
    made: Sequence[Mapping[str, Any]],
    typed: Mapping[tuple[str, int], Mapping[str, Any]],
) -> None:
    mine = (Record.connection_id == connection, Record.kind == "customer")
    rows = work.session.execute(select(Record.external_id, Record.object_id).where(*mine))
    known = {name: int(number or 0) for name, number in rows}
    assert known.keys() == {str(number) for number in shop.customers}
    for number, row in shop.customers.items():
        person: Contact = contacts.get(work, known[str(number)])
        assert person.email.casefold() == row["email"].casefold()
        words = _said(shop, made, row)
        name = typed.get(("contact", person.id), {}).get("first_name")
        assert person.first_name == name if name else (person.first_name, person.address1["city"]) in words
        assert person.address1["city"] in {city for _name, city in words}
    customer = [status.name for status in statuses.all_statuses(work)].index("Customer")
    records = select(Record.external_id, Record.contact_id).where(
        Record.connection_id == connection, Record.kind == "order"
    )
    for name, contact in work.session.execute(records):
        row = shop.orders.get(int(name))
        if (
            row is not None
            and row["status"] in BUYS
            and contact
            and "status" not in typed.get(("contact", contact), {})
        ):
            assert position(work, contact) >= customer


def check_invoices(work: Work, connection: int, shop: Shop, *, billed: bool) -> None:
    """Asserts that each order that counts and has a buyer has one invoice, paid, and no other one has any that stands."""
    numbers: set[str] = set()
    there = transactions.by_ids(work, list(sales(work, connection).values()))
    for name, number in sales(work, connection).items():
        row = shop.orders.get(int(name))
        origins = Invoice.origin == f"sale:{number}", Invoice.origin.startswith(f"sale:{number}:")
        stand = [one for one in work.session.scalars(select(Invoice).where(or_(*origins))) if one.state != "void"]
        asked = billed and row is not None and counts(row) and there[number].contact_id is not None
        assert len(stand) == asked
        for one in stand:
            assert row is not None
            assert (one.total, one.due, one.state) == (cents(row["total"]), 0, "paid")
            assert one.credited == cents(row["total"]) - left(row)
            assert one.number not in numbers
            numbers.add(one.number or "")
