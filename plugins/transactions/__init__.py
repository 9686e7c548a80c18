"""Transactions: sales, refunds, and what contacts and companies are worth by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from crmhost.api import Change, Exporter, FieldObject, Importer, Job, Permission, Setting, Work
from crmhost.hooks import hookimpl

_MANAGERS = ("CRM manager", "Transactions manager")


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    # --- what it declares ---------------------------------------------------------------------------------------------

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(
                name="transactions.view", label="See transactions", roles=(*_MANAGERS, "Invoices manager", "Read only")
            ),
            Permission(name="transactions.edit", label="Add and change transactions", roles=_MANAGERS),
            Permission(name="transactions.delete", label="Delete transactions", roles=_MANAGERS),
            Permission(name="transactions.export", label="Export transactions", roles=_MANAGERS),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .settings import declared
        from .values import FRESH

        return [*declared(), Setting(key=FRESH, kind="boolean", default=True, hidden=True)]

    @hookimpl
    def hookspecs(self) -> Sequence[ModuleType]:
        from . import hooks

        return [hooks]

    @hookimpl
    def custom_field_objects(self) -> Sequence[FieldObject]:
        from . import custom
        from .models import KIND, Transaction

        return [
            FieldObject(
                name=KIND,
                label="Transactions",
                model=Transaction,
                renewed=custom.renewed,
                searched=custom.searched_anew,
            )
        ]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .values import run_rebuild

        return [Job(kind="transactions.rebuild", handler=run_rebuild, label="Sum up all transactions anew")]

    # --- data in and out ----------------------------------------------------------------------------------------------

    @hookimpl
    def importers(self) -> Sequence[Importer]:
        from . import files

        return [
            Importer(
                kind="transactions",
                label="Transactions",
                fields=files.import_fields,
                save=files.save,
                undo=files.undo,
                new_field=files.new_field,
                match_by=("ref", "external_id"),
                permission="transactions.edit",
            )
        ]

    @hookimpl
    def exporters(self) -> Sequence[Exporter]:
        from . import files

        return [
            Exporter(
                kind="transactions",
                label="Transactions",
                columns=files.columns,
                rows=files.rows,
                permission="transactions.export",
            )
        ]

    # --- the REST API -------------------------------------------------------------------------------------------------

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint

        return [blueprint]

    @hookimpl
    def rest_api_contact_values(self, work: Work, contact_ids: Sequence[int]) -> Mapping[int, Any]:
        from .resources import value_records

        return value_records(work, "contact", contact_ids)

    @hookimpl
    def rest_api_event_data(self, work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
        from .resources import event_data

        return event_data(work, event, ids)

    # --- its life -----------------------------------------------------------------------------------------------------

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from . import kinds, settings, values

        kinds.first_start(work, settings.names_of(work))
        settings.remember(work)
        values.rebuild(work)

    @hookimpl
    def rebuild(self, work: Work) -> None:
        from . import values

        values.rebuild(work)

    @hookimpl
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from . import values

        values.follow_settings(work, changes)
        values.follow(work, changes)

    # --- people -------------------------------------------------------------------------------------------------------

    @hookimpl
    def contacts_merged(self, work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
        from . import values

        values.recompute(work, "contact", [winner_id, *loser_ids])

    @hookimpl
    def contacts_unmerged(self, work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
        from . import values

        values.recompute(work, "contact", [winner_id, *loser_ids])

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from . import custom

        custom.forget_person(work, contact_id)
