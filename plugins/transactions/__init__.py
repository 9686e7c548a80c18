"""Transactions: sales, refunds, and what contacts and companies are worth by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from crmhost.api import (
    Box,
    Change,
    Column,
    ColumnSort,
    ConditionType,
    Exporter,
    FieldObject,
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
    Setting,
    SlotItem,
    Tab,
    Total,
    Vital,
    Widget,
    Work,
)
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
    def contact_conditions(self) -> Sequence[ConditionType]:
        from .conditions import types

        return types()

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .custom import empty_bin
        from .values import run_rates, run_rebuild

        return [
            Job(kind="transactions.rebuild", handler=run_rebuild, label="Sum up all transactions anew"),
            Job(kind="transactions.rates", handler=run_rates, label="Sum up at the new exchange rates"),
            Job(kind="transactions.empty_bin", handler=empty_bin, label="Empty the bin of transactions"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="transactions.empty_bin", cron="47 3 * * *")]

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
                place="Transactions",
                label="Transactions",
                endpoint="transactions.index",
                permission="transactions.view",
                icon="cash",
            )
        ]

    @hookimpl
    def quick_actions(self) -> Sequence[QuickAction]:
        return [
            QuickAction(
                label="Add transaction",
                endpoint="transactions.new",
                permission="transactions.edit",
                icon="cash",
                order=50,
            )
        ]

    @hookimpl
    def search(self) -> Sequence[SearchProvider]:
        from .parts import find

        return [SearchProvider(label="Transactions", find=find, permission="transactions.view", order=50)]

    @hookimpl
    def record_kinds(self) -> Sequence[RecordKind]:
        from . import mass, parts, services
        from .models import KIND

        return [
            RecordKind(
                name=KIND,
                label="Transaction",
                get=services.get,
                titles=parts.titles,
                endpoint="transactions.page",
                argument="transaction_id",
                permission="transactions.view",
                edit="transactions.edit",
                parts="transactions_transaction",
                tag=mass.tag,
                find=parts.picked,
            )
        ]

    @hookimpl
    def transactions_transaction_boxes(self) -> Sequence[Box]:
        from .parts import details

        return [Box(id="details", title="Details", render=details, permission="transactions.view")]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from .parts import below_settings

        return [SlotItem(slot="settings.page", render=below_settings, permission="settings.edit")]

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        from .journaling import types

        return types()

    # --- the pages of contacts and companies --------------------------------------------------------------------------

    @hookimpl
    def contact_vitals(self) -> Sequence[Vital]:
        from .parts import contact_value, value_reads

        see = "transactions.view"
        return [Vital(id="value", label="Value", value=contact_value, permission=see, reads=value_reads("contact"))]

    @hookimpl
    def contact_tabs(self) -> Sequence[Tab]:
        from .parts import contact_tab

        return [Tab(id="transactions", title="Transactions", render=contact_tab, permission="transactions.view")]

    @hookimpl
    def contact_columns(self) -> Sequence[Column]:
        from .models import Value
        from .parts import contact_values, value_counts

        return [
            Column(
                id="transactions_value",
                label="Value",
                values=contact_values,
                align="end",
                permission="transactions.view",
                sort=ColumnSort(value=Value.total, contact=Value.object_id, where=value_counts),
            )
        ]

    @hookimpl
    def contact_filters(self) -> Sequence[Filter]:
        from .parts import worth_at_least, worth_at_most

        return [
            Filter(id="value_min", label="Value at least", condition=worth_at_least, permission="transactions.view"),
            Filter(id="value_max", label="Value at most", condition=worth_at_most, permission="transactions.view"),
        ]

    @hookimpl
    def dashboard_totals(self) -> Sequence[Total]:
        from .parts import total_figure, total_reads

        return [
            Total(
                label="Transactions",
                value=total_figure,
                endpoint="transactions.index",
                permission="transactions.view",
                reads=total_reads,
            )
        ]

    @hookimpl
    def dashboard_widgets(self) -> Sequence[Widget]:
        from .parts import revenue_widget

        return [
            Widget(
                id="revenue",
                title="What came in?",
                render=revenue_widget,
                endpoint="transactions.index",
                permission="transactions.view",
                span=6,
                lazy=True,
                order=30,
            )
        ]

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
        from . import journaling, values

        values.follow_settings(work, changes)
        values.follow(work, changes)
        journaling.follow(work, changes)

    @hookimpl
    def demo_records(self, work: Work, kind: str, number: int, seed: int, start: int) -> int | None:
        from .demo import add

        return add(work, number, seed, start) if kind == "transactions" else None

    # --- companies ----------------------------------------------------------------------------------------------------

    @hookimpl
    def companies_tabs(self) -> Sequence[Tab]:
        from .parts import company_tab

        return [Tab(id="transactions", title="Transactions", render=company_tab, permission="transactions.view")]

    @hookimpl
    def companies_vitals(self) -> Sequence[Vital]:
        from .parts import company_value, value_reads

        see = "transactions.view"
        return [Vital(id="value", label="Value", value=company_value, permission=see, reads=value_reads("company"))]

    @hookimpl
    def companies_columns(self) -> Sequence[Column]:
        from .parts import company_values

        see = "transactions.view"
        return [Column(id="transactions_value", label="Value", values=company_values, align="end", permission=see)]

    @hookimpl
    def companies_value(self, work: Work, company_ids: Sequence[int], with_contacts: bool) -> Mapping[int, Any]:
        from .resources import company_records

        return company_records(work, company_ids, with_contacts=with_contacts)

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
