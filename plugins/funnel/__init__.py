"""The funnel: how far contacts get, status by status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import Change, Filter, Job, MenuItem, Permission, Setting, Widget, Work
from crmhost.hooks import hookimpl


class Plugin:
    """Declares the page, the widget, the setting and the API of the funnel."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        managers = [f"{name} manager" for name in ("CRM", "Contacts", "Quotes", "Invoices", "Transactions", "Mail")]
        return [Permission(name="funnel.view", label="See the funnel", roles=(*managers, "Read only"))]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .settings import declared
        from .stays import COUNTED

        return [*declared(), Setting(key=COUNTED, kind="boolean", default=False, hidden=True)]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .flows import fold
        from .stays import count

        return [
            Job(kind="funnel.count", handler=count, label="Count for the funnel"),
            Job(kind="funnel.fold", handler=fold, label="Put the sums of the funnel together"),
        ]

    @hookimpl
    def contact_filters(self) -> Sequence[Filter]:
        from .actual import entered_condition

        return [
            Filter(id="funnel_entered", label="Entered a status", condition=entered_condition, permission="funnel.view")
        ]

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Analytics", label="Funnel", endpoint="funnel.index", permission="funnel.view", order=50)
        ]

    @hookimpl
    def dashboard_widgets(self) -> Sequence[Widget]:
        from .routes import render_widget

        return [
            Widget(
                id="funnel",
                title="Where do contacts stop?",
                render=render_widget,
                endpoint="funnel.index",
                permission="funnel.view",
                span=6,
                order=20,
            )
        ]

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from .settings import catch_up
        from .stays import begin

        catch_up(work)
        begin(work)

    @hookimpl
    def rebuild(self, work: Work) -> None:
        from .stays import begin

        begin(work)

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .stays import forget

        forget(work, contact_id)

    @hookimpl
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from . import settings, stays

        settings.follow(work, changes)
        stays.follow(work, changes)
