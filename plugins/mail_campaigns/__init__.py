"""Mail campaigns: one text to an audience, each address once, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from crmhost.api import (
    Box,
    BulkAction,
    ConditionType,
    EventHandler,
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
    Work,
)
from crmhost.hooks import hookimpl

_MANAGERS = ("CRM manager", "Mail manager")


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    # --- what it declares ---------------------------------------------------------------------------------------------

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(
                name="mail_campaigns.view",
                label="See campaigns and their figures",
                roles=(*_MANAGERS, "Contacts manager", "Read only"),
            ),
            Permission(name="mail_campaigns.edit", label="Write campaigns", roles=_MANAGERS),
            Permission(name="mail_campaigns.topics", label="Change the topics of campaigns", roles=_MANAGERS),
            Permission(name="mail_campaigns.send", label="Send campaigns", roles=_MANAGERS),
        ]

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        return [
            JournalType(name="mail_campaigns.clicked", label="Link of a campaign clicked", icon="click"),
            JournalType(name="mail_campaigns.opened", label="Campaign opened, it seems", icon="mail-opened"),
            JournalType(name="mail_campaigns.chosen", label="Topics of campaigns chosen", icon="checklist"),
            JournalType(name="mail_campaigns.sequence_added", label="Added to a sequence", icon="mail-forward"),
            JournalType(name="mail_campaigns.sequence_removed", label="Taken out of a sequence", icon="x"),
            JournalType(name="mail_campaigns.sequence_put_back", label="Put back into a sequence", icon="mail-forward"),
            JournalType(name="mail_campaigns.sequence_entered", label="Entered a sequence", icon="mail-forward"),
            JournalType(name="mail_campaigns.sequence_finished", label="Got all mails of a sequence", icon="check"),
            JournalType(name="mail_campaigns.sequence_left", label="Left a sequence", icon="x"),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .opens import SETTING
        from .web import INDEXED

        return [
            Setting(
                key=INDEXED,
                label="Search engines may list the archive",
                kind="boolean",
                default=False,
                help="The archive holds the campaigns that you put there. Off: it tells search engines to leave it alone.",
            ),
            Setting(
                key=SETTING,
                label="Openings may be counted",
                kind="boolean",
                default=False,
                help="Each campaign then decides. Where the law asks for it, have your readers' consent first.",
            ),
        ]

    @hookimpl
    def contact_conditions(self) -> Sequence[ConditionType]:
        from .conditions import types

        return types()

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .api import CampaignsService

        return [Service(name="mail_campaigns", factory=CampaignsService)]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import reviving, running, winning
        from .sequences import walking

        return [
            Job(
                kind="mail_campaigns.plan", handler=running.plan, label="Write down who gets a campaign", run_as="asker"
            ),
            Job(kind="mail_campaigns.begin", handler=running.begin, label="Begin a scheduled campaign", run_as="asker"),
            Job(kind="mail_campaigns.decide", handler=winning.decide, label="Choose the best of several subjects"),
            Job(kind="mail_campaigns.release", handler=winning.release, label="Send the best subject to the rest"),
            Job(
                kind="mail_campaigns.revive",
                handler=reviving.revive,
                label="See that campaigns go on",
                attempts=2,
            ),
            Job(kind="mail_campaigns.look", handler=walking.look, label="Look who enters sequences", attempts=2),
            Job(kind="mail_campaigns.gather", handler=walking.gather, label="Let people enter a sequence"),
            Job(kind="mail_campaigns.walk", handler=walking.walk, label="Send what is due of sequences", attempts=2),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        from .reviving import stalled
        from .sequences import walking

        return [
            Schedule(kind="mail_campaigns.revive", cron="* * * * *", when=stalled),
            Schedule(kind="mail_campaigns.look", cron="*/5 * * * *", when=walking.gathering),
            Schedule(kind="mail_campaigns.walk", cron="* * * * *", when=walking.due),
        ]

    @hookimpl
    def event_handlers(self) -> Sequence[EventHandler]:
        from . import watching, winning
        from .sequences import people

        return [
            EventHandler(event="mailing.done", handler=winning.finished),
            *(
                EventHandler(event=f"mail.{kind}", handler=watching.came_back, name=f"campaign_{kind}")
                for kind in watching.KINDS
            ),
            *(
                EventHandler(event=f"mail.{kind}", handler=people.leaves, name=f"sequence_{kind}")
                for kind in watching.KINDS
            ),
        ]

    # --- pages --------------------------------------------------------------------------------------------------------

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from .choosing import link_to_choices

        return [SlotItem(slot="mail.unsubscribe", render=link_to_choices)]

    @hookimpl
    def contact_boxes(self) -> Sequence[Box]:
        from . import topic_pages
        from .sequences import parts

        return [
            Box(
                id="mail-topics",
                title="Mail topics",
                render=topic_pages.box,
                permission="mail_campaigns.view",
                reads=topic_pages.box_reads,
            ),
            Box(id="mail-sequences", title="Sequences", render=parts.box, permission="mail_campaigns.view"),
        ]

    @hookimpl
    def companies_boxes(self) -> Sequence[Box]:
        from .company_parts import box, box_reads

        return [
            Box(
                id="mail-campaigns",
                title="Mails to its address",
                render=box,
                permission="mail_campaigns.view",
                reads=box_reads,
            )
        ]

    @hookimpl
    def companies_erase(self, work: Work, company_id: int) -> None:
        from .company_parts import forget

        forget(work, company_id)

    @hookimpl
    def contact_bulk_actions(self) -> Sequence[BulkAction]:
        from .sequences import parts

        return [
            BulkAction(
                id="mail_campaigns.add",
                label="Add to sequence",
                run=parts.add_many,
                permission="mail_campaigns.send",
                icon="mail-forward",
                choices=parts.choices,
                order=320,
            )
        ]

    @hookimpl
    def portal_pages(self) -> Sequence[Any]:
        from .portal_pages import page

        return [page()]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Mail campaigns", label=label, endpoint=endpoint, permission=permission, icon=icon, order=order
            )
            for label, endpoint, permission, icon, order in (
                ("All", "mail_campaigns.index", "mail_campaigns.view", "mail-forward", 10),
                ("New campaign", "mail_campaigns.new", "mail_campaigns.edit", "plus", 20),
                ("Sequences", "mail_campaigns.sequences", "mail_campaigns.view", "mail-forward", 40),
                ("Topics", "mail_campaigns.topics", "mail_campaigns.topics", "tags", 200),
            )
        ]

    @hookimpl
    def quick_actions(self) -> Sequence[QuickAction]:
        return [
            QuickAction(
                label="New campaign",
                endpoint="mail_campaigns.new",
                permission="mail_campaigns.edit",
                icon="mail-forward",
                order=60,
            )
        ]

    @hookimpl
    def search(self) -> Sequence[SearchProvider]:
        from .parts import find
        from .sequences import parts as sequences

        return [
            SearchProvider(label="Mail campaigns", find=find, permission="mail_campaigns.view", order=60),
            SearchProvider(label="Sequences", find=sequences.find, permission="mail_campaigns.view", order=62),
        ]

    @hookimpl
    def record_kinds(self) -> Sequence[RecordKind]:
        from . import parts, services
        from .models import KIND, SEQUENCE
        from .sequences import parts as sequences
        from .sequences import services as sequence_services

        return [
            RecordKind(
                name=KIND,
                label="Campaign",
                get=services.get,
                titles=parts.titles,
                endpoint="mail_campaigns.page",
                argument="campaign_id",
                permission="mail_campaigns.view",
                edit="mail_campaigns.edit",
                find=parts.picked,
            ),
            RecordKind(
                name=SEQUENCE,
                label="Sequence",
                get=sequence_services.get,
                titles=sequences.titles,
                endpoint="mail_campaigns.sequence",
                argument="sequence_id",
                permission="mail_campaigns.view",
                edit="mail_campaigns.edit",
                find=sequences.picked,
            ),
        ]

    # --- the REST API -------------------------------------------------------------------------------------------------

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint
        from .sequences.resources import blueprint as sequences

        return [blueprint, sequences]

    @hookimpl
    def rest_api_event_data(
        self, work: Work, event: str, ids: Sequence[int], told: Mapping[str, Any]
    ) -> Mapping[int, Mapping[str, Any]] | None:
        from . import resources
        from .sequences import resources as sequences

        found = sequences.event_data(work, event, ids, told)
        return resources.event_data(work, event, ids) if found is None else found

    @hookimpl
    def segments_used(self, work: Work, segment_ids: Sequence[int]) -> Sequence[Any]:
        from .uses import of_segments

        return of_segments(work, segment_ids)

    @hookimpl
    def mail_pictures(self, work: Work, file_ids: Sequence[int]) -> Collection[int]:
        from .uses import of_pictures

        return of_pictures(work, file_ids)

    # --- people -------------------------------------------------------------------------------------------------------

    @hookimpl
    def contact_personal_data(self, work: Work, contact_id: int) -> Any:
        from .privacy import told_of

        return told_of(work, contact_id)

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .privacy import forget

        forget(work, contact_id)
