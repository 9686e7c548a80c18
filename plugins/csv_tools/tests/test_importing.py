"""Imports: what becomes of rows, going on, taking back."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.api import Conflict, Contact, Forbidden, Invalid, NotFound, Tag, Tagging, contacts, contacts_list, files
from crmhost.testing import Clock, Host
from plugins.csv_tools import batches, importing, proposing, storing, undoing
from plugins.csv_tools.models import Row, Run

from .conftest import Bring

Hosts = Callable[..., Host]


def people(host: Host) -> dict[str, Contact]:
    """All contacts by their e-mail, or name without one."""
    with host.work() as work:
        return {
            contact.email or contact.name: contact
            for contact in contacts_list.page(work, contacts_list.ListQuery()).rows
        }


def tags_of(host: Host, contact: Contact) -> set[str]:
    """Names of a contact's tags."""
    with host.work() as work:
        wanted = select(Tag.name).join(Tagging, Tagging.tag_id == Tag.id).where(Tagging.object_id == contact.id)
        return set(work.session.scalars(wanted))


def test_rows_become_contacts(host: Hosts, bring: Bring) -> None:
    """Cells become the fields of contacts, with where they come from."""
    made = host("csv_tools")
    done = bring(
        made,
        "Email;First Name;Last Name;Mobile;City;Country;Tags;Lifecycle Stage;Created\n"
        "zoe@example.org;Zoë;Müller;+49 30 1;Köln;Germany;vip, lead;customer;29-02-2024 23:59\n",
    )
    assert done.figures == (1, 0, 0, 0)
    contact = people(made)["zoe@example.org"]
    assert (contact.first_name, contact.last_name, contact.mobile_phone) == ("Zoë", "Müller", "+49 30 1")
    assert contact.address1 == {"city": "Köln", "country": "DE"}
    assert contact.status.name == "Customer"
    assert contact.created_at == dt.datetime(2024, 2, 29, 23, 59, tzinfo=dt.UTC)
    assert contact.source == "import"
    assert (contact.reason["text"], contact.reason["row"]) == ("Import of people.csv", 2)
    assert tags_of(made, contact) == {"vip", "lead"}


def test_bad_rows(host: Hosts, bring: Bring) -> None:
    """A bad row is refused with its reason and stops no other; an unknown status is remarked."""
    made = host("csv_tools")
    done = bring(
        made,
        "email,first_name,status\na@example.com,A,\nplain,B,\n,,\nc@example.com,C,Nonsense\nd@example.com,D,,too,many\n"
        ",,Lead\ne@example.com,E,Upsell\n",
    )
    assert done.figures == (3, 0, 0, 3)
    assert list(done.refused) == [3, 6, 7]
    assert "not an e-mail address" in done.refused[3]
    assert "cells" in done.refused[6]
    assert "at least" in done.refused[7]
    assert "There is no status “Nonsense”" in done.remarks[5]
    assert set(people(made)) == {"a@example.com", "c@example.com", "e@example.com"}


