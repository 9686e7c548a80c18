"""Tags, owners and the emptying of the bin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.core.contacts import services as contacts
from crmhost.core.contacts import tags
from crmhost.core.contacts.models import Contact, Tag, Tagging
from crmhost.core.settings import services as settings
from crmhost.core.users import audit
from crmhost.errors import Forbidden, Invalid, NotFound
from crmhost.testing import Clock, Host
from crmhost.work.unit import Work


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def names(work: Work, contact_id: int) -> list[str]:
    return [tag.name for tag in tags.of(work, "contact", [contact_id]).get(contact_id, [])]


def test_tags_are_made_while_typing(site: Host) -> None:
    """A name that is there in any case is the same tag; each has a colour that is the same each time."""
    one, two = site.make.contact(first_name="A", tags=["VIP"]), site.make.contact(first_name="B")
    with site.work("Admin") as work:
        with work.begin():
            assert contacts.tag(work, [one, two, 99], ["vip", "Café", "!"], ["nothing"]) == 2
        assert names(work, one) == names(work, two) == ["!", "Café", "VIP"]
        with work.begin():
            assert contacts.tag(work, [one, two], ["VIP"], ["CAFE", "!"]) == 2
            assert contacts.tag(work, [one, two], ["VIP"], ["CAFE"]) == 0
        assert names(work, one) == ["VIP"]
        assert tags.usage(work) == {tags.all_tags(work)[-1].id: 2}
        with pytest.raises(Invalid, match="at most 80"), work.begin():
            contacts.tag(work, [one], ["x" * 81])
        with pytest.raises(Invalid, match="At most 1,000"), work.begin():
            contacts.tag(work, list(range(1, 1_100)), ["x"])
    assert site.contact(one).version == 3


def test_tags_are_renamed_recoloured_and_removed_in_one_place(site: Host) -> None:
    """Everywhere at once; a name that another tag has is refused."""
    one = site.make.contact(first_name="A", tags=["old", "other"])
    with site.work("Admin") as work:
        tag, other = tags.find(work, "OLD"), tags.find(work, "other")
        assert tag is not None
        assert other is not None
        with work.begin():
            tags.rename(work, tag.id, "New")
            tags.recolour(work, tag.id, "pink")
        assert names(work, one) == ["New", "other"]
        for name, words in (("OTHER", "merge the two"), (" ", "1 to 80"), ("x" * 81, "1 to 80")):
            with pytest.raises(Invalid, match=words), work.begin():
                tags.rename(work, tag.id, name)
        with pytest.raises(Invalid, match="colours"), work.begin():
            tags.recolour(work, tag.id, "ultraviolet")
        with pytest.raises(NotFound), work.begin():
            tags.rename(work, 999, "x")
        with work.begin():
            assert tags.remove(work, tag.id) == 1
        assert names(work, one) == ["other"]


def test_merged_tags_keep_every_record_once(site: Host) -> None:
    """Of every kind of record, also those that carried both."""
    one, two, three = (site.make.contact(first_name="A", tags=labels) for labels in (["a"], ["b"], ["a", "b"]))
    with site.work("Admin") as work:
        a, b = tags.find(work, "a"), tags.find(work, "b")
        assert a is not None
        assert b is not None
        with work.begin():
            work.session.add(Tagging(tag_id=b.id, object_type="invoice", object_id=one))
            tags.merge(work, a.id, [b.id, a.id])
        assert names(work, one) == names(work, two) == names(work, three) == ["a"]
        assert [tag.name for tag in tags.of(work, "invoice", [one])[one]] == ["a"]
        assert work.session.query(Tag).count() == 1


def test_contacts_are_assigned_by_id_or_address(site: Host) -> None:
    """To an active user or to nobody."""
    one, two = site.make.contact(first_name="A"), site.make.contact(first_name="B")
    user = site.make.user("Read only", "ann@example.com")
    with site.work("Admin") as work:
        with work.begin():
            assert contacts.assign(work, [one, two], "ANN@example.com") == 2
            assert contacts.assign(work, [one], user) == 0
        assert contacts.get(work, one).assigned_to is not None
        with work.begin():
            assert contacts.assign(work, [one], None) == 1
            contacts.update(work, two, {"assigned_to": ""})
        assert site.contact(one).assigned_to_id is site.contact(two).assigned_to_id is None
        for wrong in (999, "x@example.com", "\x00", 10**30):
            with pytest.raises(Invalid, match="no active user"), work.begin():
                contacts.assign(work, [one], wrong)


def test_the_bin_is_emptied_after_its_days(site: Host, clock: Clock) -> None:
    """The oldest first, and only those whose time is over."""
    clock.freeze()
    ids = [site.make.contact(first_name=str(number)) for number in range(4)]
    with site.work("Admin") as work:
        with work.begin():
            contacts.to_bin(work, ids[:2])
        clock.move(days=31)
        with work.begin():
            contacts.to_bin(work, ids[2:3])
            assert contacts.empty_bin(work, 1) == 1
        with work.begin():
            assert contacts.empty_bin(work) == 1
            assert contacts.empty_bin(work) == 0
        assert [row.id for row in work.session.query(Contact).order_by(Contact.id)] == ids[2:]
        with work.begin():
            settings.set_many(work, {"contacts.bin_days": "0"})
        clock.move(seconds=1)
        with work.begin():
            assert contacts.empty_bin(work) == 1
    number = site.make.contact(first_name="new")
    assert number > max(ids)


def test_the_audit_log_is_read_page_by_page(site: Host) -> None:
    """Newest first, all of it or that of one record, one user, one kind of action."""
    one = site.make.contact(first_name="A")
    with site.work("Admin") as work:
        for number in range(5):
            with work.begin():
                contacts.update(work, one, {"notes": str(number)})
        seen: list[int] = []
        after: str | None = None
        while True:
            rows, after = audit.entries(work, after=after, limit=3)
            seen += [row.id for row in rows]
            if after is None:
                break
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == len(set(seen)) >= 6
        mine, following = audit.entries(work, object_type="contact", object_id=one, limit=4)
        assert [row.action for row in mine] == ["contact.updated"] * 4
        rest, _ = audit.entries(work, object_type="contact", object_id=one, after=following)
        assert [row.action for row in rest] == ["contact.updated", "contact.created"]
        assert len(audit.entries(work, action="contact.", user_id=work.actor.user_id)[0]) == 5
        assert audit.entries(work, action="contact.created", object_type="contact")[0][0].object_id == str(one)
        with pytest.raises(Invalid):
            audit.entries(work, after="x")
    with site.work("Read only") as work, pytest.raises(Forbidden):
        audit.entries(work)
