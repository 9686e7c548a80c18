"""A long story of an account, in order and shuffled, and every recorded shape of Stripe's records."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import select

from conftest import SHARED_DATA
from crmhost.api import Contact, CrmError, statuses
from crmhost.testing import Host
from plugins.stripe_sync.reader import told as told_by
from plugins.stripe_sync.shaping import shape
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
@pytest.mark.parametrize("answers", [True, False])
def test_the_story_ends_in_one_state(host: Callable[..., Host], answers: bool) -> None:
    """In order, and shuffled and doubled, whether the account can be asked or only its events tell: what each step says holds."""
    account = Account()
    shuffled = [*STORY, *random.Random(7).sample(STORY, len(STORY))]
    random.Random(8).shuffle(shuffled)
    with serving(account) as url:
        site, _number = connected(host, url)
        if answers:
            for one in STORY:
                account.happen(one)
        for one in STORY if not answers else shuffled:
            assert told(site, copy.deepcopy(one)) == 200, one["id"]
            if not answers:
                site.run_jobs()
        site.run_jobs()
    assert sums(site) == {"USD": 18300, "JPY": 500, "KWD": 5120, "ISK": 5}
    records = _records(site)
    found = {key: (row["status"], row["amount"], row["counts"]) for key, row in records.items() if key[0] != "session"}
    # A dispute names its charge alone: what the charge is then, only the account can say.
    expected = RECORDS if answers else {**RECORDS, ("charge", "ch_A1"): ("refunded", 2000, True)}
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
    for text in ("Dispute lost" if answers else "Refunded", "Failed", page_of_stripe, "KWD"):
        assert text in tab, text
    assert site.faults() == []


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
                "object": record.object_id, "name": row.name if row else "", "date": row.at.isoformat() if row else "",
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


@pytest.mark.shared
def test_each_recorded_shape_is_read_or_refused_in_words() -> None:
    """Records and events of many versions of Stripe's interface: what can't be taken says why, nothing else is raised."""
    seen = refused = 0
    for file in sorted([*(FOLDER / "objects").glob("*.json"), *(FOLDER / "events").glob("*.json")]):
        body = json.loads(file.read_text("utf-8"), parse_float=str)
        for record in _each(body):
            event = (
                record if record.get("object") == "event" else {"created": 1, "type": "x", "data": {"object": record}}
            )
            item = told_by(event)
            if item is None or item.gone or not item.body:
                continue
            seen += 1
            try:
                shape(item, {"tag_plans": True, "tag_prefix": "Stripe:"})
            except (CrmError, ValueError):
                refused += 1
    assert seen > 25
    assert refused < seen / 4


def _each(body: object) -> Iterator[Mapping[str, Any]]:
    """The records of a file, be it one of them or a list."""
    if isinstance(body, list):
        for row in body:
            yield from _each(row)
    elif isinstance(body, dict):
        yield body
