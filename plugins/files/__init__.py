"""Files of contacts, companies and every other record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import (
    Asset,
    Change,
    File,
    Job,
    JournalEntry,
    MenuItem,
    Permission,
    RecordTab,
    Schedule,
    SearchProvider,
    Service,
    Setting,
    SlotItem,
    Work,
)
from crmhost.hooks import hookimpl

_MANAGERS = ("CRM manager", "Invoices manager", "Quotes manager", "Transactions manager")


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="files.view", label="See files", roles=(*_MANAGERS, "Read only")),
            Permission(name="files.edit", label="Add and change files", roles=_MANAGERS),
            Permission(name="files.delete", label="Delete files", roles=("CRM manager",)),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .limits import declared

        return declared()

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import demo, jobs

        return [
            Job(kind="files.demo", handler=demo.bring, label="Demo files"),
            Job(kind="files.sweep", handler=jobs.sweep, label="Remove unfinished uploads"),
            Job(kind="files.empty_bin", handler=jobs.empty_bin, label="Empty the bin of files"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="files.sweep", cron="13 * * * *"), Schedule(kind="files.empty_bin", cron="53 3 * * *")]

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .api import FilesService

        return [Service(name="files", factory=FilesService)]

    @hookimpl
    def portal_pages(self) -> Sequence[Any]:
        from .portal_pages import page

        return [page()]

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def assets(self) -> Sequence[Asset]:
        return [
            Asset(path="files.js", pages=("files.page",), records=True),
            Asset(path="files.css", pages=("files.page",)),
        ]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Files", label="Files", endpoint="files.index", permission="files.view", icon="paperclip")
        ]

    @hookimpl
    def search(self) -> Sequence[SearchProvider]:
        from .parts import find

        return [SearchProvider(label="Files", find=find, permission="files.view", order=70)]

    # --- parts of other pages -----------------------------------------------------------------------------------------

    @hookimpl
    def record_tabs(self) -> Sequence[RecordTab]:
        from . import parts

        return [
            RecordTab(
                id="files",
                title="Files",
                render=parts.record_tab,
                count=parts.number,
                reads=parts.number_reads,
                permission="files.view",
            )
        ]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from . import parts

        return [
            SlotItem(slot="portal.record", render=parts.portal_record),
            SlotItem(slot="journal.composer", render=parts.composer, permission="files.edit"),
            SlotItem(slot="journal.entry", render=parts.attached, permission="files.view"),
        ]

    @hookimpl
    def journal_entry_added(self, work: Work, entry: JournalEntry, values: Mapping[str, str]) -> None:
        from .parts import attach

        attach(work, entry, values)

    @hookimpl
    def demo_data(self, work: Work, contact_ids: Sequence[int], seed: int) -> None:
        from . import demo

        demo.ask_for(work, contact_ids, seed)

    # --- the REST API -------------------------------------------------------------------------------------------------

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint

        return [blueprint]

    @hookimpl
    def rest_api_event_data(self, work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
        from .resources import event_data

        return event_data(work, event, ids)

    # --- who may, and what becomes of files when records go -----------------------------------------------------------

    @hookimpl
    def file_access(self, work: Work, file: File, action: str) -> bool | None:
        from .access import may

        return may(work, file, action)

    @hookimpl
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from . import services

        services.follow(work, changes)

    @hookimpl
    def companies_erase(self, work: Work, company_id: int) -> None:
        from . import services

        services.forget(work, "company", [company_id])

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from . import services

        services.forget_person(work, contact_id)

    @hookimpl
    def contacts_merged(self, work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
        from . import services

        services.follow_merge(work, [winner_id, *loser_ids])

    @hookimpl
    def contacts_unmerged(self, work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
        from . import services

        services.follow_merge(work, [winner_id, *loser_ids])
