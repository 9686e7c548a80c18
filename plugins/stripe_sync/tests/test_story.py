"""A long story of an account, in order and shuffled."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select

from conftest import SHARED_DATA
from crmhost.api import Contact, JournalEntry, statuses
from crmhost.testing import Host
from plugins.syncs.api import Record
from plugins.syncs.models import Aside
from plugins.transactions import api as transactions
from tests.peers.stripe_account import Account
from tests.peers.woo import serving

from .test_account import connected, sums, told

FOLDER = SHARED_DATA / "stripe"
STORY = [json.loads(file.read_text("utf-8")) for file in sorted((FOLDER / "composed").glob("[0-9]*.json"))]
#: Kind and id of a record -> its status, amount and whether it counts, after the whole story.
RECORDS = {
    ("charge", "ch_A1"): ("lost", 2000, True),
    ("charge", "ch_F1"): ("failed", 2000, False),
    ("charge", "ch_P1"): ("pending", 2000, False),
    ("charge", "ch_U1"): ("succeeded", 1500, True),
    ("charge", "ch_J1"): ("succeeded", 500, True),
    ("charge", "ch_K1"): ("succeeded", 5120, True),
    ("charge", "ch_I1"): ("succeeded", 5, True),
    ("charge", "ch_G1"): ("succeeded", 2000, True),
    ("charge", "ch_G2"): ("succeeded", 2000, True),
    ("charge", "ch_G3"): ("succeeded", 2000, True),
    ("charge", "ch_X1"): ("succeeded", 2000, True),
    ("charge", "ch_INV1"): ("succeeded", 2400, True),
    ("charge", "ch_S1"): ("succeeded", 2000, True),
    ("charge", "ch_H1"): ("succeeded", 2000, True),
    ("charge", "ch_BASIL1"): ("succeeded", 2400, True),
    ("invoice", "in_A1"): ("paid", 2400, True),
    ("invoice", "in_BASIL1"): ("paid", 2400, True),
    ("invoice", "in_F1"): ("void", 2400, False),
    ("invoice", "in_Z1"): ("paid", 0, False),
    ("subscription", "sub_A1"): ("canceled", 2000, False),
    ("subscription", "sub_BASIL1"): ("active", 2000, False),
}


@pytest.mark.shared
@pytest.mark.database("sqlite")
@pytest.mark.parametrize("way", ["in order", "shuffled", "told alone"])
def test_the_story_ends_in_one_state(host: Callable[..., Host], way: str) -> None:
    """In order, shuffled and doubled, and where the account can't be asked for what events tell: what each step says holds."""
    account = Account()
    shuffled = [*STORY, *random.Random(7).sample(STORY, len(STORY))]
    random.Random(8).shuffle(shuffled)
    with serving(account) as url:
        site, _number = connected(host, url)
        if way == "shuffled":
            for one in STORY:
                account.happen(one)
        for step, one in enumerate(shuffled if way == "shuffled" else STORY, 1):
            if way == "in order":
                account.happen(one)
                account.now = one.get("created", account.now)
            assert told(site, copy.deepcopy(one)) == 200, one["id"]
            if way == "in order":
                site.run_jobs()
                if step in STEPS:
                    assert STEPS[step](site), (step, _charge(site), _addresses(site))
        site.run_jobs()
    check(site, asked=way != "told alone")


def _charge(site: Host) -> tuple[str, str, int, int]:
    """Name, status and worth of the first charge, and what all is worth."""
    first = _records(site)["charge", "ch_A1"]
    return first["name"], first["status"], first["worth"], sums(site).get("USD", 0)


def _addresses(site: Host) -> list[str | None]:
    """The address of each contact."""
    with site.work() as work:
        return list(work.session.scalars(select(Contact.email).order_by(Contact.id)))


def _subscription(site: Host) -> tuple[str, bool]:
    """The state of the subscription, and whether it stands with who pays."""
    records = _records(site)
    mine = records["subscription", "sub_A1"]
    return mine["status"], mine["contact"] == records["charge", "ch_A1"]["contact"]


#: Step -> whether what it says holds right after it, of those whose effect the end does not show.
STEPS: Mapping[int, Callable[[Host], bool]] = {
    1: lambda site: _addresses(site) == ["buyer.one@example.com"],
    2: lambda site: _addresses(site) == ["buyer.one@example.com"],
    3: lambda site: _charge(site) == ("Order 1", "succeeded", 2000, 2000),
    4: lambda site: _charge(site) == ("Order 1", "succeeded", 2000, 2000),
    5: lambda site: _charge(site) == ("Order 1b", "succeeded", 2000, 2000),
    6: lambda site: _charge(site)[1:] == ("partially_refunded", 1500, 1500),
    7: lambda site: _charge(site)[1:] == ("refunded", 0, 0),
    8: lambda site: _charge(site)[1:] == ("refunded", 0, 0),
    11: lambda site: sums(site) == {},
    12: lambda site: sums(site) == {"USD": 1500},
    19: lambda site: "late@example.com" not in _addresses(site),
    20: lambda site: _addresses(site)[-1] == "late@example.com",
    21: lambda site: _addresses(site)[0] == "buyer.new@example.com" and "buyer.one@example.com" not in _addresses(site),
    22: lambda site: _addresses(site)[-1] == "late@example.com",
    23: lambda site: _records(site)["customer", "cus_A1"]["gone"] and _addresses(site)[0] == "buyer.new@example.com",
    31: lambda site: _records(site)["invoice", "in_Z1"]["amount"] == 0,
    32: lambda site: _subscription(site) == ("active", True),
    33: lambda site: _subscription(site) == ("past_due", True),
    34: lambda site: _subscription(site) == ("canceled", True),
    35: lambda site: _charge(site)[1:3] == ("disputed", 0) and _told_of_disputes(site) == ["stripe_sync.disputed"],
    36: lambda site: (
        _charge(site)[1:3] == ("lost", 0) and _told_of_disputes(site) == ["stripe_sync.disputed", "stripe_sync.decided"]
    ),
}


