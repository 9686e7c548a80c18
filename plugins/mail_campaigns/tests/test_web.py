"""Campaigns on the web: without anything personal, in the archive only where staff put them, harmless whatever they hold."""

from __future__ import annotations

import re

import pytest

from crmhost.api import Conflict, Forbidden, Invalid
from crmhost.core.settings import services as settings
from crmhost.testing import Host
from plugins.mail_campaigns import web
from plugins.mail_campaigns.tests.conftest import act, stored, written
from tests.peers import smtp

HTML = """<p>Dear {{ contact.first_name | default: "friend" }} {{ contact.last_name }}, {{ contact.email }}</p>
<p><a href="https://example.com/places">Places</a> <a href="{{ campaign.web_url }}">View in your browser</a></p>
<script>alert(1)</script><p>##UNSUB-LINE## <a href="{{ unsubscribe.url }}">out</a></p>"""


@pytest.mark.database("sqlite")
def test_a_campaign_is_read_on_the_web(site: Host, peer: smtp.Peer) -> None:
    """The link of a mail leads to a page that knows nobody; the archive shows what staff put there, until they take it out."""
    site.make.contact(first_name="Ann", last_name="Ledger", email="ann@example.org")
    number = written(
        site, html=HTML, track_clicks=True, subject="News for {{ contact.first_name | default: 'you' }} <b>"
    )
    staff, stranger = site.client("CRM manager"), site.client("")
    assert "campaign.web_url" in staff.get(f"/campaigns/{number}/content").text
    assert "/campaigns/web/example" in staff.get(f"/campaigns/{number}/preview").text
    with site.work("CRM manager") as work, work.begin(), pytest.raises(Conflict):
        web.archive(work, number, put=True)
    act(site, "send", number)
    site.run_jobs()
    mail = peer.taken[0].mail.get_body(("html",)).get_content()
    link = re.search(r'https://crm\.example\.com(/campaigns/web/[\w-]{20,})"', mail)
    assert link
    page, framed = stranger.get(link[1]), stranger.get(f"{link[1]}/mail")
    assert (page.status_code, page.headers["X-Robots-Tag"]) == (200, "noindex, nofollow")
    assert "News for you &lt;b&gt;" in page.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in framed.headers["Content-Security-Policy"]
    assert "Dear friend, " in framed.text
    assert '<base target="_blank">' in framed.text
    assert 'href="https://example.com/places"' in framed.text
    for personal in ("Ann", "Ledger", "ann@example.org", "/mail/u/", "/campaigns/c/", "<script"):
        assert personal not in framed.text
        assert personal == "<script" or personal not in page.text
    assert stranger.get("/campaigns/archive/").status_code == 404
    key = stored(site, number).web_key
    draft = written(site, name="Draft")
    for wrong in ("example", key[:-1], key + "x", "x" * 500, "é", str(number)):
        assert stranger.get(f"/campaigns/web/{wrong}").status_code == 404
        assert stranger.get(f"/campaigns/web/{wrong}/mail").status_code == 404
    assert stored(site, draft).web_key == ""
    with site.work("Read only") as work, work.begin(), pytest.raises(Forbidden):
        web.archive(work, number, put=True)
    assert staff.post(f"/campaigns/{number}/archive", data={"put": "1"}).status_code == 303
    listed = stranger.get("/campaigns/archive/")
    assert (listed.headers["X-Robots-Tag"], link[1] in listed.text) == ("noindex, nofollow", True)
    with site.work() as work, work.begin():
        settings.set_many(work, {web.INDEXED: "true"})
    for path in ("/campaigns/archive/", link[1]):
        assert "X-Robots-Tag" not in stranger.get(path).headers
        assert "noindex" not in stranger.get(path).text
    staff.post(f"/campaigns/{number}/archive", data={"put": "0"})
    assert stranger.get("/campaigns/archive/").status_code == 404
    assert stranger.get(link[1]).headers["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.database("sqlite")
def test_a_placeholder_that_stands_for_nothing_keeps_a_campaign_back(site: Host) -> None:
    """Else each of its mails would fail."""
    with pytest.raises(Invalid) as refused:
        act(site, "send", written(site, html="<p>{{ campaign.nothing_such }} ##UNSUB-LINE##</p>"))
    assert "campaign.nothing_such" in refused.value.errors["content"][0]
