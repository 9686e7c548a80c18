"""Invoices: what customers owe, and what they paid of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from crmhost.api import (
    Box,
    Change,
    Column,
    ConditionType,
    Exporter,
    FieldObject,
    File,
    Filter,
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
    SlotItem,
    Tab,
    Total,
    Vital,
    Work,
)
from crmhost.hooks import hookimpl

from .for_transactions import ForTransactions

_MANAGERS = ("CRM manager", "Invoices manager")


class Plugin(ForTransactions):
    """Declares what invoices add to the site."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        seen = (*_MANAGERS, "Quotes manager", "Transactions manager", "Read only")
        return [
            Permission(name="invoices.view", label="See invoices", roles=seen),
            *(
                Permission(name=f"invoices.{name}", label=label, roles=_MANAGERS)
                for name, label in (
                    ("edit", "Write invoices"),
                    ("send", "Send invoices"),
                    ("pay", "Record payments of invoices"),
                    ("void", "Void invoices"),
                    ("delete", "Delete drafts of invoices"),
                    ("export", "Export invoices"),
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
        from . import mass
        from .models import KIND, Invoice

        return [
            FieldObject(name=KIND, label="Invoices", model=Invoice, renewed=mass.renewed, searched=mass.searched_anew)
        ]

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .api import InvoicesService

        return [Service(name="invoices", factory=InvoicesService)]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs, reminders, sending, statement_papers
        from .mass import empty_bin

        return [
            Job(kind="invoices.days", handler=jobs.keep_days, label="Overdue and recurring invoices"),
            Job(kind="invoices.empty_bin", handler=empty_bin, label="Empty the bin of drafts of invoices"),
            Job(kind="invoices.remind", handler=reminders.remind, label="Remind of unpaid invoices"),
            Job(kind="invoices.send", handler=sending.send, label="Send an invoice"),
            Job(kind="invoices.receipt", handler=sending.receipt, label="Send a receipt"),
            Job(kind="invoices.send_statement", handler=statement_papers.send, label="Send a statement of account"),
            Job(kind="invoices.recount", handler=jobs.recount, label="Count what is owed"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        from .paying import has_work
        from .reminders import has_work as reminders_wanted

        return [
            Schedule(kind="invoices.days", cron="2 * * * *", when=has_work),
            Schedule(kind="invoices.remind", cron="20 8 * * *", when=reminders_wanted),
            Schedule(kind="invoices.empty_bin", cron="52 3 * * *"),
        ]

    @hookimpl
    def hookspecs(self) -> Sequence[ModuleType]:
        from . import hooks

        return [hooks]

    # --- pages --------------------------------------------------------------------------------------------------------

    @hookimpl
    def portal_pages(self) -> Sequence[Any]:
        from .portal_pages import page

        return [page()]

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Invoices",
                label="Invoices",
                endpoint="invoices.index",
                permission="invoices.view",
                icon="file-invoice",
            )
        ]

    @hookimpl
    def quick_actions(self) -> Sequence[QuickAction]:
        return [
            QuickAction(
                label="New invoice", endpoint="invoices.new", permission="invoices.edit", icon="file-invoice", order=45
            )
        ]

    @hookimpl
    def search(self) -> Sequence[SearchProvider]:
        from .parts import find

        return [SearchProvider(label="Invoices", find=find, permission="invoices.view", order=45)]

    @hookimpl
    def record_kinds(self) -> Sequence[RecordKind]:
        from . import mass, parts, services
        from .models import KIND

        return [
            RecordKind(
                name=KIND,
                label="Invoice",
                get=services.get,
                titles=parts.titles,
                endpoint="invoices.page",
                argument="invoice_id",
                permission="invoices.view",
                edit="invoices.edit",
                parts="invoices_invoice",
                tag=mass.tag,
                find=parts.picked,
            )
        ]

    @hookimpl
    def invoices_invoice_vitals(self) -> Sequence[Vital]:
        from .parts import due_day, figure, in_base

        return [
            Vital(id="total", label="Total", value=figure("total"), permission="invoices.view", order=10),
            Vital(id="in_base", label="In the base currency", value=in_base, permission="invoices.view", order=15),
            Vital(id="paid", label="Paid", value=figure("paid"), permission="invoices.view", order=20),
            Vital(id="due", label="Due", value=figure("due"), permission="invoices.view", order=30),
            Vital(id="due_date", label="Due on", value=due_day, permission="invoices.view", order=40),
        ]

    @hookimpl
    def invoices_invoice_boxes(self) -> Sequence[Box]:
        from .boxes import declared

        return declared()

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from .parts import below_settings

        return [SlotItem(slot="settings.page", render=below_settings, permission="settings.edit")]

    @hookimpl
    def dashboard_totals(self) -> Sequence[Total]:
        from .parts import total_figure, total_reads

        return [
            Total(
                label="Invoices",
                value=total_figure,
                endpoint="invoices.index",
                permission="invoices.view",
                order=60,
                reads=total_reads,
            )
        ]

    @hookimpl
    def contact_tabs(self) -> Sequence[Tab]:
        from .customers import tabs

        return tabs("contact")

    @hookimpl
    def companies_tabs(self) -> Sequence[Tab]:
        from .customers import tabs

        return tabs("company")

    @hookimpl
    def contact_boxes(self) -> Sequence[Box]:
        from .customers import boxes

        return boxes("contact")

    @hookimpl
    def companies_boxes(self) -> Sequence[Box]:
        from .customers import boxes

        return boxes("company")

    @hookimpl
    def contact_vitals(self) -> Sequence[Vital]:
        from .customers import vitals

        return vitals("contact")

    @hookimpl
    def companies_vitals(self) -> Sequence[Vital]:
        from .customers import vitals

        return vitals("company")

    @hookimpl
    def contact_columns(self) -> Sequence[Column]:
        from .customers import columns

        return columns("contact")

    @hookimpl
    def companies_columns(self) -> Sequence[Column]:
        from .customers import columns

        return columns("company")

    @hookimpl
    def contact_filters(self) -> Sequence[Filter]:
        from .customers import filters

        return filters()

    # --- data in and out ----------------------------------------------------------------------------------------------

    @hookimpl
    def importers(self) -> Sequence[Importer]:
        from . import files

        return [
            Importer(
                kind="invoices",
                label="Invoices",
                fields=files.import_fields,
                save=files.save,
                undo=files.undo,
                new_field=files.new_field,
                match_by=("number", "external_id"),
                permission="invoices.edit",
            )
        ]

    @hookimpl
    def exporters(self) -> Sequence[Exporter]:
        from . import files

        return [
            Exporter(
                kind="invoices", label="Invoices", columns=files.columns, rows=files.rows, permission="invoices.export"
            )
        ]

    @hookimpl
    def contact_personal_data(self, work: Work, contact_id: int) -> Any:
        from .privacy import told

        return told(work, contact_id)

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .privacy import forget

        forget(work, contact_id)

    @hookimpl
    def demo_data(self, work: Work, contact_ids: Sequence[int], seed: int) -> None:
        from .demo import add

        add(work, contact_ids, seed)

    # --- the REST API -------------------------------------------------------------------------------------------------

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint

        return [blueprint]

    @hookimpl
    def rest_api_event_data(self, work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
        from .resources import event_data

        return event_data(work, event, ids)

    # --- its life -----------------------------------------------------------------------------------------------------

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from .jobs import begin

        begin(work)

    @hookimpl
    def on_disable(self, work: Work) -> None:
        from plugins.transactions import api as transactions

        transactions.rebuild(work)

    @hookimpl
    def rebuild(self, work: Work) -> None:
        from .jobs import begin

        begin(work)

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        from .statement_papers import journal_types

        return journal_types()

    @hookimpl
    def file_access(self, work: Work, file: File, action: str) -> bool | None:
        from . import sending

        return sending.file_access(work, file, action)

    @hookimpl
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from .paying import follow

        follow(work, changes)
