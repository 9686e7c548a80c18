"""Lists and figures of campaigns are served by indexes on both databases; pages take few queries, however many recipients."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from crmhost.api import Work, mail
from crmhost.db import KNOWN
from crmhost.testing import Host, plans
from plugins.mail_campaigns import choices, clicks, company_parts, figures, over_time, recipients, services, topics, web
from plugins.mail_campaigns.models import Event
from plugins.mail_campaigns.tests.conftest import act, written

_TABLES = "mail_message|mail_campaigns_(?:campaign|choice|event|left|link|place)"
_SCANS = re.compile(rf"SCAN ({_TABLES})\b(?! USING)|Seq Scan on ({_TABLES})")


@pytest.fixture
def kept(host: Callable[..., Host]) -> Host:
    """A site whose mails stay, with a campaign that two people get."""
    site = host("mail_campaigns", "segments", base_url="https://crm.example.com")
    for name in ("ann", "bob", ""):
        site.make.contact(first_name=name or "Cem", email=f"{name}@example.org" if name else "")
    act(site, "send", written(site, track_clicks=True, html='<a href="https://example.com">x</a> ##UNSUB-LINE##'))
    site.run_jobs()
    return site


def _grow(site: Host, number: int) -> None:
    """Adds recipients to the first campaign, some of whom clicked."""
    with site.work() as work, work.begin():
        campaign = services.get(work, 1)
        mailing = mail.mailings.get(work, campaign.mailing_id or 0)
        mailing.state = "paused"
        some = [
            mail.mailings.Recipient(1, f"more{number}.{place}@example.org")
            if place % 2
            else mail.mailings.Recipient(
                None, f"more{number}.{place}@example.org", object_type="company", object_id=place
            )
            for place in range(number)
        ]
        mail.mailings.add(work, mailing, some)
        for one in recipients.page(work, campaign, "planned", limit=number // 4).rows:
            clicked = Event(campaign_id=1, mail_id=one.id, kind="clicked", link=1, contact_id=1, at=work.now)
            clicked.sure = "certain"
            work.session.merge(clicked)


def _plans(work: Work, action: Callable[[], Any], *kinds: str) -> list[str]:
    """Plans of the queries that an action makes which read a whole table of recipients."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(kinds or ("SELECT", "WITH")):
            seen.append((statement, parameters))

    work.session.info.pop(KNOWN, None)
    engine = work.session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    connection = work.session.connection()
    sqlite = engine.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    found = []
    for statement, parameters in seen:
        plan = "\n".join(plans(connection, statement, parameters))
        if _SCANS.search(plan):
            found.append(f"{statement}\n{plan}")
    assert seen
    return found


def test_figures_and_lists_of_recipients_have_their_index(kept: Host) -> None:
    """Each list with the page after, its number, the figures and the links."""
    _grow(kept, 200)
    with kept.work("CRM manager") as work, work.begin():
        topics.save(work, None, {"name": "Courses", "chosen": True})
        for place in range(200):
            reader = mail.reader_of(work, f"more200.{place}@example.org")
            choices.choose(work, reader, ())
        web.archive(work, 1, put=True)
    with kept.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    with kept.work("CRM manager") as work:
        campaign = services.get(work, 1)
        for figure in recipients.FIGURES:
            for after in (None, recipients.page(work, campaign, figure, limit=2).next):

                def page(figure: str = figure, after: str | None = after) -> None:
                    recipients.page(work, campaign, figure, after=after, limit=2)

                assert _plans(work, page) == [], figure
            assert _plans(work, lambda figure=figure: recipients.count(work, campaign, figure)) == [], figure
        assert _plans(work, lambda: figures.of(work, [campaign])) == []
        assert _plans(work, lambda: clicks.by_link(work, campaign)) == []
        assert _plans(work, lambda: clicks.leads_to(work, 1, 1)) == []
        assert _plans(work, lambda: over_time.answers(work, campaign)) == []
        emails = [f"more200.{place}@example.org" for place in range(200)]
        assert _plans(work, lambda: choices.unwanted(work, 1, emails)) == []
        assert _plans(work, lambda: choices.wishes(work, mail.address_hash(work, emails[0]))) == []
        assert _plans(work, lambda: list(work.session.scalars(web.archived()))) == []
        assert _plans(work, lambda: web.found(work, campaign.web_key)) == []
        assert _plans(work, lambda: mail.of_record(work, "company", 1)) == []
    with kept.work() as work, work.begin():
        assert _plans(work, lambda: company_parts.forget(work, 1), "DELETE") == []


PAGES = (
    "/campaigns/",
    "/campaigns/1",
    "/campaigns/1/progress",
    "/campaigns/1/recipients?figure=clicked",
    "/campaigns/2/review",
    "/campaigns/2/audience",
    "/campaigns/2/content",
    "/campaigns/2/subject",
)


def test_pages_take_few_queries_however_many_recipients(kept: Host) -> None:
    """At most twelve each, and as many for three hundred recipients as for two."""
    written(kept, name="Next")
    client, numbers = kept.client("CRM manager"), dict[str, list[int]]()
    for more in (4, 300):
        _grow(kept, more)
        for path in PAGES:
            client.get(path)
            seen: list[str] = []

            def note(_connection: Any, _cursor: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
                if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                    seen.append(statement)

            event.listen(kept.site.engine, "before_cursor_execute", note)
            try:
                assert client.get(path).status_code == 200
            finally:
                event.remove(kept.site.engine, "before_cursor_execute", note)
            numbers.setdefault(path, []).append(len(seen))
            assert len(seen) <= 12, path + "\n" + "\n".join(" ".join(one.split())[-150:] for one in seen)
    assert all(few == many for few, many in numbers.values()), numbers
