"""Statuses: the list, the history of every change, and the counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.core.contacts import bulk
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.core.journal import services as journal
from crmhost.core.settings import services as settings
from crmhost.core.statuses import counts as status_counts
from crmhost.core.statuses import services as statuses
from crmhost.core.statuses.models import Status, StatusChange, StatusCount
from crmhost.errors import Invalid, NotFound, Vetoed
from crmhost.hooks import hookimpl
from crmhost.host.hookcall import HookCaller
from crmhost.testing import Host
from crmhost.work.unit import Work

FIRST = ["Lead", "Contacted", "Customer", "Upsell", "Blacklisted", "Refused"]


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def names(work: Work) -> list[str]:
    return [status.name for status in statuses.all_statuses(work)]


def numbers(work: Work) -> dict[str, int]:
    by_id = {status.id: status.name for status in statuses.all_statuses(work)}
    return {by_id[key]: number for key, number in statuses.counts(work).items() if number}


def recounted(work: Work) -> dict[str, int]:
    found: dict[str, int] = {}
    for contact in work.session.query(Contact).filter(Contact.deleted_at.is_(None)):
        name = work.session.get_one(Status, contact.status_id).name
        found[name] = found.get(name, 0) + 1
    return found


def test_a_new_site_has_the_usual_statuses(site: Host) -> None:
    """In their order, and asking twice adds none."""
    with site.work("Admin") as work:
        with work.begin():
            statuses.first_start(work)
        assert names(work) == FIRST
        assert statuses.default(work).name == "Lead"


@pytest.mark.parametrize("name", ["customer", " CUSTOMER ", "Cüstomer", "Customer"])
def test_a_status_is_found_by_its_name_in_any_case(site: Host, name: str) -> None:
    """Case, accents and outer blanks don't matter."""
    with site.work("Admin") as work:
        assert statuses.find(work, name).name == "Customer"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Costumer", "Did you mean “Customer”?"),
        ("zzz", "There are: Lead, Contacted"),
        ("", "There are"),
        (10**30, "There is no"),
        ("\x00", "There are"),
    ],
)
def test_an_unknown_status_is_refused_with_the_nearest(site: Host, name: str | int, words: str) -> None:
    """Nobody has to guess which ones there are."""
    with site.work("Admin") as work, pytest.raises(Invalid, match="There is no status") as caught:
        statuses.find(work, name)
    assert words in str(caught.value)


def test_renaming_keeps_contacts_and_history(site: Host) -> None:
    """The contacts stay; the history holds the names of then."""
    number = site.make.contact(first_name="A", status="Lead")
    with site.work("Admin") as work:
        with work.begin():
            contacts.set_status(work, [number], "Customer")
            statuses.rename(work, statuses.find(work, "customer").id, "Client")
        assert contacts.get(work, number).status.name == "Client"
        assert [row.new_name for row in work.session.query(StatusChange).order_by(StatusChange.id)] == [
            "Lead",
            "Customer",
        ]


@pytest.mark.parametrize(
    ("name", "words"),
    [("lead", "already"), ("", "a name"), ("a,b", "comma"), ("x" * 81, "at most 80"), ("\x00", "a name")],
)
def test_names_that_cant_be_taken(site: Host, name: str, words: str) -> None:
    """Taken, empty and overlong names, and such with commas, are refused with a sentence."""
    with site.work("Admin") as work:
        for function in (
            lambda: statuses.add(work, name),
            lambda: statuses.rename(work, statuses.find(work, "refused").id, name),
        ):
            with pytest.raises(Invalid, match=words), work.begin():
                function()


def test_the_order_is_the_sites_own(site: Host) -> None:
    """Those that are named come first, the others follow as they stood."""
    with site.work("Admin") as work:
        ids = {status.name: status.id for status in statuses.all_statuses(work)}
        with work.begin():
            statuses.reorder(work, [ids["Refused"], ids["Customer"]])
        assert names(work) == ["Refused", "Customer", "Lead", "Contacted", "Upsell", "Blacklisted"]
        with pytest.raises(NotFound), work.begin():
            statuses.reorder(work, [999])
        with work.begin():
            statuses.recolour(work, ids["Lead"], "pink")
        with pytest.raises(Invalid, match="colours"), work.begin():
            statuses.recolour(work, ids["Lead"], "#123456")


