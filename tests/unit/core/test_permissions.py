"""Who may do what: every service with every role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmhost.core.contacts import bulk, queries, tags
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.core.contacts.queries import ListQuery
from crmhost.core.journal import services as journal
from crmhost.core.merging import services as merging
from crmhost.core.settings import services as settings
from crmhost.core.statuses import services as statuses
from crmhost.core.users import audit
from crmhost.core.users import services as users
from crmhost.core.users.roles import FIRST_ROLES
from crmhost.errors import Forbidden, Invalid, NotFound
from crmhost.testing import Host
from crmhost.work.unit import Actor, Work

#: What is called, with the permission that it takes. The contact has the id 1, its journal entry of a person 2, the tag 1.
SERVICES: dict[str, tuple[str, Callable[[Work], Any]]] = {
    "contacts.get": ("contacts.view", lambda work: contacts.get(work, 1)),
    "contacts.page": ("contacts.view", lambda work: queries.page(work, ListQuery())),
    "contacts.count": ("contacts.view", lambda work: queries.count(work, ListQuery())),
    "contacts.ids": ("contacts.view", lambda work: list(queries.ids(work, ListQuery()))),
    "contacts.create": ("contacts.edit", lambda work: contacts.create(work, {"first_name": "B"})),
    "contacts.update": ("contacts.edit", lambda work: contacts.update(work, 1, {"first_name": "B"})),
    "contacts.set_status": ("contacts.edit", lambda work: contacts.set_status(work, [1], "Customer")),
    "contacts.assign": ("contacts.edit", lambda work: contacts.assign(work, [1], work.actor.user_id)),
    "contacts.tag": ("contacts.edit", lambda work: contacts.tag(work, [1], ["y"])),
    "contacts.save_many": ("contacts.edit", lambda work: bulk.save_many(work, [{"first_name": "B"}])),
    "contacts.undo_many": ("contacts.edit", lambda work: bulk.undo_many(work, [])),
    "contacts.to_bin": ("contacts.delete", lambda work: contacts.to_bin(work, [1])),
    "contacts.restore": ("contacts.delete", lambda work: contacts.restore(work, [1])),
    "contacts.erase": ("contacts.erase", lambda work: contacts.erase(work, 1)),
    "merging.merge": ("contacts.delete", lambda work: _merged(work)),
    "merging.undo": ("contacts.delete", lambda work: merging.undo(work, _merged(work))),
    "tags.rename": ("tags.edit", lambda work: tags.rename(work, 1, "z")),
    "tags.recolour": ("tags.edit", lambda work: tags.recolour(work, 1, "red")),
    "tags.merge": ("tags.edit", lambda work: tags.merge(work, 1, [])),
    "tags.remove": ("tags.edit", lambda work: tags.remove(work, 1)),
    "statuses.add": ("statuses.edit", lambda work: statuses.add(work, "New")),
    "statuses.rename": ("statuses.edit", lambda work: statuses.rename(work, 1, "New")),
    "statuses.recolour": ("statuses.edit", lambda work: statuses.recolour(work, 1, "red")),
    "statuses.reorder": ("statuses.edit", lambda work: statuses.reorder(work, [2])),
    "statuses.delete": ("statuses.edit", lambda work: statuses.delete(work, 2)),
    "statuses.set_from_text": ("statuses.edit", lambda work: statuses.set_from_text(work, "Lead")),
    "journal.entries": ("journal.view", lambda work: journal.entries(work, "contact", 1)),
    "journal.feed": ("journal.view", lambda work: journal.feed(work)),
    "journal.get": ("journal.view", lambda work: journal.get(work, 2)),
    "journal.add": ("journal.edit", lambda work: journal.add(work, "contact", 1, "note", summary="x")),
    "journal.edit": ("journal.edit", lambda work: journal.edit(work, 2, {"summary": "y"})),
    "journal.pin": ("journal.edit", lambda work: journal.pin(work, 2)),
    "journal.remove": ("journal.edit", lambda work: journal.remove(work, 2)),
    "settings.set_many": ("settings.edit", lambda work: settings.set_many(work, {"site.name": "New"})),
    "audit.entries": ("audit.view", lambda work: audit.entries(work)),
    "users.create": ("users.edit", lambda work: users.create(work, "new@example.com", "Read only")),
    "users.edit": ("users.edit", lambda work: users.edit(work, 1, name="New")),
    "users.save_role": ("users.edit", lambda work: users.save_role(work, None, "New", [])),
}


def _merged(work: Work) -> int:
    return merging.merge(work, 1, [contacts.create(work, {"first_name": "B"}).id]).id


class _Undo(Exception):  # takes the transaction back, nothing failed
    pass


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    made = host()
    made.make.contact(first_name="Ann", email="ann@example.com", tags=["x"])
    with made.work("Admin") as work, work.begin():
        journal.add(work, "contact", 1, "note", summary="x")
    return made


def allowed(work: Work, function: Callable[[Work], Any]) -> bool:
    try:
        with work.begin():
            function(work)
            raise _Undo
    except Forbidden:
        return False
    except _Undo:
        return True


def test_each_service_asks_for_its_permission(site: Host) -> None:
    """Every role may do what its permissions say and nothing else; a stranger may do nothing."""
    for role, permissions in FIRST_ROLES.items():
        with site.work(role) as work:
            for name, (permission, function) in SERVICES.items():
                assert allowed(work, function) == (role == "Admin" or permission in permissions), (role, name)
    with site.work() as work:
        work.actor = Actor("client", "visitor")
        assert not [name for name, (_, function) in SERVICES.items() if allowed(work, function)]


def test_the_limit_to_ones_own_contacts_holds_everywhere(site: Host) -> None:
    """Somebody else's contact can neither be read nor changed, tagged, assigned, deleted or written about."""
    with site.work("CRM manager", only_assigned=True) as work:
        for name, (_, function) in SERVICES.items():
            if name.split(".")[0] not in ("contacts", "journal") or name in ("contacts.create", "contacts.save_many"):
                continue
            with work.begin():
                try:
                    found = function(work)
                except NotFound:
                    continue
                rows = getattr(found, "rows", found)
                assert not rows or name == "contacts.count", name
                assert name != "contacts.count" or found.number == 0
        with pytest.raises(Invalid, match="assigned to you"), work.begin():
            contacts.create(work, {"first_name": "B", "assigned_to": site.actor("Admin").user_id})
        with work.begin():
            mine = contacts.create(work, {"first_name": "Mine"})
        with pytest.raises(Invalid, match="assigned to you"), work.begin():
            contacts.assign(work, [mine.id], None)
        with work.begin():
            assert contacts.set_status(work, [mine.id, 1], "Customer") == 1
    before = site.contact(1)
    assert (before.version, before.first_name, before.deleted_at) == (1, "Ann", None)


def test_reading_never_writes(site: Host) -> None:
    """Outside of `work.begin()` no service can change anything."""
    with site.work("Admin") as work:
        for name, (permission, function) in SERVICES.items():
            if permission in ("contacts.view", "journal.view", "audit.view") or name in (
                "contacts.undo_many",
                "contacts.restore",
                "tags.merge",
            ):
                continue
            with pytest.raises(RuntimeError, match=r"work\.begin"):
                function(work)
            work.session.rollback()
        assert work.session.query(Contact).count() == 1
