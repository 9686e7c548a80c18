"""Settings > Portal."""

from __future__ import annotations

from typing import Any

from crmhost.api import SYSTEM, Message, Setting, Work
from crmhost.api import settings as stored

COMPANY, WELCOME, ASK, TELL = "portal.company_records", "portal.welcome", "portal.ask_access", "portal.tell"
SLOTS, WORDS = "portal.upload_slots", "portal.welcome_text"
#: Arranged on a page of their own: [{"id", "label", "hidden"}] in the order of the menu; field -> policy.
PAGES, FIELDS = "portal.pages", "portal.fields"


def declared() -> list[Setting]:
    """The settings of the plugin."""
    return [
        Setting(
            key=WORDS, label="Words on the home page", kind="long_text", default="",
            help="Shown below the greeting. Plain text.",
        ),
        Setting(
            key=WELCOME, label="What the mail with the access holds", kind="choice", default="link",
            choices=[
                ("link", Message("A link that signs in once, within 7 days")),
                ("password", Message("The user name and a one-time password, to be changed at the first sign-in")),
            ],
        ),
        Setting(
            key=COMPANY, label="Who sees the records of their company", kind="choice", default="nobody",
            choices=[
                ("nobody", Message("Nobody: each client sees their own")),
                ("chosen", Message("Those for whom it is switched on, on their page")),
                ("everybody", Message("Everybody who belongs to the company")),
            ],
            help="Quotes, invoices and files that were written to the company rather than to a person.",
        ),
        Setting(
            key=ASK, label="Clients can ask for access themselves", kind="boolean", default=False,
            help="On: the sign-in page offers it. A contact whose e-mail is known here gets the mail with their access.",
        ),
        Setting(
            key=TELL, label="Who is told what clients do", kind="choice", default="owner",
            choices=[
                ("owner", Message("The user to whom the contact is assigned")),
                ("all", Message("Everybody who may approve changes")),
            ],
            help="When a client changes details, sends a file, or reads an invoice: in the app and by mail.",
        ),
        Setting(
            key=SLOTS, label="Files to ask clients for", kind="list", default=[],
            help="Separated by commas, such as “Copy of the ID, Signed contract”. Each gets a place on the page with files.",
        ),
        Setting(key=PAGES, kind="json", default=[], hidden=True),
        Setting(key=FIELDS, kind="json", default={}, hidden=True),
    ]  # fmt: skip


def store(work: Work, key: str, value: Any) -> None:
    """Stores what is arranged on a page of the portal's own; whether the actor may, its caller has asked."""
    before = work.settings.get(key)
    if before != value:
        stored.set_many(work.as_actor(SYSTEM), {key: value})
        work.audit("portal.arranged", "setting", key, before=before, after=value)