def test_failing_importer(host: Hosts, bring: Bring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that makes an importer fail harms only itself."""
    made = host("csv_tools")
    item = next(item for item in made.generation.contributions("importers") if item.kind == "contacts")

    def save(work: Any, rows: Any, match: str, mode: str) -> Any:
        if any(row.get("first_name") == "Boom" for row in rows):
            raise ZeroDivisionError("boom")
        return item.save(work, rows, match, mode)

    broken = importing.Importer(kind="contacts", label="Contacts", fields=item.fields, save=save, undo=item.undo)
    monkeypatch.setattr(importing, "importer_of", lambda work, kind: broken)
    done = bring(made, "email,first_name\na@example.com,A\nb@example.com,Boom\nc@example.com,C\n")
    assert done.figures == (2, 0, 0, 1)
    assert "ZeroDivisionError" in done.refused[3]
    assert set(people(made)) == {"a@example.com", "c@example.com"}


@pytest.mark.parametrize(
    ("mode", "figures", "first_name", "last_name"),
    [
        ("update", (1, 1, 0, 0), "New", "Kept"),
        ("skip", (1, 0, 1, 0), "Old", "Kept"),
        ("fill", (1, 0, 1, 0), "Old", "Kept"),
    ],
)
def test_modes(
    host: Hosts, bring: Bring, mode: str, figures: tuple[int, int, int, int], first_name: str, last_name: str
) -> None:
    """Those we have are updated, skipped or filled in; blank cells take nothing away."""
    made = host("csv_tools")
    made.make.contact(email="Old@example.com", first_name="Old", last_name="Kept")
    done = bring(made, "email,first_name,last_name\nold@EXAMPLE.com,New,\nnew@example.com,N,\n", mode=mode)
    assert done.figures == figures
    contact = next(found for email, found in people(made).items() if email.lower() == "old@example.com")
    assert (contact.first_name, contact.last_name) == (first_name, last_name)


def test_external_id(host: Hosts, bring: Bring) -> None:
    """Somebody can be known by an id in another system."""
    made = host("csv_tools")
    bring(made, "external id,first_name\n77,A\n78,B\n", match_by="external_id")
    done = bring(made, "external id,first_name\n77,Changed\n", match_by="external_id")
    assert done.figures == (0, 1, 0, 0)
    assert set(people(made)) == {"Changed", "B"}


def test_permission(host: Hosts, bring: Bring) -> None:
    """Whoever may not import gets nothing in, and whoever may not edit contacts neither."""
    made = host("csv_tools")
    with pytest.raises(Forbidden):
        bring(made, "email\na@example.com\n", role="Read only")
    assert bring(made, "email\na@example.com\n", role="Contacts manager").figures == (1, 0, 0, 0)


def test_unknown_columns(host: Hosts, bring: Bring) -> None:
    """A file of which no column is known is refused, with the fields that there are."""
    with pytest.raises(Invalid, match="None of the columns is known"):
        bring(host("csv_tools"), "one,two\na,b\n")


def test_going_on(host: Hosts) -> None:
    """A run that was left in the middle goes on there; no row is taken twice, and a second driver is turned away."""
    made = host("csv_tools")
    text = "email\n" + "".join(f"p{number}@example.com\n" for number in range(1000))
    source = lambda: io.BytesIO(text.encode())  # noqa: E731
    with made.work() as work:
        proposal = proposing.propose(work, "contacts", source)
        with work.begin():
            run = importing.create(work, "contacts", "p.csv", kept=False)
            proposing.settle(work, run, proposal)
            importing.start(work, run)
            run_id = run.id
        half = batches.proceed(work.begin, run, source, seconds=0)
        assert (half.state, half.position, half.added) == ("running", 1 + importing.BATCH, importing.BATCH)
    with made.work() as work:
        stale = importing.get(work, run_id)
        work.session.expunge(stale)
        done = batches.proceed(work.begin, importing.get(work, run_id), source)
        assert (done.state, done.added, done.position) == ("done", 1000, 1001)
        with pytest.raises(Conflict):
            batches.proceed(work.begin, stale, source)
        assert len(next(contacts_list.ids(work, contacts_list.ListQuery(), 5000))) == 1000
        assert work.session.query(Row).count() == 1000


def test_stopping(host: Hosts) -> None:
    """A run that was stopped takes no more rows until it is started again."""
    made = host("csv_tools")
    source = lambda: io.BytesIO(b"email\na@example.com\n")  # noqa: E731
    with made.work() as work:
        proposal = proposing.propose(work, "contacts", source)
        with work.begin():
            run = importing.create(work, "contacts", "p.csv", kept=False)
            proposing.settle(work, run, proposal)
            importing.start(work, run)
        with work.begin():
            importing.stop(work, run.id)
        with pytest.raises(Conflict):
            batches.proceed(work.begin, run, source)
        with work.begin():
            importing.start(work, importing.get(work, run.id, lock=True))
        assert batches.proceed(work.begin, importing.get(work, run.id), source).added == 1


def test_rehearsal(host: Hosts) -> None:
    """A rehearsal says what would happen and leaves nothing behind: no contact, no event, no audit line."""
    made = host("csv_tools")
    made.make.contact(email="a@example.com")
    events = made.events()
    source = lambda: io.BytesIO(b"email,first_name\na@example.com,A\nb@example.com,B\nbroken,C\n")  # noqa: E731
    with made.work() as work:
        run = Run(kind="contacts", file_name="p.csv", match_by="email", mode="update")
        proposing.describe(run, proposing.propose(work, "contacts", source))
        told = batches.rehearse(work.begin, run, source)
    assert {name: told[name] for name in ("rows", "added", "updated", "skipped", "refused")} == {
        "rows": 3,
        "added": 1,
        "updated": 1,
        "skipped": 0,
        "refused": 1,
    }
    assert [problem["row"] for problem in told["problems"]] == [4]
    assert set(people(made)) == {"a@example.com"}
    assert made.events() == events


# --- taking back -----------------------------------------------------------------------------------------------------


def take_back(host: Host, run_id: int) -> Run:
    """Undoes an import."""
    with host.work() as work:
        with work.begin():
            run = undoing.start_undo(work, run_id)
        return batches.undo(work.begin, run)


def test_undo(host: Hosts, bring: Bring) -> None:
    """Undoing takes out what was added and puts back what was changed, over several batches."""
    made = host("csv_tools")
    kept = made.make.contact(email="old@example.com", first_name="Old", tags=["before"])
    text = "email,first_name,tags\nold@example.com,New,after\n" + "".join(f"p{n}@example.com,P,x\n" for n in range(600))
    done = bring(made, text)
    assert done.figures == (600, 1, 0, 0)
    undone = take_back(made, done.run.id)
    assert (undone.state, undone.left_alone) == ("undone", 0)
    assert set(people(made)) == {"old@example.com"}
    assert made.contact(kept).first_name == "Old"
    assert tags_of(made, made.contact(kept)) == {"before"}


def test_undo_leaves_edited_ones(host: Hosts, bring: Bring) -> None:
    """What was edited since the import is listed and stays."""
    made = host("csv_tools")
    done = bring(made, "email,first_name\na@example.com,A\nb@example.com,B\n")
    edited = people(made)["a@example.com"].id
    with made.work() as work, work.begin():
        contacts.update(work, edited, {"last_name": "Edited"})
    undone = take_back(made, done.run.id)
    assert (undone.state, undone.left_alone) == ("undone", 1)
    assert set(people(made)) == {"a@example.com"}
    with made.work() as work:
        assert undoing.left_alone(work, importing.get(work, undone.id)) == [edited]


def test_undo_of_repeated_rows(host: Hosts, bring: Bring) -> None:
    """Several rows of one person are taken back together, in one batch and over two."""
    made = host("csv_tools")
    rows = [f"dup@example.com,Name {number}\n" for number in range(importing.BATCH + 5)]
    done = bring(made, "email,first_name\n" + "".join(rows))
    assert done.figures == (1, importing.BATCH + 4, 0, 0)
    undone = take_back(made, done.run.id)
    assert (undone.state, undone.left_alone) == ("undone", 0)
    assert people(made) == {}


def test_undo_has_an_end(host: Hosts, bring: Bring, clock: Clock) -> None:
    """After 30 days an import can't be undone, and what was kept for that is removed by the next import."""
    made = host("csv_tools")
    done = bring(made, "email\na@example.com\n")
    clock.freeze()
    clock.move(days=31)
    with made.work() as work:
        assert not undoing.undoable(work, importing.get(work, done.run.id))
        with work.begin(), pytest.raises(Conflict):
            undoing.start_undo(work, done.run.id)
        with work.begin():
            assert undoing.tidy(work) == 1
            assert undoing.tidy(work) == 0
        assert importing.get(work, done.run.id).state == "expired"
        assert work.session.query(Row).count() == 0


def test_erased_person(host: Hosts, bring: Bring) -> None:
    """Erasing a person removes what an import keeps of them."""
    made = host("csv_tools")
    made.make.contact(email="a@example.com", first_name="Secret")
    bring(made, "email,first_name\na@example.com,New\n")
    with made.work() as work, work.begin():
        contacts.erase(work, people(made)["a@example.com"].id)
    with made.work() as work:
        row = work.session.scalars(select(Row)).one()
        assert (row.object_id, row.before) == (None, None)


def test_stored_file(host: Hosts) -> None:
    """A file is kept in the host's storage and read back as often as needed; it goes with its run."""
    made = host("csv_tools")
    data = bytes(range(256)) * 5000
    with made.work("Contacts manager") as work:
        staged = storing.take(work, io.BytesIO(data), "p.csv")
        with work.begin():
            run = importing.create(work, "contacts", "p.csv")
            storing.keep(work, run, staged)
            run_id = run.id
        source = storing.stored(work, run_id)
        with source() as file:
            assert file.read(10) == data[:10]
        with source() as file:
            assert file.read() == data
        run = importing.get(work, run_id)
        assert storing.digest(source) == (run.digest, run.size) == (hashlib.sha256(data).hexdigest(), len(data))
        file_id = run.file_id
    with made.work("Read only") as work, pytest.raises(NotFound):
        files.get(work, file_id)
    with made.work("Contacts manager") as work:
        with work.begin():
            importing.discard(work, run_id)
        with pytest.raises(Invalid, match="no longer here"):
            storing.stored(work, run_id)
    made.run_jobs()
    assert list(made.site.storage.list()) == []
