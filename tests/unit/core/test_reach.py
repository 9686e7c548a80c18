"""An actor that is limited to some contacts, or to nobody's, reaches no other."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from crmhost.api import Actor, Contact, NotFound, Work, contacts, journal
from crmhost.testing import Host

RIGHTS = frozenset({"contacts.view", "contacts.edit", "journal.view", "journal.edit"})


def acting(crm: Host, work: Work, **limits: object) -> Work:
    """The work of a client with all rights and these limits."""
    actor = Actor("client", "A client", permissions=RIGHTS, **limits)  # type: ignore[arg-type]
    return crm.site.make_work(work.session, actor, crm.generation)


@pytest.mark.parametrize("own", [True, False])
def test_a_client_reaches_the_contacts_it_is_given_and_no_other(host: Callable[..., Host], own: bool) -> None:
    """Reading, changing, listing and writing into the journal, with contacts of its own or with none."""
    crm = host()
    mine, other = crm.make.contact(first_name="Mine"), crm.make.contact(first_name="Other")
    with crm.work() as system:
        work = acting(crm, system, contact_ids=frozenset({mine} if own else set()))
        assert [row.id for row in work.session.scalars(work.visible(Contact))] == ([mine] if own else [])
        assert work.can("contacts.edit", crm.contact(mine)) is own
        assert work.can("contacts.edit", crm.contact(other)) is False
        with work.begin():
            for change in (
                lambda: contacts.get(work, other),
                lambda: contacts.update(work, other, {"home_phone": "1"}),
                lambda: journal.add(work, "contact", other, "note", summary="Hello"),
            ):
                with pytest.raises(NotFound):
                    change()
            assert contacts.set_status(work, [other], "Customer") == 0
            if own:
                contacts.update(work, mine, {"home_phone": "+33 6 99 00 00 00"})


def test_a_client_does_not_reach_a_record_by_its_number(host: Callable[..., Host]) -> None:
    """A record of another kind whose number is that of the client's contact is not theirs, unless it says so."""
    crm = host()
    mine = crm.make.contact()
    with crm.work() as system:
        work = acting(crm, system, contact_ids=frozenset({mine}))
        assert not work.can("contacts.edit", SimpleNamespace(id=mine, assigned_to_id=None))
        assert not work.can("contacts.edit", SimpleNamespace(id=mine))
        assert not work.can("contacts.edit", SimpleNamespace(id=1, contact_id=mine + 1))
        assert work.can("contacts.edit", SimpleNamespace(id=1, contact_id=mine))


def test_somebody_limited_to_their_own_contacts_without_being_a_user_reaches_none(host: Callable[..., Host]) -> None:
    """Contacts that are assigned to nobody are not theirs."""
    crm = host()
    free = crm.make.contact(first_name="Free")
    with crm.work() as system:
        work = acting(crm, system, only_assigned=True)
        assert work.session.scalars(work.visible(Contact)).all() == []
        with pytest.raises(NotFound):
            contacts.get(work, free)


def test_links_with_a_host_follow_the_public_address(host: Callable[..., Host]) -> None:
    """A secret link can't be turned to another site by the host that a request names."""
    crm = host(base_url="https://crm.example.org")
    browser = crm.client()
    user = crm.make.user("Read only")
    answer = browser.post(f"/settings/users/{user}/invite")
    assert "https://crm.example.org/invitation/" in answer.text
    assert "localhost" not in answer.text
