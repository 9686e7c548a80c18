"""Syncs: connections to shops and payment providers, and what their records become. Sources are plugins of their own."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from crmhost.api import EventHandler, Job, MenuItem, Permission, Schedule, Work
from crmhost.hooks import hookimpl

_MANAGERS = ("CRM manager",)


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="syncs.view", label="See syncs and how far they are", roles=_MANAGERS),
            Permission(
                name="syncs.edit",
                label="Connect shops and payment providers, and change what their records become",
                roles=_MANAGERS,
            ),
        ]

    @hookimpl
    def hookspecs(self) -> Sequence[ModuleType]:
        from . import hooks

        return [hooks]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import invoicing, jobs

        return [
            Job(kind="syncs.run", handler=jobs.run, label="Read a shop or payment provider"),
            Job(kind="syncs.receive", handler=jobs.receive, label="Deal with what webhooks told"),
            Job(kind="syncs.catch_up", handler=jobs.catch_up, label="Look for changes of all connections"),
            Job(kind="syncs.retry", handler=jobs.retry, label="Try records that were set aside again"),
            Job(kind="syncs.remap", handler=jobs.remap, label="Apply a mapping of statuses"),
            Job(kind="syncs.invoices", handler=invoicing.run, label="Make invoices of sales"),
            Job(kind="syncs.reconcile", handler=jobs.reconcile, label="Compare with the other side"),
            Job(kind="syncs.compare", handler=jobs.compare, label="Look which connections are to be compared"),
            Job(kind="syncs.repair", handler=jobs.repair, label="Fetch records that differ"),
            Job(kind="syncs.watch", handler=jobs.watch, label="Look at the webhooks of all connections"),
        ]

    @hookimpl
    def event_handlers(self) -> Sequence[EventHandler]:
        from .billing import issued

        return [EventHandler(event="invoice.issued", handler=issued)]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        from .connections import any_on

        return [
            Schedule(kind="syncs.catch_up", cron="*/15 * * * *", when=any_on),
            Schedule(kind="syncs.watch", cron="23 5 * * *", when=any_on),
            Schedule(kind="syncs.compare", cron="41 3 * * *", when=any_on),
        ]

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [MenuItem(place="Settings", label="Syncs", endpoint="syncs.index", permission="syncs.view")]

    @hookimpl
    def sales_dashboard_subscriptions(self, work: Work) -> Any:
        from .subscriptions import terms

        return terms(work)

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .privacy import forget

        forget(work, contact_id)

    @hookimpl
    def contact_personal_data(self, work: Work, contact_id: int) -> Any:
        from .privacy import told_of

        return told_of(work, contact_id)
