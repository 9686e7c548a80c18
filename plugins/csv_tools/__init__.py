"""CSV files in and out: contacts, and the records of every plugin that declares an importer or an exporter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import Exporter, File, Importer, Job, MenuItem, Permission, Schedule, SlotItem, Work
from crmhost.hooks import hookimpl


class Plugin:
    """Declares the pages, the commands, and how contacts come from and go to CSV."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="csv_tools.import", label="Import CSV files", roles=("CRM manager", "Contacts manager")),
        ]

    @hookimpl
    def importers(self) -> Sequence[Importer]:
        from crmhost.api import contacts_bulk

        from . import contacts_in
        from .presets import PRESETS

        return [
            Importer(
                kind="contacts",
                label="Contacts",
                fields=contacts_in.import_fields,
                save=contacts_in.save,
                undo=contacts_bulk.undo_many,
                new_field=contacts_in.new_field,
                match_by=("email", "external_id"),
                permission="contacts.edit",
                presets=PRESETS,
                order=10,
            )
        ]

    @hookimpl
    def exporters(self) -> Sequence[Exporter]:
        from . import contacts_out

        return [
            Exporter(
                kind="contacts",
                label="Contacts",
                columns=contacts_out.columns,
                rows=contacts_out.rows,
                permission="contacts.export",
                order=10,
            )
        ]

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Contacts", label="Import", endpoint="csv_tools.imports", permission="csv_tools.import", order=40
            ),
            MenuItem(
                place="Contacts", label="Export", endpoint="csv_tools.export", permission="contacts.export", order=50
            ),
        ]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from .export_pages import list_item

        return [SlotItem(slot="list.more", render=list_item)]

    @hookimpl
    def cli_commands(self) -> Sequence[Any]:
        from .commands import export_command, import_command

        return [import_command, export_command]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs

        return [
            Job(kind="csv_tools.import", handler=jobs.import_rows, label="Import a file", run_as="asker"),
            Job(kind="csv_tools.check", handler=jobs.check_rows, label="Check a file", run_as="asker", attempts=3),
            Job(kind="csv_tools.undo", handler=jobs.undo_import, label="Take an import back", run_as="asker"),
            Job(
                kind="csv_tools.export",
                handler=jobs.export_records,
                label="Write an export",
                run_as="asker",
                attempts=4,
            ),
            Job(kind="csv_tools.sweep", handler=jobs.sweep, label="Delete old exports"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="csv_tools.sweep", cron="25 4 * * *")]

    @hookimpl
    def file_access(self, work: Work, file: File, action: str) -> bool | None:
        from . import exports

        return exports.may(work, file, action)

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .undoing import forget_person

        forget_person(work, "contacts", contact_id)
