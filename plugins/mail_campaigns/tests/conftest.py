"""Sites that send, with people and campaigns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmhost.core.settings import services as settings
from crmhost.testing import Host
from plugins.mail_campaigns import running, services
from plugins.mail_campaigns.models import Campaign
from tests.peers import smtp

HTML = "<p>Dear ##CONTACT-FNAME##, our news.</p><p>##UNSUB-LINE##</p>"


@pytest.fixture
def peer() -> Iterator[smtp.Peer]:
    with smtp.server() as made:
        yield made


@pytest.fixture
def site(host: Callable[..., Host], peer: smtp.Peer) -> Host:
    """A site with campaigns whose mails go to a server of this machine."""
    made = host("mail_campaigns", base_url="https://crm.example.com")
    values = {
        "mail.transport": "smtp",
        "mail.from": "Atelier <hello@example.com>",
        "mail.smtp_host": "127.0.0.1",
        "mail.smtp_port": str(peer.port),
        "mail.smtp_security": "none",
    }
    with made.work() as work, work.begin():
        settings.set_many(work, values)
    return made


def written(site: Host, **given: Any) -> int:
    """A campaign to everybody; gives its number."""
    fields = {"name": "Spring", "subject": "News for {{ contact.first_name }}", "html": HTML}
    with site.work("CRM manager") as work, work.begin():
        return services.create(work, fields | {"audience": {"include": [{"all": True}]}} | given).id


def act(site: Host, action: str, campaign_id: int, *arguments: Any) -> None:
    """Says ``send``, ``pause``, … as a manager."""
    with site.work("CRM manager") as work, work.begin():
        getattr(running, action)(work, campaign_id, *arguments)


def stored(site: Host, campaign_id: int) -> Campaign:
    """A campaign as it is stored now."""
    with site.site.sessions() as session:
        return session.get_one(Campaign, campaign_id)
