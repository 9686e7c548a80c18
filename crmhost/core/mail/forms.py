"""Forms of accounts, templates and of a mail to one contact."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_babel import lazy_gettext as __

from ...web.forms import (
    AreaField,
    ChoiceField,
    EmailField,
    IntegerField,
    SecretField,
    Section,
    SwitchField,
    TextField,
)
from ...web.forms.versions import VersionedForm
from .content_fields import MailContent

SECURITY = (
    ("starttls", __("STARTTLS (usually port 587)")),
    ("tls", __("TLS (usually port 465)")),
    ("none", __("None: nothing is encrypted")),
)


class AccountForm(VersionedForm):
    """An account to send from."""

    name = TextField(__("Name of the account"), render_kw={"maxlength": 80, "required": True})
    is_default = SwitchField(__("Used where nobody chooses another one"))
    from_email = EmailField(__("Sender’s address"), render_kw={"required": True})
    from_name = TextField(__("Sender’s name"), render_kw={"maxlength": 120})
    reply_to = EmailField(__("Answers go to"), description=__("Empty: to the sender."))
    host = TextField(__("SMTP server"), render_kw={"autocomplete": "off", "required": True})
    port = IntegerField(__("Port"))
    security = ChoiceField(__("Encryption"), choices=SECURITY)
    user = TextField(__("User"), render_kw={"autocomplete": "off"}, description=__("Empty: no sign-in."))
    password = SecretField(__("Password"))
    signature = AreaField(__("Signature"), render_kw={"rows": 3})
    per_minute = IntegerField(__("Mails per minute"), description=__("Empty: no limit."))
    per_hour = IntegerField(__("Mails per hour"))
    per_day = IntegerField(__("Mails per day"))
    dkim_domain = TextField(
        __("Domain"), description=__("Mails are then signed for this domain. Empty: the server does that, or nobody.")
    )
    dkim_selector = TextField(__("Selector"), description=__("Empty: crmhost"))
    dkim_key = SecretField(__("Private key (PEM)"), description=__("Empty: one is made."))

    sections: ClassVar[list[Section]] = [
        Section("sender", __("Sender"), {"name": 3, "is_default": 3, "from_name": 3, "from_email": 3, "reply_to": 3}),
        Section("server", __("Server"), {"host": 3, "port": 1, "security": 2, "user": 3, "password": 3}),
        Section("limits", __("At most"), {"per_minute": 2, "per_hour": 2, "per_day": 2}),
        Section("signature", __("What stands in every mail"), {"signature": 6}),
        Section("dkim", __("DKIM signature"), {"dkim_domain": 3, "dkim_selector": 3, "dkim_key": 6}),
    ]

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {name: field.data for name, field in self._fields.items() if name not in ("version", "seen")}


class TemplateForm(MailContent, VersionedForm):
    """A template."""

    name = TextField(__("Name of the template"), render_kw={"maxlength": 120, "required": True})
    subject = TextField(__("Subject"), render_kw={"maxlength": 300})

    sections: ClassVar[list[Section]] = [
        Section("template", "", {"name": 4, "kind": 2, "subject": 6, "blocks": 6, "content": 6, "text": 6})
    ]

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            **{name: self._fields[name].data for name in ("name", "kind", "subject", "text")},
            "content": self.written,
        }


class MailForm(MailContent):
    """A mail to one contact."""

    to = ChoiceField(__("To"))
    account = ChoiceField(__("From"))
    subject = TextField(__("Subject"), render_kw={"maxlength": 300, "required": True})

    sections: ClassVar[list[Section]] = [
        Section("mail", "", {"to": 3, "account": 3, "subject": 4, "kind": 2, "blocks": 6, "content": 6})
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Its text part is always made.
        del self.text
