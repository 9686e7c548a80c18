"""Mails in every state, accounts and templates, for pictures."""

from __future__ import annotations

import json

from crmhost.core.mail import accounts, patterns, services, suppression
from crmhost.core.mail.models import MailMessage
from crmhost.site import Site

_STATES = (
    ("sent", 250, "2.0.0 queued as 4f1c7a"),
    ("unknown", 0, "The worker ended while it handed the mail over."),
    ("failed", 550, "5.7.1 Message refused: the sender's domain has no record that allows this server"),
    ("queued", 451, "4.7.1 greylisted, try again in five minutes"),
    ("bounced", 0, "5.1.1 no such user here"),
    ("logged", 0, "Kept here: mails do not leave this site (Settings > Mail)."),
)

WELCOME = """<h1>Welcome, {{ contact.first_name | default: "friend" }}</h1>
<p>Thank you for your visit to our <b>open studio</b>. Here is what happens next:</p>
<ul><li>we keep your seat in the spring course,</li>
<li>you get the list of <a href="https://example.com/tools">tools</a> a week before.</li></ul>
<p class="button"><a href="https://example.com/course">See the course</a></p>
<blockquote><p>Bring an apron, {{ contact.first_name }}.</p></blockquote><hr><p>{{ sender.signature }}</p>"""

BLOCKS = json.dumps(
    {
        "blocks": [
            {"type": "heading", "text": "Open studio, {{ contact.first_name }}"},
            {
                "type": "text",
                "text": "<p>Three evenings in <b>May</b>, all to be tried.</p><ul><li>Book</li><li>Come</li></ul>",
            },
            {"type": "picture", "alt": "The studio from the yard"},
            {
                "type": "columns",
                "columns": [
                    [
                        {"type": "heading", "text": "When", "level": "3"},
                        {"type": "text", "text": "<p>4, 11 and 18 May</p>"},
                    ],
                    [
                        {"type": "heading", "text": "Where", "level": "3"},
                        {"type": "text", "text": "<p>In the yard</p>"},
                    ],
                ],
            },
            {"type": "button", "text": "Keep my place", "href": "https://example.com/may", "align": "center"},
            {"type": "divider"},
            {"type": "spacer"},
            {"type": "footer", "web": "https://example.com"},
        ]
    }
)


def some(site: Site) -> None:
    """Writes them; contact 7 of the demo data gets most, and their address is blocked."""
    with site.work() as work, work.begin():
        for name, email, host in (
            ("Office", "office@example.com", "smtp.example.com"),
            ("Newsletter", "news@example.com", "relay.example.net"),
        ):
            fields = {
                "name": name,
                "from_email": email,
                "from_name": "Example Studio",
                "host": host,
                "port": 587,
                "security": "starttls",
            }
            accounts.save(
                work, None, {**fields, "per_hour": 300, "dkim_domain": "example.com" if name == "Office" else ""}
            )
        for name, kind, content in (
            (
                "Dates of the open studio",
                "blocks",
                BLOCKS,
            ),
            (
                "Welcome",
                "rich",
                WELCOME,
            ),
            (
                "Spring newsletter with the dates of all workshops until summer",
                "mjml",
                "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>",
            ),
        ):
            patterns.save(
                work,
                None,
                {"name": name, "kind": kind, "subject": f"{name}, {{{{ contact.first_name }}}}", "content": content},
            )
        for number in range(12):
            state, code, text = _STATES[number % len(_STATES)]
            html = "<p>Dear customer,</p><p>thank you for your visit. Here are the <b>dates</b> you asked for.</p>"
            made = services.queue(
                work, contact_id=7 + number // 6, subject=f"Dates of the workshop in week {40 + number}", html=html
            )
            row = work.session.get_one(MailMessage, made.id)
            row.state, row.attempts = state, 1
            row.answers = [{"at": work.now.isoformat(), "code": code, "text": text}]
        contact = services.of_contact(work, 7)[0]
        suppression.suppress(work, contact.to_email, "bounced", "5.1.1 no such user here")
