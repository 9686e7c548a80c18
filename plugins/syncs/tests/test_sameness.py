"""Records of one batch that are one sale."""

from __future__ import annotations

import datetime as dt

from crmhost.api import Money
from plugins.syncs.models import Connection, Record, fresh
from plugins.syncs.sameness import apart
from plugins.syncs.shapes import Incoming, Sale


def told(name: str, *same: str) -> tuple[Incoming, Sale, Record]:
    """A record that says what its sale is called elsewhere."""
    at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    sale = Sale(ref=name, name=name, status="paid", at=at, paid=True, amounts={"total": Money(2_400, "EUR")}, same=same)
    return Incoming(kind="charge", external_id=name, version=1, body={}), sale, fresh(Connection(id=1), "charge", name)


def test_the_first_of_a_sale_goes_first() -> None:
    """What shares a name with one before it waits, also by way of another; what has no name never does."""
    first, second = told("in_1", "stripe:in_1", "stripe:ch_1"), told("ch_1", "stripe:ch_1", "stripe:pi_1")
    third, plain, other = told("cs_1", "stripe:pi_1"), told("ch_2"), told("ch_3")
    now, later = apart([first, second, plain, third, other])
    assert (now, later) == ([first, plain, other], [second, third])
    assert apart(later) == ([second], [third])
    assert apart([plain, other]) == ([plain, other], [])
