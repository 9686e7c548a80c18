"""Segments: what they add to the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from crmhost.api import (
    Asset,
    Column,
    ConditionType,
    Filter,
    Job,
    MenuItem,
    Permission,
    QuickAction,
    Schedule,
    Service,
    Work,
)
from crmhost.hooks import hookimpl

_MANAGERS = ("CRM manager", "Contacts manager", "Mail manager")
_READERS = (*_MANAGERS, "Quotes manager", "Invoices manager", "Transactions manager", "Read only")


class Plugin:
    """Declares the pages, the filter and column of the list of contacts, and the API."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="segments.view", label="See and use segments", roles=_READERS, order=10),
            Permission(name="segments.edit", label="Make segments, and change one's own", roles=_MANAGERS, order=20),
            Permission(
                name="segments.manage",
                label="Change and delete the segments of others",
                roles=("CRM manager",),
                order=30,
            ),
        ]

    @hookimpl
    def contact_conditions(self) -> Sequence[ConditionType]:
        from .nested import types

        return types()

    @hookimpl
    def demo_data(self, work: Work) -> None:
        from .demo import add

        add(work)

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Contacts", label="Segments", endpoint="segments.index", permission="segments.view", order=30
            )
        ]

    @hookimpl
    def quick_actions(self) -> Sequence[QuickAction]:
        return [
            QuickAction(
                label="Add segment", endpoint="segments.new", permission="segments.edit", icon="chart-pie", order=30
            )
        ]

    @hookimpl
    def assets(self) -> Sequence[Asset]:
        names = ("new", "edit", "page", "explain")
        return [Asset(path="segments.css", pages=[f"segments.{name}" for name in names])]

    @hookimpl
    def contact_columns(self) -> Sequence[Column]:
        from .pages import segment_cells

        return [
            Column(id="segments.names", label="Segments", values=segment_cells, permission="segments.view", order=200)
        ]

    @hookimpl
    def contact_filters(self) -> Sequence[Filter]:
        from .lists import in_segment
        from .nested import choices

        return [
            Filter(id="segment", label="Segment", condition=in_segment, choices=choices, permission="segments.view")
        ]

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint

        return [blueprint]

    @hookimpl
    def rest_api_event_data(self, work: Work, event: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
        from .shapes import event_data

        return event_data(work, event, ids)

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .sizes import measure

        return [Job(kind="segments.measure", handler=measure, label="Count all segments")]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="segments.measure", cron="13 2 * * *")]

    @hookimpl
    def hookspecs(self) -> Sequence[ModuleType]:
        from . import hooks

        return [hooks]

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .offered import SegmentsService

        return [Service(name="segments", factory=SegmentsService)]
