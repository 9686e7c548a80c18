"""Contacts: people, their addresses, tags and where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import (
    ConditionType,
    FieldObject,
    MenuItem,
    Permission,
    QuickAction,
    RecordKind,
    SearchProvider,
    Setting,
    Vital,
)
from ...hooks import hookimpl
from ...work.unit import Change, Work

_MANAGERS = ("CRM manager", "Contacts manager")
_READERS = (*_MANAGERS, "Quotes manager", "Invoices manager", "Transactions manager", "Mail manager", "Read only")


class Plugin:
    """Declares who may do what with contacts, and how long they stay in the bin."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        from .glance import shown_number

        return [
            MenuItem(
                place="Contacts",
                label="All",
                endpoint="contacts.index",
                permission="contacts.view",
                count=shown_number,
                order=10,
            ),
            MenuItem(place="Contacts", label="Add", endpoint="contacts.new", permission="contacts.edit", order=20),
            MenuItem(place="Contacts", label="Bin", endpoint="contacts.bin", permission="contacts.delete", order=310),
        ]

    @hookimpl
    def quick_actions(self) -> Sequence[QuickAction]:
        return [
            QuickAction(
                label="Add contact",
                endpoint="contacts.new",
                permission="contacts.edit",
                icon="user-plus",
                key="c",
                order=10,
            )
        ]

    @hookimpl
    def search(self) -> Sequence[SearchProvider]:
        from .glance import find

        return [SearchProvider(label="Contacts", find=find, permission="contacts.view", order=10)]

    @hookimpl
    def contact_vitals(self) -> Sequence[Vital]:
        from .glance import vitals

        return vitals()

    @hookimpl
    def contact_conditions(self) -> Sequence[ConditionType]:
        from .condition_types import types

        return types()

    @hookimpl
    def record_kinds(self) -> Sequence[RecordKind]:
        from . import services
        from .glance import made, names, picked

        return [
            RecordKind(
                name="contact",
                label="Contact",
                get=services.get,
                titles=names,
                endpoint="contacts.page",
                argument="contact_id",
                permission="contacts.view",
                edit="contacts.edit",
                parts="contact",
                tag=services.tag,
                find=picked,
                make=made,
                order=10,
            )
        ]

    @hookimpl
    def custom_field_objects(self) -> Sequence[FieldObject]:
        from .custom import renew, search_anew
        from .models import Contact

        return [
            FieldObject(name="contact", label="Contacts", model=Contact, renewed=renew, searched=search_anew, order=10)
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="contacts.view", label="See contacts", roles=_READERS, order=10),
            Permission(name="contacts.edit", label="Add and change contacts", roles=_MANAGERS, order=20),
            Permission(name="contacts.delete", label="Delete and restore contacts", roles=_MANAGERS, order=30),
            Permission(name="contacts.erase", label="Erase people for good", roles=("CRM manager",), order=40),
            Permission(name="contacts.export", label="Export contacts", roles=_MANAGERS, order=50),
            Permission(name="tags.edit", label="Rename, merge and colour tags", roles=_MANAGERS, order=60),
        ]

    @hookimpl
    def file_access(self, work: Work, action: str) -> bool:
        from .pictures import may

        return may(work, action)

    @hookimpl
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from .days import follow

        follow(work, changes)

    @hookimpl
    def rebuild(self, work: Work) -> None:
        from .days import rebuild

        rebuild(work)

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        return [
            Setting(
                key="contacts.bin_days",
                label="Days in the bin",
                kind="integer",
                default=30,
                help="Deleted contacts can be restored for so many days.",
                page="general",
                order=200,
            ),
            Setting(
                key="contacts.social_kinds",
                label="Further social profiles",
                kind="list",
                default=[],
                help="One per line, such as “Mastodon”. They stand in forms, imports, exports and the API.",
                page="field_options",
                order=120,
            ),
        ]
