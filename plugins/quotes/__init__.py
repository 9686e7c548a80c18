"""Quotes: written by templates, sent by a link, accepted with a certificate, turned into invoices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import Change, FieldObject, Job, JournalType, Permission, Schedule, Service, Setting, Work
from crmhost.hooks import hookimpl

_MANAGERS = ("CRM manager", "Quotes manager")


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    # --- what it declares ---------------------------------------------------------------------------------------------

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="quotes.view", label="See quotes", roles=(*_MANAGERS, "Invoices manager", "Read only")),
            *(
                Permission(name=f"quotes.{name}", label=label, roles=_MANAGERS)
                for name, label in (
                    ("edit", "Write quotes"),
                    ("send", "Send quotes"),
                    ("delete", "Delete quotes"),
                    ("export", "Export quotes"),
                    ("templates", "Write templates of quotes"),
                )
            ),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .settings import declared

        return declared()

    @hookimpl
    def custom_field_objects(self) -> Sequence[FieldObject]:
        from .models import KIND, Quote

        return [FieldObject(name=KIND, label="Quotes", model=Quote)]

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        names = {
            "sent": ("Quote sent", "send"),
            "viewed": ("Quote viewed", "file-description"),
            "accepted": ("Quote accepted", "file-description"),
            "declined": ("Quote declined", "file-description"),
            "expired": ("Quote expired", "file-description"),
        }
        return [JournalType(name=f"quotes.{name}", label=label, icon=icon) for name, (label, icon) in names.items()]

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .api import QuotesService

        return [Service(name="quotes", factory=QuotesService)]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs

        return [
            Job(kind="quotes.expire", handler=jobs.expire, label="Quotes whose last day is over"),
            Job(kind="quotes.empty_bin", handler=jobs.empty_bin, label="Empty the bin of quotes"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        from .states import has_late

        return [
            Schedule(kind="quotes.expire", cron="7 * * * *", when=has_late),
            Schedule(kind="quotes.empty_bin", cron="53 3 * * *"),
        ]

    # --- its life -----------------------------------------------------------------------------------------------------

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from .templating import first_start

        first_start(work)

    @hookimpl
    def within(self, work: Work, changes: Sequence[Change]) -> None:
        from .telling import follow

        follow(work, changes)

    # --- people -------------------------------------------------------------------------------------------------------

    @hookimpl
    def contact_personal_data(self, work: Work, contact_id: int) -> Any:
        from .privacy import told_of

        return told_of(work, contact_id)

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .privacy import forget

        forget(work, contact_id)