def check(site: Host, *, asked: bool = True) -> None:
    """Asserts what holds after the whole story.

    :param asked: the account could be asked for what events tell of.
    """
    assert sums(site) == {"USD": 18300, "JPY": 500, "KWD": 5120, "ISK": 5}
    records = _records(site)
    found = {key: (row["status"], row["amount"], row["counts"]) for key, row in records.items() if key[0] != "session"}
    # A dispute names its charge alone: what the charge is then, only the account can say.
    expected = RECORDS if asked else {**RECORDS, ("charge", "ch_A1"): ("refunded", 2000, True)}
    assert {key: row for key, row in found.items() if key[0] not in ("person", "refund", "customer")} == expected
    assert {key[1]: row["worth"] for key, row in records.items() if key[0] == "charge" and row["refunded"]} == {
        "ch_A1": 0
    }

    # One sale each for an invoice and its charge, in the old shape and the new one, with the tax that only the invoice tells.
    for invoice, charge, tax in (("in_A1", "ch_INV1", None), ("in_BASIL1", "ch_BASIL1", 400)):
        there = records["invoice", invoice]
        assert there["object"] == records["charge", charge]["object"]
        assert tax is None or there["tax"] == tax
    first = records["charge", "ch_A1"]
    assert (first["name"][:7], first["date"]) == ("Order 1", "2026-01-01T01:00:00+00:00")

    people = _people(site)
    assert people["guest@example.org"] == (*people["guest@example.org"][:2], "Customer")
    assert records["charge", "ch_G1"]["contact"] == records["charge", "ch_G2"]["contact"]
    assert records["charge", "ch_G3"]["contact"] is None
    assert records["charge", "ch_X1"]["contact"] is not None
    assert (
        records["charge", "ch_A1"]["contact"]
        == records["invoice", "in_A1"]["contact"]
        != records["charge", "ch_G1"]["contact"]
    )
    assert ("Buyer", "One", "Customer") in people.values()
    assert people["uni@example.com"][2] != "Customer"
    assert "checkout@example.com" in people
    assert not any("None" in " ".join((email, *row)) for email, row in people.items())
    with site.work() as work:
        strange = work.session.scalars(select(Contact.id).where(Contact.email == "uni@example.com")).one()
        assert sorted(work.session.scalars(select(Aside.external_id))) == ["ch_M1"]
    page = site.client().get(f"/contacts/{strange}").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    tab = site.client().get(f"/contacts/{records['charge', 'ch_A1']['contact']}?tab=stripe_sync").text
    page_of_stripe = "https://dashboard.stripe.com/test/subscriptions/sub_A1"
    # Of two charges, each once, however often and in which order they were told.
    once = ["stripe_sync.decided", "stripe_sync.disputed"]
    assert sorted(_told_of_disputes(site)) == sorted(2 * once if asked else [])
    for text in ("Dispute lost" if asked else "Refunded", "Failed", page_of_stripe, "KWD"):
        assert text in tab, text
    assert site.faults() == []


def _told_of_disputes(site: Host) -> list[str]:
    """What the journal of the contact says of disputes, the first first."""
    contact = _records(site)["charge", "ch_A1"]["contact"]
    with site.work() as work:
        mine = (JournalEntry.contact_id == contact, JournalEntry.type.startswith("stripe_sync."))
        return list(work.session.scalars(select(JournalEntry.type).where(*mine).order_by(JournalEntry.id)))


def _records(site: Host) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """All records, with what they became."""
    with site.work() as work:
        rule = transactions.rule(work)
        rows = {row.id: row for row in work.session.scalars(select(transactions.Transaction))}
        records = list(work.session.scalars(select(Record)))
        back: dict[str, int] = {}
        for record in records:
            if record.parent and not record.gone and record.object_id:
                back[record.parent] = back.get(record.parent, 0) + rule.worth(rows[record.object_id])
        found = {}
        for record in records:
            row = rows.get(record.object_id or 0)
            found[record.kind, record.external_id] = {
                "status": record.status, "amount": record.amount, "counts": record.counts, "contact": record.contact_id,
                "object": record.object_id, "gone": record.gone,
                "name": row.name if row else "", "date": row.at.isoformat() if row else "",
                "tax": row.tax if row else 0, "refunded": record.external_id in back,
                "worth": (rule.worth(row) if row else 0) + back.get(record.external_id, 0),
            }  # fmt: skip
        return found


def _people(site: Host) -> Mapping[str, tuple[str, str, str]]:
    """E-mail -> first and last name and status; nobody is there twice."""
    with site.work() as work:
        names = {row.id: row.name for row in statuses.all_statuses(work)}
        rows = list(work.session.scalars(select(Contact)))
        assert len({(row.email or "").casefold() or row.id for row in rows}) == len(rows)
        return {
            (row.email or str(row.id)).casefold(): (row.first_name, row.last_name, names[row.status_id]) for row in rows
        }
