"""The journal: what happened with a contact, written by people and by the system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import Job, JournalType, MenuItem, Permission, Setting, SlotItem
from ...hooks import hookimpl

_EDITORS = (
    "CRM manager",
    "Contacts manager",
    "Quotes manager",
    "Invoices manager",
    "Transactions manager",
    "Mail manager",
)

_TYPES = [
    JournalType(name="note", label="Note", icon="note", manual=True, order=10),
    JournalType(name="call", label="Call", icon="phone", contact=True, manual=True, order=20),
    JournalType(name="email", label="E-mail", icon="mail", contact=True, manual=True, order=30),
    JournalType(name="meeting", label="Meeting", icon="users", contact=True, manual=True, order=40),
    JournalType(name="letter", label="Letter", icon="mailbox", contact=True, manual=True, order=50),
    JournalType(name="feedback", label="Feedback", icon="message", contact=True, manual=True, order=60),
    JournalType(name="created", label="Added", icon="user-plus", order=200),
    JournalType(name="imported", label="Imported", icon="file-import", order=210),
    JournalType(name="status", label="Status changed", icon="flag", order=220),
    JournalType(name="merged", label="Merged", icon="arrows-join", order=230),
    JournalType(name="deleted", label="Moved to the bin", icon="trash", order=240),
    JournalType(name="restored", label="Restored", icon="trash-off", order=250),
]


class Plugin:
    """Declares the types of entries that the core knows, and who reads and writes them."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from . import routes, type_pages

        return [routes.blueprint, type_pages.blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Contacts", label="Journal", endpoint="journal.index", permission="journal.view", order=300)
        ]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from .type_pages import overview

        return [SlotItem(slot="settings.field_options", render=overview, permission="settings.edit", order=5)]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .kinds import replace

        return [Job(kind="journal.replace_type", handler=replace, label="Give entries of a deleted type another one")]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="journal.view", label="Read the journal", roles=(*_EDITORS, "Read only")),
            Permission(name="journal.edit", label="Write and change journal entries", roles=_EDITORS),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        return [
            Setting(
                key="journal.types",
                label="Types of journal entries",
                kind="json",
                default=[],
                hidden=True,
            )
        ]

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        return _TYPES
