"""Quotes: written by templates, sent by a link, accepted with a certificate, turned into invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import (
    Change,
    Column,
    ConditionType,
    Exporter,
    FieldObject,
    File,
    Importer,
    Job,
    JournalType,
    MenuItem,
    Permission,
    QuickAction,
    RecordKind,
    Schedule,
    SearchProvider,
    Service,
    Setting,
    Tab,
    Total,
    Vital,
    Work,
)
from crmhost.hooks import hookimpl

_MANAGERS = ("CRM manager", "Quotes manager")


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    # --- what it declares ---------------------------------------------------------------------------------------------

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="quotes.view", label="See quotes", roles=(*_MANAGERS, "Invoices manager", "Read only")),
            *(
                Permission(name=f"quotes.{name}", label=label, roles=_MANAGERS)
                for name, label in (
                    ("edit", "Write quotes"),
                    ("send", "Send quotes"),
                    ("delete", "Delete quotes"),
                    ("export", "Export quotes"),
                    ("templates", "Write templates of quotes"),
                )
            ),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .settings import declared

        return declared()

    @hookimpl
    def contact_conditions(self) -> Sequence[ConditionType]:
        from .conditions import types

        return types()

    @hookimpl
    def custom_field_objects(self) -> Sequence[FieldObject]:
        from .models import KIND, Quote

        return [FieldObject(name=KIND, label="Quotes", model=Quote)]

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        names = {
            "sent": ("Quote sent", "send"),
            "viewed": ("Quote viewed", "file-description"),
            "accepted": ("Quote accepted", "file-description"),
            "declined": ("Quote declined", "file-description"),
            "expired": ("Quote expired", "file-description"),
        }
        return [JournalType(name=f"quotes.{name}", label=label, icon=icon) for name, (label, icon) in names.items()]

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .api import QuotesService

        return [Service(name="quotes", factory=QuotesService)]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs

        return [
            Job(kind="quotes.expire", handler=jobs.expire, label="Quotes whose last day is over"),
            Job(kind="quotes.empty_bin", handler=jobs.empty_bin, label="Empty the bin of quotes"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        from .states import has_late

        return [
            Schedule(kind="quotes.expire", cron="7 * * * *", when=has_late),
            Schedule(kind="quotes.empty_bin", cron="53 3 * * *"),
        ]

    # --- pages --------------------------------------------------------------------------------------------------------

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Quotes", label=label, endpoint=endpoint, permission=permission, icon=icon, order=order)
            for label, endpoint, permission, icon, order in (
                ("All", "quotes.index", "quotes.view", "file-description", 10),
                ("Add", "quotes.new", "quotes.edit", "plus", 20),
                ("Templates", "quotes.templates", "quotes.templates", "template", 30),
            )
        ]

    @hookimpl
    def quick_actions(self) -> Sequence[QuickAction]:
        return [
            QuickAction(
                label="Add quote", endpoint="quotes.new", permission="quotes.edit", icon="file-description", order=30
            )
        ]

    @hookimpl
    def search(self) -> Sequence[SearchProvider]:
        from .parts import find

        return [SearchProvider(label="Quotes", find=find, permission="quotes.view", order=30)]

    @hookimpl
    def portal_pages(self) -> Sequence[Any]:
        from .portal_pages import page

        return [page()]

    @hookimpl
    def record_kinds(self) -> Sequence[RecordKind]:
        from . import mass, parts, services
        from .models import KIND

        return [
            RecordKind(
                name=KIND,
                label="Quote",
                get=services.get,
                titles=parts.titles,
                endpoint="quotes.page",
                argument="quote_id",
                permission="quotes.view",
                edit="quotes.edit",
                tag=mass.tag,
                find=parts.picked,
            )
        ]

    @hookimpl
    def file_access(self, work: Work, file: File, action: str) -> bool | None:  # noqa: ARG002
        wanted = {"store": "quotes.send", "open": "quotes.view", "delete": "quotes.delete"}
        return work.can(wanted[action]) if action in wanted else None

    # --- the pages of contacts and companies, the dashboard -----------------------------------------------------------

    @hookimpl
    def contact_tabs(self) -> Sequence[Tab]:
        from .parts import contact_number, contact_tab

        return [Tab(id="quotes", title="Quotes", render=contact_tab, count=contact_number, permission="quotes.view")]

    @hookimpl
    def contact_vitals(self) -> Sequence[Vital]:
        from .parts import open_value

        return [Vital(id="quotes", label="Open quotes", value=open_value, permission="quotes.view", order=310)]

    @hookimpl
    def contact_columns(self) -> Sequence[Column]:
        from .parts import contact_numbers

        return [Column(id="quotes", label="Quotes", values=contact_numbers, align="end", permission="quotes.view")]

    @hookimpl
    def companies_tabs(self) -> Sequence[Tab]:
        from .parts import company_number, company_tab

        return [Tab(id="quotes", title="Quotes", render=company_tab, count=company_number, permission="quotes.view")]

    @hookimpl
    def dashboard_totals(self) -> Sequence[Total]:
        from .parts import total_figure

        return [Total(label="Open quotes", value=total_figure, endpoint="quotes.index", permission="quotes.view")]

    @hookimpl
    def importers(self) -> Sequence[Importer]:
        from . import files

        return [
            Importer(
                kind="quotes",
                label="Quotes",
                fields=files.import_fields,
                save=files.save,
                undo=files.undo,
                new_field=files.new_field,
                match_by=("external_id", "id"),
                permission="quotes.edit",
            )
        ]

    @hookimpl
    def exporters(self) -> Sequence[Exporter]:
        from . import files

        return [
            Exporter(kind="quotes", label="Quotes", columns=files.columns, rows=files.rows, permission="quotes.export")
        ]

    # --- the REST API -------------------------------------------------------------------------------------------------

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint

        return [blueprint]

    @hookimpl
    def rest_api_event_data(self, work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
        from .resources import event_data

        return event_data(work, event, ids)

    @hookimpl
    def demo_data(self, work: Work, contact_ids: Sequence[int], seed: int) -> None:
        from .demo import add

        add(work, contact_ids, seed)

    # --- its life -----------------------------------------------------------------------------------------------------

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from .templating import first_start

        first_start(work)

    @hookimpl
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from .telling import follow

        follow(work, changes)

    # --- people -------------------------------------------------------------------------------------------------------

    @hookimpl
    def contact_personal_data(self, work: Work, contact_id: int) -> Any:
        from .privacy import told_of

        return told_of(work, contact_id)

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .privacy import forget

        forget(work, contact_id)
