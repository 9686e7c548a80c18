"""Probe one: scores for contacts, by every kind of extension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost import api
from crmhost.api import Change, Health, Work
from crmhost.hooks import hookimpl

EDITORS = ("CRM manager", "Contacts manager")


class Plugin:
    """Declares everything; the work is done in the modules beside."""

    # --- pages, API, commands ---

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint

        return [blueprint]

    @hookimpl
    def api_mounts(self) -> Sequence[api.ApiMount]:
        from .resources import admit, problem

        return [api.ApiMount(prefix="/api/probe", before=admit, problem=problem)]

    @hookimpl
    def page_mounts(self) -> Sequence[api.PageMount]:
        from .guests import around, problem

        return [api.PageMount(hook="probe_one_guest_pages", around=around, problem=problem)]

    @hookimpl
    def cli_commands(self) -> Sequence[Any]:
        from .commands import group

        return [group]

    @hookimpl
    def webhooks(self) -> Sequence[api.Webhook]:
        from .exchange import receive

        return [api.Webhook(name="probe-one", handler=receive)]

    # --- who may, and how it is set ---

    @hookimpl
    def permissions(self) -> Sequence[api.Permission]:
        return [
            api.Permission(name="probe_one.view", label="See scores", roles=(*EDITORS, "Read only")),
            api.Permission(name="probe_one.edit", label="Give scores", roles=EDITORS),
        ]

    @hookimpl
    def settings(self) -> Sequence[api.Setting]:
        from .settings import declared

        return declared()

    # --- parts of pages of the core ---

    @hookimpl
    def mail_blocks(self) -> Sequence[api.MailBlock]:
        from .parts import score_block

        return [score_block()]

    @hookimpl
    def menu(self) -> Sequence[api.MenuItem]:
        return [api.MenuItem(place="Contacts", label="Scores", endpoint="probe_one.index", permission="probe_one.view")]

    @hookimpl
    def quick_actions(self) -> Sequence[dict[str, Any]]:
        return [{"label": "Score of a probe", "endpoint": "probe_one.index", "permission": "probe_one.edit"}]

    @hookimpl
    def dashboard_widgets(self) -> Sequence[api.Widget]:
        from .parts import slow_widget, widget

        return [
            api.Widget(id="probe", title="Probe widget", render=widget, permission="probe_one.view"),
            api.Widget(id="late", title="Late widget", render=slow_widget, permission="probe_one.view", lazy=True),
        ]

    @hookimpl
    def dashboard_totals(self) -> Sequence[api.Total]:
        from .parts import total

        return [api.Total(label="Probe points", value=total, endpoint="probe_one.index", permission="probe_one.view")]

    @hookimpl
    def setup_steps(self) -> Sequence[api.SetupStep]:
        from .parts import scored

        return [api.SetupStep(label="Score a probe", endpoint="probe_one.index", done=scored)]

    @hookimpl
    def contact_vitals(self) -> Sequence[api.Vital]:
        from .parts import vital

        return [api.Vital(id="probe_one", label="Probe points", value=vital, permission="probe_one.view")]

    @hookimpl
    def contact_boxes(self) -> Sequence[api.Box]:
        from .parts import box

        return [api.Box(id="probe_one", title="Probe box", render=box, permission="probe_one.view")]

    @hookimpl
    def contact_tabs(self) -> Sequence[api.Tab]:
        from .parts import tab, tab_count

        return [
            api.Tab(id="probe_one", title="Probe tab", render=tab, count=tab_count, permission="probe_one.view"),
        ]

    @hookimpl
    def record_tabs(self) -> Sequence[api.RecordTab]:
        from .parts import any_tab, any_tab_count

        return [api.RecordTab(id="probe_any", title="Probe of all", render=any_tab, count=any_tab_count)]

    @hookimpl
    def contact_columns(self) -> Sequence[api.Column]:
        from .parts import column

        return [
            api.Column(
                id="probe_one",
                label="Probe column",
                values=column,
                align="end",
                permission="probe_one.view",
                shown=True,
            )
        ]

    @hookimpl
    def contact_filters(self) -> Sequence[api.Filter]:
        from .parts import amounts, at_least

        return [api.Filter(id="probe_one", label="Probe filter", condition=at_least, choices=amounts)]

    @hookimpl
    def contact_conditions(self) -> Sequence[api.ConditionType]:
        from .parts import asked_points, points_of

        return [
            api.ConditionType(
                id="probe_one_points",
                label="Probe points",
                kind="count",
                zero=True,
                where=asked_points,
                values=points_of,
            )
        ]

    @hookimpl
    def contact_form_parts(self) -> Sequence[api.FormPart]:
        from .parts import form_fields, save_form

        return [
            api.FormPart(id="points", title="Probe", fields=form_fields, save=save_form, permission="probe_one.edit")
        ]

    @hookimpl
    def contact_bulk_actions(self) -> Sequence[api.BulkAction]:
        from .parts import amounts, give_many

        return [
            api.BulkAction(
                id="probe_one", label="Probe points", run=give_many, permission="probe_one.edit", choices=amounts
            )
        ]

    @hookimpl
    def slots(self) -> Sequence[api.SlotItem]:
        from .parts import composer, slot

        return [
            api.SlotItem(slot="page.end", render=slot, permission="probe_one.view"),
            api.SlotItem(slot="journal.composer", render=composer, permission="probe_one.edit"),
        ]

    @hookimpl
    def assets(self) -> Sequence[api.Asset]:
        return [api.Asset(path="probe.css"), api.Asset(path="probe.js", pages=("probe_one.index",))]

    @hookimpl
    def journal_types(self) -> Sequence[api.JournalType]:
        return [api.JournalType(name="probe_one.scored", label="Scored", icon="flask", contact=True)]

    @hookimpl
    def custom_field_objects(self) -> Sequence[api.FieldObject]:
        from .models import Score

        return [api.FieldObject(name="probe_one_score", label="Probe scores", model=Score)]

    @hookimpl
    def record_kinds(self) -> Sequence[api.RecordKind]:
        from . import services

        return [
            api.RecordKind(
                name="probe_one_score",
                label="Score",
                get=services.get,
                titles=services.titles,
                endpoint="probe_one.score",
                argument="score_id",
                permission="probe_one.view",
                edit="probe_one.edit",
                parts="probe_one_score",
            )
        ]

    @hookimpl
    def probe_one_score_vitals(self) -> Sequence[api.Vital]:
        return [api.Vital(id="points", label="Points", value=lambda _work, score: str(score.points))]

    @hookimpl
    def search(self) -> Sequence[api.SearchProvider]:
        from .parts import find

        return [api.SearchProvider(label="Probe hits", find=find, permission="probe_one.view")]

    # --- in the background, in and out ---

    @hookimpl
    def jobs(self) -> Sequence[api.Job]:
        from .jobs import recount

        return [api.Job(kind="probe_one.recount", handler=recount, label="Count scores anew")]

    @hookimpl
    def schedules(self) -> Sequence[api.Schedule]:
        return [api.Schedule(kind="probe_one.recount", cron="0 3 * * *")]

    @hookimpl
    def event_handlers(self) -> Sequence[api.EventHandler]:
        from .jobs import on_contact_created

        return [api.EventHandler(event="contact.created", handler=on_contact_created)]

    @hookimpl
    def importers(self) -> Sequence[api.Importer]:
        from . import exchange

        return [
            api.Importer(
                kind="probe_scores",
                label="Scores of probe one",
                fields=exchange.fields,
                save=exchange.save,
                undo=exchange.undo,
                permission="probe_one.edit",
            )
        ]

    @hookimpl
    def exporters(self) -> Sequence[api.Exporter]:
        from . import exchange

        return [
            api.Exporter(
                kind="probe_scores",
                label="Scores of probe one",
                columns=exchange.columns,
                rows=exchange.rows,
                permission="probe_one.view",
            )
        ]

    @hookimpl
    def health_checks(self) -> Sequence[api.HealthCheck]:
        return [
            api.HealthCheck(
                id="probe_one", label="Probe one", check=lambda _work: Health(level="ok", message="Probing")
            )
        ]

    @hookimpl
    def services(self) -> Sequence[api.Service]:
        from .services import Scores

        return [api.Service(name="probe_one", factory=Scores)]

    @hookimpl
    def hookspecs(self) -> Sequence[Any]:
        from . import hooks

        return [hooks]

    # --- its life ---

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from .services import rebuild

        rebuild(work)

    @hookimpl
    def on_disable(self, work: Work) -> None:
        work.audit("probe_one.said_goodbye", "plugin", "probe_one")

    @hookimpl
    def on_purge(self, work: Work) -> None:
        work.audit("probe_one.said_farewell", "plugin", "probe_one")

    @hookimpl
    def rebuild(self, work: Work) -> None:
        from .services import rebuild

        rebuild(work)

    @hookimpl
    def demo_data(self, work: Work, contact_ids: Sequence[int]) -> None:
        from .services import give_many

        give_many(work, contact_ids, 1)

    @hookimpl
    def demo_records(self, work: Work, kind: str, number: int, start: int) -> int | None:
        from .services import give_many

        return give_many(work, range(start + 1, start + number + 1), 1) if kind == "points" else None

    # --- while something changes ---

    @hookimpl
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from .services import follow

        follow(work, changes)

    @hookimpl(order=200)
    def contact_prepare(self, value: dict[str, Any]) -> dict[str, Any]:
        from .services import prepare

        return prepare(value)

    @hookimpl
    def contact_before_delete(self, work: Work, contact_ids: Sequence[int]) -> None:
        from .services import keep

        keep(work, contact_ids)

    @hookimpl
    def journal_entry_added(self, work: Work, entry: api.JournalEntry, values: Mapping[str, str]) -> None:
        from .services import follow_up

        follow_up(work, entry, values)

    @hookimpl
    def contacts_merged(self, work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
        from .services import merged

        merged(work, winner_id, loser_ids)

    @hookimpl
    def contacts_unmerged(self, work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
        from .services import unmerged

        unmerged(work, winner_id, loser_ids)

    @hookimpl
    def mail_pictures(self, work: Work, file_ids: Sequence[int]) -> Sequence[int]:
        from .services import pictures

        return pictures(work, file_ids)

    @hookimpl
    def contact_personal_data(self, work: Work, contact_id: int) -> Any:
        from .services import personal_data

        return personal_data(work, contact_id)

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .services import erase

        erase(work, contact_id)

    # --- who may do what ---

    @hookimpl
    def file_access(self, work: Work, action: str) -> bool:
        return work.can("probe_one.view" if action == "open" else "probe_one.edit")