def test_deleting_one_in_use_asks_who_takes_its_contacts(site: Host) -> None:
    """The heir gets them all, those in the bin too, with history and journal; the default moves on."""
    one, two = site.make.contact(first_name="A"), site.make.contact(first_name="B")
    with site.work("Admin") as work:
        lead = statuses.find(work, "Lead").id
        with work.begin():
            contacts.to_bin(work, [two])
            settings.set_many(work, {"statuses.default": lead})
        with pytest.raises(Invalid, match="choose the status"), work.begin():
            statuses.delete(work, lead)
        with work.begin():
            assert statuses.delete(work, lead, "contacted") == 2
        assert contacts.get(work, one).status.name == contacts.get(work, two, in_bin=True).status.name == "Contacted"
        assert numbers(work) == {"Contacted": 1} == recounted(work)
        assert statuses.default(work).name == "Contacted"
        last = work.session.query(StatusChange).filter_by(contact_id=one).order_by(StatusChange.id.desc()).first()
        assert last is not None
        assert (last.old_id, last.old_name, last.new_name) == (None, "Lead", "Contacted")
        entry = journal.entries(work, "contact", one).rows[0]
        assert (entry.type, entry.data["old"], entry.data["new"]) == ("status", "Lead", "Contacted")
        with work.begin():
            contacts.restore(work, [two])
        assert numbers(work) == {"Contacted": 2}


def test_a_plugin_can_keep_a_status(site: Host) -> None:
    """A veto leaves the list as it was."""

    class Keeper:
        @hookimpl
        def status_before_delete(self, status_id: int, heir_id: int | None) -> None:
            raise Vetoed(f"Needed {heir_id is None}.")

    with site.work("Admin") as work:
        work.hooks = HookCaller([("keeper", Keeper())])
        with pytest.raises(Vetoed, match="Needed True"), work.begin():
            statuses.delete(work, statuses.find(work, "Refused").id)
        assert names(work) == FIRST


def test_the_list_as_a_text(site: Host) -> None:
    """What is named stays or is made, what is left out goes, unless contacts have it."""
    site.make.contact(first_name="A", status="Customer")
    with site.work("Admin") as work:
        lead = statuses.find(work, "Lead").id
        with work.begin():
            statuses.set_from_text(work, " CUSTOMER , New one,lead,")
        assert names(work) == ["CUSTOMER", "New one", "lead"]
        assert statuses.find(work, "lead").id == lead
        for text, words in (
            ("lead,Lead", "twice"),
            (" , ", "at least one"),
            ("lead", "Contacts have the status “CUSTOMER”"),
        ):
            with pytest.raises(Invalid, match=words), work.begin():
                statuses.set_from_text(work, text)
        assert names(work) == ["CUSTOMER", "New one", "lead"]


def test_the_last_status_stays(site: Host) -> None:
    """A site always has one."""
    with site.work("Admin") as work:
        with work.begin():
            statuses.set_from_text(work, "Lead")
        with pytest.raises(Invalid, match="only status"), work.begin():
            statuses.delete(work, statuses.find(work, "Lead").id)


def test_every_way_of_changing_a_status_is_kept(site: Host) -> None:
    """Form, list, import, undo and deleting a status: each leaves history, a journal entry, an event and right counts."""
    with site.work("Admin") as work:
        with work.begin():
            one = contacts.create(work, {"first_name": "A", "email": "a@example.com"}).id
        with work.begin():
            contacts.update(work, one, {"status": "Contacted"})
        with work.begin():
            assert contacts.set_status(work, [one, one, 99], "customer") == 1
        with work.begin():
            results = bulk.save_many(
                work, [{"email": "a@example.com", "status": "Upsell"}, {"email": "b@example.com", "status": "Upsell"}]
            )
        with work.begin():
            bulk.undo_many(work, results)
        with work.begin():
            assert contacts.set_status(work, [one], "customer") == 0
        history = work.session.query(StatusChange).filter_by(contact_id=one).order_by(StatusChange.id)
        assert [(row.old_name, row.new_name) for row in history] == [
            ("", "Lead"), ("Lead", "Contacted"), ("Contacted", "Customer"), ("Customer", "Upsell"), ("Upsell", "Customer"),
        ]  # fmt: skip
        assert {row.actor_label for row in history} == {"admin@example.com"}
        assert sum(entry.type == "status" for entry in journal.entries(work, "contact", one).rows) == 4
        assert numbers(work) == recounted(work) == {"Customer": 1}
    assert sum(name == "contact.status_changed" for name, _ in site.events()) == 4


def test_counts_stay_right_when_folded(site: Host) -> None:
    """Rows of differences become one per status, and nothing changes in sum."""
    ids = [site.make.contact(first_name=str(number)) for number in range(3)]
    with site.work("Admin") as work:
        for number in range(status_counts.FOLD_EVERY // 2 + 3):
            with work.begin():
                contacts.set_status(work, ids[:1], ("Customer", "Upsell")[number % 2])
        assert work.session.query(StatusCount).count() < 20
        assert numbers(work) == recounted(work)
        with work.begin():
            status_counts.fold(work)
        assert work.session.query(StatusCount).count() == len(recounted(work))
        assert numbers(work) == recounted(work)


def test_a_limited_user_counts_their_own(site: Host) -> None:
    """The numbers are those of the contacts assigned to them."""
    with site.work("Contacts manager", only_assigned=True) as work:
        with work.begin():
            contacts.create(work, {"first_name": "Mine"})
        site.make.contact(first_name="Other")
        assert numbers(work) == {"Lead": 1}
