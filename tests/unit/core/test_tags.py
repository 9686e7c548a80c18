"""Tags, owners and the emptying of the bin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.core.contacts import kept_tags, tags
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact, Tag, Tagging, TaggingKept
from crmhost.core.records import services as records
from crmhost.core.rows import insert_rows
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
            assert tags.remove(work, tag.id)[0] == 1
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


def test_a_tag_that_was_deleted_comes_back(site: Host) -> None:
    """On all that carried it and are still there, once, within 30 days; one made anew meanwhile gets them."""
    ids = [site.make.contact(first_name=f"N{number}", tags=["gold"]) for number in range(3)]
    with site.work("Admin") as work:
        gold = tags.find(work, "gold")
        assert gold is not None
        with work.begin():
            insert_rows(
                work.session,
                Tagging,
                [{"tag_id": gold.id, "object_type": "song", "object_id": n} for n in range(1, 3_001)],
            )
            number, kept = tags.remove(work, gold.id)
            assert number == 3_003
        with work.begin():
            contacts.tag(work, ids[:1], ["GOLD"])
            records.forget(work, "song", [7])
            kept_tags.forget(work, "contact", ids[2:])
        with work.begin():
            back = kept_tags.bring_back(work, kept)
        assert tags.usage(work) == {back.id: 3_001}
        assert [names(work, one) for one in ids] == [["GOLD"], ["GOLD"], []]
        with pytest.raises(NotFound), work.begin():
            kept_tags.bring_back(work, kept)
        with work.begin():
            _number, kept = tags.remove(work, back.id)
    site.clock.move(days=31)
    with site.work("Admin") as work:
        with work.begin():
            assert kept_tags.prune(work) == 1
        assert work.session.query(TaggingKept).count() == 0
        with pytest.raises(NotFound), work.begin():
            kept_tags.bring_back(work, kept)


def test_a_merge_of_tags_is_taken_back(site: Host) -> None:
    """Who had one tag has that one again, who had both has both; whom the winner was taken off since has neither."""
    one, both, off = (site.make.contact(first_name=f"N{number}", tags=["b"]) for number in range(3))
    only_a = site.make.contact(first_name="A", tags=["a"])
    with site.work("Admin") as work:
        with work.begin():
            contacts.tag(work, [both], ["a"])
        a, b = tags.find(work, "a"), tags.find(work, "b")
        assert a is not None
        assert b is not None
        hue = b.hue
        with work.begin():
            _winner, [kept] = tags.merge(work, a.id, [b.id])
        assert [names(work, number) for number in (one, both, off, only_a)] == [["a"]] * 4
        with work.begin():
            contacts.tag(work, [off], [], ["a"])
            tags.rename(work, a.id, "first")
        with work.begin():
            assert kept_tags.bring_back(work, kept).hue == hue
        assert [names(work, number) for number in (one, both, off, only_a)] == [["b"], ["b", "first"], [], ["first"]]
        first = tags.find(work, "first")
        back = tags.find(work, "b")
        assert first is not None
        assert back is not None
        with work.begin():
            _winner, [kept] = tags.merge(work, first.id, [back.id])
            tags.remove(work, first.id)
        with work.begin():
            kept_tags.bring_back(work, kept)
        assert [names(work, number) for number in (one, both, only_a)] == [["b"], ["b"], []]
