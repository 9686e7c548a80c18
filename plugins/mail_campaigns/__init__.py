"""Mail campaigns: one text to an audience, each address once, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.api import EventHandler, Job, Permission, Service
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
            Permission(name="mail_campaigns.send", label="Send campaigns", roles=_MANAGERS),
        ]

    @hookimpl
    def services(self) -> Sequence[Service]:
        from .api import CampaignsService

        return [Service(name="mail_campaigns", factory=CampaignsService)]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import running

        return [
            Job(
                kind="mail_campaigns.plan", handler=running.plan, label="Write down who gets a campaign", run_as="asker"
            ),
            Job(kind="mail_campaigns.begin", handler=running.begin, label="Begin a scheduled campaign", run_as="asker"),
        ]

    @hookimpl
    def event_handlers(self) -> Sequence[EventHandler]:
        from . import running, watching

        return [
            EventHandler(event="mailing.done", handler=running.finished),
            *(
                EventHandler(event=f"mail.{kind}", handler=watching.came_back, name=f"campaign_{kind}")
                for kind in watching.KINDS
            ),
        ]
