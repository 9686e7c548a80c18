"""Settings of the page Settings > Mail: the default account, whether mails leave the site, and where reports come in."""

from __future__ import annotations

from typing import Any

from ...contributions import Setting
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from .accounts import check_host, check_limit, check_port, check_sender
from .keys import SETTING as DATA_KEY
from .layout import PLACE

WEBHOOK_KEY = "mail.webhook_key"
SECURITY = (("starttls", "STARTTLS"), ("tls", "TLS"), ("none", Message("None: nothing is encrypted")))
#: Settings that describe the account used while none was added.
ACCOUNT = (
    "mail.transport",
    "mail.from",
    "mail.reply_to",
    "mail.smtp_host",
    "mail.smtp_port",
    "mail.smtp_security",
    "mail.smtp_user",
    "mail.smtp_password",
    "mail.signature",
    "mail.per_minute",
    "mail.per_hour",
    "mail.per_day",
    "mail.per_domain",
    "mail.layout",
)
BOUNCES = (
    "mail.bounce_address",
    "mail.imap_host",
    "mail.imap_port",
    "mail.imap_user",
    "mail.imap_password",
    "mail.imap_folder",
)
#: Sections of the pages by endpoint: id and English title, then fields with their width in sixths.
PARTS: dict[str, tuple[tuple[str, str, dict[str, int]], ...]] = {
    "mail.home": (
        ("leaving", Message("Mails"), {"mail.transport": 4}),
        ("sender", Message("Sender"), {"mail.from": 3, "mail.reply_to": 3}),
        (
            "server",
            Message("Server"),
            {
                "mail.smtp_host": 3,
                "mail.smtp_port": 1,
                "mail.smtp_security": 2,
                "mail.smtp_user": 3,
                "mail.smtp_password": 3,
            },
        ),
        (
            "limits",
            Message("At most"),
            {"mail.per_minute": 2, "mail.per_hour": 2, "mail.per_day": 2, "mail.per_domain": 3},
        ),
        ("looks", Message("What stands in every mail"), {"mail.signature": 6, "mail.layout": 6}),
    ),
    "mail.bounces": (
        ("address", Message("Return address"), {"mail.bounce_address": 6}),
        (
            "mailbox",
            Message("Mailbox, read every five minutes"),
            {
                "mail.imap_host": 4,
                "mail.imap_port": 2,
                "mail.imap_user": 2,
                "mail.imap_password": 2,
                "mail.imap_folder": 2,
            },
        ),
    ),
}


def check_layout(_work: Work, value: Any) -> str:
    """HTML with one place for the content."""
    text = str(value)
    if text and text.count(PLACE) != 1:
        raise Invalid(Message("Write %(place)s once, where the text of the mail goes.", place=PLACE))
    return text


SETTINGS = [
    Setting(
        key="mail.transport",
        label="What happens to mails",
        kind="choice",
        default="log",
        choices=(("log", "Kept here only: nothing leaves this site"), ("smtp", "Sent")),
        order=10,
    ),
    Setting(
        key="mail.from",
        label="Sender",
        default="",
        validate=check_sender,
        help="An address, or a name with it: Atelier <hello@example.com>.",
        order=20,
    ),
    Setting(
        key="mail.reply_to",
        label="Answers go to",
        kind="email",
        default="",
        help="Empty: to the sender.",
        order=30,
    ),
    Setting(key="mail.smtp_host", label="SMTP server", default="", validate=check_host, order=40),
    Setting(key="mail.smtp_port", label="Port", kind="integer", default=587, validate=check_port, order=50),
    Setting(
        key="mail.smtp_security", label="Encryption", kind="choice", default="starttls", choices=SECURITY, order=60
    ),
    Setting(key="mail.smtp_user", label="User", default="", help="Empty: no sign-in.", order=70),
    Setting(key="mail.smtp_password", label="Password", kind="secret", order=80),
    Setting(key="mail.signature", label="Signature", kind="long_text", default="", order=90),
    *(
        Setting(
            key=f"mail.per_{unit}",
            label=label,
            kind="integer",
            default=None,
            validate=check_limit,
            help="Empty: no limit.",
            order=100 + place,
        )
        for place, (unit, label) in enumerate(
            (
                ("minute", Message("Mails per minute")),
                ("hour", Message("Mails per hour")),
                ("day", Message("Mails per day")),
            )
        )
    ),
    Setting(
        key="mail.per_domain",
        label="Mails of mailings per minute to one domain",
        kind="integer",
        default=None,
        validate=check_limit,
        help="Providers such as gmail.com slow down who sends too fast. Empty: no limit.",
        order=105,
    ),
    Setting(
        key="mail.layout",
        label="Layout",
        kind="long_text",
        default="",
        validate=check_layout,
        help=Message(
            "HTML around the text of mails, with %(place)s where that goes. Empty: that of the theme.", place=PLACE
        ),
        order=110,
    ),
    Setting(
        key="mail.bounce_address",
        label="Address for returned mails",
        kind="email",
        default="",
        help="Each mail then goes out with its own return address, such as bounces+TOKEN@example.com.",
        order=200,
    ),
    Setting(key="mail.imap_host", label="IMAP server", default="", validate=check_host, order=210),
    Setting(key="mail.imap_port", label="Port", kind="integer", default=993, validate=check_port, order=220),
    Setting(key="mail.imap_user", label="User", default="", order=230),
    Setting(key="mail.imap_password", label="Password", kind="secret", order=240),
    Setting(key="mail.imap_folder", label="Folder", default="INBOX", order=250),
    Setting(key=DATA_KEY, kind="secret", hidden=True, order=900),
    Setting(key=WEBHOOK_KEY, default="", hidden=True, order=910),
]
