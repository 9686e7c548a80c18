"""Invoices: what customers owe, and what they paid of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import Change, FieldObject, Job, Permission, Schedule, Service, Setting, Work
from crmhost.hooks import hookimpl

_MANAGERS = ("CRM manager", "Invoices manager")


class Plugin:
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
    def custom_field_objects(self) -> Sequence[FieldObject]:
        from .models import KIND, Invoice

        return [FieldObject(name=KIND, label="Invoices", model=Invoice)]

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .api import InvoicesService

        return [Service(name="invoices", factory=InvoicesService)]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs

        return [
            Job(kind="invoices.days", handler=jobs.keep_days, label="Overdue and recurring invoices"),
            Job(kind="invoices.recount", handler=jobs.recount, label="Count what is owed"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        from .paying import has_work

        return [Schedule(kind="invoices.days", cron="2 * * * *", when=has_work)]

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
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from .paying import follow

        follow(work, changes)

    # --- for the value of customers -----------------------------------------------------------------------------------

    @hookimpl
    def transactions_value_parts(self, work: Work, object_type: str, ids: Sequence[int]) -> Sequence[Any]:
        from .paying import parts_of

        return parts_of(work, object_type, ids)

    @hookimpl
    def transactions_value_owners(self, work: Work, object_type: str, after: int, limit: int) -> Sequence[int]:
        from .paying import owners_after

        return owners_after(work, object_type, after, limit)

    @hookimpl
    def transactions_invoices(self, work: Work, ids: Sequence[int]) -> Sequence[Any]:
        from .api import InvoicesService

        return InvoicesService(work).owners(ids)
