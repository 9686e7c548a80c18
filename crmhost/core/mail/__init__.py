"""Mail: accounts, templates, mails to one contact, the log of what became of them, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import (
    HealthCheck,
    Job,
    JournalType,
    MailBlock,
    MenuItem,
    Permission,
    Schedule,
    Setting,
    SlotItem,
    Webhook,
)
from ...hooks import hookimpl
from ...work.unit import Work

_WRITERS = (
    "CRM manager",
    "Contacts manager",
    "Quotes manager",
    "Invoices manager",
    "Transactions manager",
    "Mail manager",
)
_MANAGERS = ("CRM manager", "Mail manager")


class Plugin:
    """Declares pages, settings, the job that sends, and the ways by which reports come in."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Mail campaigns",
                label="Templates",
                endpoint="mail.templates",
                permission="mail.templates",
                order=300,
            ),
            MenuItem(place="Settings", label="Mail", endpoint="mail.home", permission="mail.log", order=40),
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="mail.send", label="Send mail to contacts", roles=_WRITERS),
            Permission(name="mail.templates", label="Change mail templates", roles=_MANAGERS),
            Permission(name="mail.html", label="Write HTML into blocks of mails", roles=_MANAGERS),
            Permission(name="mail.log", label="Read the log of mails", roles=_MANAGERS),
            Permission(name="mail.clear", label="Allow mail again to blocked addresses", roles=_MANAGERS),
            Permission(name="mail.accounts", label="Change mail accounts", roles=("CRM manager",)),
            Permission(name="mail.bounces", label="Hand in reports of mail servers", roles=("CRM manager",)),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .settings import SETTINGS

        return SETTINGS

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        return [
            JournalType(name="mail.sent", label="E-mail sent", icon="mail", contact=True, order=260),
            JournalType(name="mail.logged", label="E-mail kept, not sent", icon="mail-off", order=261),
            JournalType(name="mail.bounced", label="E-mail came back", icon="mail-x", order=262),
            JournalType(name="mail.complained", label="Complaint about an e-mail", icon="mail-exclamation", order=263),
            JournalType(name="mail.unsubscribed", label="Unsubscribed", icon="mail-off", order=264),
        ]

    @hookimpl
    def mail_blocks(self) -> Sequence[MailBlock]:
        from .block_types import TYPES

        return TYPES

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import followed, lanes, mailings
        from .jobs import poll, sweep
        from .sending import send

        return [
            Job(kind="mail.send", handler=send, label="Send a mail", attempts=8),
            Job(kind="mail.lane", handler=lanes.send, label="Send a mailing", attempts=8),
            Job(kind="mail.revive", handler=mailings.revive, label="See that mailings go on", attempts=2),
            Job(kind="mail.poll", handler=poll, label="Read the mailbox for returned mails", attempts=2),
            Job(kind="mail.follow", handler=followed.run, label="Follow the links of a mail", attempts=2),
            Job(kind="mail.sweep", handler=sweep, label="Remove pictures that no mail shows", attempts=3),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        from .jobs import polls
        from .mailings import sending

        return [
            Schedule(kind="mail.revive", cron="* * * * *", when=sending),
            Schedule(kind="mail.poll", cron="*/5 * * * *", when=polls),
            Schedule(kind="mail.sweep", cron="20 3 * * *"),
        ]

    @hookimpl
    def webhooks(self) -> Sequence[Webhook]:
        from .jobs import webhook

        return [Webhook(name="mail", handler=webhook)]

    @hookimpl
    def cli_commands(self) -> Sequence[Any]:
        from .commands import mail

        return [mail]

    @hookimpl
    def file_access(self, work: Work, file: Any, action: str) -> bool | None:  # as the hook calls it
        if action == "store":
            return work.can("mail.send")
        # A picture of a template belongs to all who send it; what is about a contact does not.
        shared = file.contact_id is None and file.media_type.startswith("image/") and work.can("mail.send")
        return True if action == "open" and (shared or work.can("mail.log")) else None

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .counting import forget

        forget(work, contact_id)

    @hookimpl
    def health_checks(self) -> Sequence[HealthCheck]:
        from .log import check

        return [HealthCheck(id="mail.sending", label="Mail", check=check)]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from . import parts

        return [
            SlotItem(slot="contact.actions", render=parts.send_button, permission="mail.send"),
            SlotItem(slot="contact.header", render=parts.blocked_note),
            SlotItem(slot="journal.entry", render=parts.entry_link),
        ]
