"""Contacts: people, their addresses, tags and where they came from."""

from __future__ import annotations

from collections.abc import Sequence

from ...contributions import Permission, Setting
from ...hooks import hookimpl

_MANAGERS = ("CRM manager", "Contacts manager")
_READERS = (*_MANAGERS, "Quotes manager", "Invoices manager", "Transactions manager", "Mail manager", "Read only")


class Plugin:
    """Declares who may do what with contacts, and how long they stay in the bin."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="contacts.view", label="See contacts", roles=_READERS, order=10),
            Permission(name="contacts.edit", label="Add and change contacts", roles=_MANAGERS, order=20),
            Permission(name="contacts.delete", label="Delete and restore contacts", roles=_MANAGERS, order=30),
            Permission(name="contacts.export", label="Export contacts", roles=_MANAGERS, order=50),
            Permission(name="tags.edit", label="Rename, merge and colour tags", roles=_MANAGERS, order=60),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        return [
            Setting(
                key="contacts.bin_days",
                label="Days in the bin",
                kind="integer",
                default=30,
                help="Deleted contacts can be restored for so many days.",
            )
        ]
