"""Companies: what they add to the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from crmhost.api import (
    Box,
    Column,
    ConditionType,
    Exporter,
    FieldObject,
    Filter,
    FormPart,
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
    Vital,
    Work,
)
from crmhost.hooks import hookimpl

_MANAGERS = ("CRM manager", "Contacts manager")
_READERS = (*_MANAGERS, "Quotes manager", "Invoices manager", "Transactions manager", "Mail manager", "Read only")


class Plugin:
    """Declares the pages, the parts of contacts' pages, import and export, and the API of companies."""

    # --- who may do what, and what is set --------------------------------------------------------------------------------

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="companies.view", label="See companies", roles=_READERS, order=10),
            Permission(name="companies.edit", label="Add and change companies", roles=_MANAGERS, order=20),
            Permission(name="companies.delete", label="Delete and restore companies", roles=_MANAGERS, order=30),
            Permission(name="companies.export", label="Export companies", roles=_MANAGERS, order=40),
            Permission(
                name="companies.statuses", label="Change the company statuses", roles=("CRM manager",), order=50
            ),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .values import WITH_CONTACTS

        return [
            Setting(
                key=WITH_CONTACTS,
                label="The value of a company includes that of its people",
                kind="boolean",
                default=False,
                help="Otherwise only what belongs to the company itself counts.",
            )
        ]

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from .statuses import first_start

        first_start(work)

    @hookimpl
    def demo_data(self, work: Work, contact_ids: Sequence[int], seed: int) -> None:
        from .demo import add

        add(work, contact_ids, seed)

    # --- pages -----------------------------------------------------------------------------------------------------------

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Companies",
                label="Companies",
                endpoint="companies.index",
                permission="companies.view",
                icon="building",
            )
        ]

    @hookimpl
    def quick_actions(self) -> Sequence[QuickAction]:
        return [
            QuickAction(
                label="Add company",
                endpoint="companies.new",
                permission="companies.edit",
                icon="building-plus",
                order=20,
            )
        ]

    @hookimpl
    def search(self) -> Sequence[SearchProvider]:
        from .parts import find

        return [SearchProvider(label="Companies", find=find, permission="companies.view", order=20)]

    @hookimpl
    def record_kinds(self) -> Sequence[RecordKind]:
        from . import mass, parts, services
        from .models import KIND

        return [
            RecordKind(
                name=KIND,
                label="Company",
                get=services.get,
                titles=services.titles,
                endpoint="companies.page",
                argument="company_id",
                permission="companies.view",
                edit="companies.edit",
                parts="companies",
                tag=mass.tag,
                find=parts.picked,
                make=lambda work, name: services.create(work, {"name": name}).id,
            )
        ]

    @hookimpl
    def companies_vitals(self) -> Sequence[Vital]:
        from .parts import vitals

        return vitals()

    @hookimpl
    def contact_conditions(self) -> Sequence[ConditionType]:
        from .conditions import types

        return types()

    @hookimpl
    def custom_field_objects(self) -> Sequence[FieldObject]:
        from .models import KIND, Company
        from .services import renew, search_anew

        return [FieldObject(name=KIND, label="Companies", model=Company, renewed=renew, searched=search_anew)]

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        from .members import JOINED, LEFT

        return [
            JournalType(name=JOINED, label="Joined a company", icon="building"),
            JournalType(name=LEFT, label="Left a company", icon="building"),
        ]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from .status_pages import overview

        return [SlotItem(slot="settings.field_options", render=overview, permission="companies.statuses")]

    # --- the pages of contacts -------------------------------------------------------------------------------------------

    @hookimpl
    def contact_vitals(self) -> Sequence[Vital]:
        from .parts import main_company

        return [Vital(id="company", label="Company", value=main_company, permission="companies.view", order=200)]

    @hookimpl
    def contact_boxes(self) -> Sequence[Box]:
        from .parts import contact_box

        return [Box(id="companies", title="Companies", render=contact_box, permission="companies.view")]

    @hookimpl
    def contact_columns(self) -> Sequence[Column]:
        from .parts import company_cells

        return [Column(id="companies.company", label="Company", values=company_cells, permission="companies.view")]

    @hookimpl
    def contact_filters(self) -> Sequence[Filter]:
        from .parts import of_company

        return [
            Filter(id="company", label="Company", condition=of_company, permission="companies.view", record="company")
        ]

    @hookimpl
    def contact_form_parts(self) -> Sequence[FormPart]:
        from .parts import form_fields, save_form

        return [
            FormPart(id="companies", title="Companies", fields=form_fields, save=save_form, permission="companies.view")
        ]

    @hookimpl
    def contact_personal_data(self, work: Work, contact_id: int) -> Any:
        from .members import told_of

        return told_of(work, contact_id)

    @hookimpl
    def contacts_merged(self, work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
        from .members import tidy

        tidy(work, [winner_id, *loser_ids])

    # --- mails -----------------------------------------------------------------------------------------------------------

    @hookimpl
    def mail_placeholders(self, work: Work) -> Sequence[tuple[str, str]]:
        from .placeholders import labels

        return labels(work) if work.can("companies.view") else ()

    @hookimpl
    def mail_values(self, work: Work, object_type: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
        from .placeholders import mail_values

        return mail_values(work, object_type, ids)

    # --- data in and out -------------------------------------------------------------------------------------------------

    @hookimpl
    def importers(self) -> Sequence[Importer]:
        from . import exchange

        return [
            Importer(
                kind="companies",
                label="Companies",
                fields=exchange.fields,
                save=exchange.save,
                undo=exchange.undo,
                new_field=exchange.new_field,
                match_by=("name", "email", "external_id"),
                permission="companies.edit",
            )
        ]

    @hookimpl
    def exporters(self) -> Sequence[Exporter]:
        from . import exchange

        return [
            Exporter(
                kind="companies",
                label="Companies",
                columns=exchange.columns,
                rows=exchange.rows,
                permission="companies.export",
            )
        ]

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint, status_blueprint

        return [blueprint, status_blueprint]

    @hookimpl
    def rest_api_event_data(self, work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
        from .resources import event_data

        return event_data(work, event, ids)

    @hookimpl
    def hookspecs(self) -> Sequence[ModuleType]:
        from . import hooks

        return [hooks]

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .offered import CompaniesService

        return [Service(name="companies", factory=CompaniesService)]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .jobs import empty_bin

        return [Job(kind="companies.empty_bin", handler=empty_bin, label="Empty the bin of companies")]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="companies.empty_bin", cron="41 3 * * *")]
