"""The sales dashboard: what was sold, over any period, and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from crmhost.api import Change, Filter, Job, MenuItem, Permission, Schedule, Setting, Widget, Work
from crmhost.hooks import hookimpl

_READERS = ("CRM manager", "Transactions manager", "Invoices manager", "Read only")
_KEEPERS = ("CRM manager", "Transactions manager")


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="sales_dashboard.view", label="See the sales dashboard", roles=_READERS),
            Permission(name="sales_dashboard.fees", label="Add and change other fees", roles=_KEEPERS),
            Permission(name="sales_dashboard.goals", label="Set goals of sales", roles=_KEEPERS),
        ]

    @hookimpl
    def hookspecs(self) -> Sequence[ModuleType]:
        from . import hooks

        return [hooks]

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .resources import blueprint

        return [blueprint]

    # --- pages --------------------------------------------------------------------------------------------------------

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .settings import declared
        from .summing import FRESH, WITH_COMPANIES

        kept = [Setting(key=key, kind="boolean", default=False, hidden=True) for key in (FRESH, WITH_COMPANIES)]
        return [*declared(), *kept]

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Analytics",
                label="Sales dashboard",
                endpoint="sales_dashboard.index",
                permission="sales_dashboard.view",
                order=10,
            )
        ]

    @hookimpl
    def dashboard_widgets(self) -> Sequence[Widget]:
        from .parts import widget

        return [
            Widget(
                id="sales",
                title="How are sales going?",
                render=widget,
                endpoint="sales_dashboard.index",
                permission="sales_dashboard.view",
                span=6,
                lazy=True,
                order=25,
            )
        ]

    @hookimpl
    def transactions_transaction_filters(self) -> Sequence[Filter]:
        from . import figures, firsts, parts

        return [
            Filter(
                id=firsts.FILTER,
                label="First sale of a customer",
                condition=figures.first_sales,
                choices=parts.first_sales,
                permission="sales_dashboard.view",
            )
        ]

    # --- what is kept, and what is sent -------------------------------------------------------------------------------

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import report, summing

        return [
            Job(kind="sales_dashboard.sums", handler=summing.run, label="Sum up days of the sales dashboard"),
            Job(kind="sales_dashboard.rebuild", handler=summing.run_rebuild, label="Make the sales dashboard anew"),
            Job(kind="sales_dashboard.look", handler=summing.look, label="Look after the sums of the sales dashboard"),
            Job(kind="sales_dashboard.report", handler=report.send, label="Send the reports of the sales dashboard"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        from .report import any_chosen

        return [
            Schedule(kind="sales_dashboard.look", cron="23 * * * *"),
            Schedule(kind="sales_dashboard.report", cron="10 6 * * *", when=any_chosen),
        ]

    @hookimpl
    def cli_commands(self) -> Sequence[Any]:
        from .commands import commands

        return [commands]

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from .summing import rebuild

        rebuild(work)

    @hookimpl
    def rebuild(self, work: Work) -> None:
        from .summing import rebuild

        rebuild(work)

    @hookimpl
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from .keeping import follow

        follow(work, changes)

    @hookimpl
    def transactions_counted(self, work: Work, changes: Sequence[Change]) -> None:
        from .keeping import follow_transactions

        follow_transactions(work, changes)

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .keeping import before_erasing

        before_erasing(work, contact_id)
