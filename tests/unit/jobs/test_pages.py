"""Settings > Jobs: what is shown to whom, and what can be pressed."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from crmhost.testing import Host
from crmhost.work import events
from tests.unit.web.conftest import Reader
from tests.unit.work.errands import MakeHost, errand_host, failing, told, want

from .rows import add

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def site(host: MakeHost) -> Host:
    return errand_host(host)


def test_the_list_shows_states_counts_and_how_long_the_oldest_waits(site: Host) -> None:
    """With a warning when nobody takes what waits, and by state and kind; nothing waits: no refreshing."""
    reader = Reader(site)
    empty = reader.get("/settings/jobs/").text
    assert "No jobs yet" in empty
    assert 'hx-trigger="every' not in empty
    assert "Settings" in empty
    late = site.clock() - dt.timedelta(minutes=3)
    running = {"state": "running", "progress": {"done": 30, "total": 120, "text": "rows"}}
    add(site, {"state": "due", "due_at": late}, {"kind": "errand.steps", "actor": "schedule"})
    waiting = reader.get("/settings/jobs/").text
    assert "The oldest has waited 3 minutes" in waiting
    assert "Nobody takes the jobs that wait" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    add(site, running)
    text = reader.get("/settings/jobs/").text
    assert "Nobody takes" not in text
    assert '<progress class="progress" value="30" max="120"' in text
    assert "30 of 120 · rows" in text
    assert "The clock" in text
    part = reader.get("/settings/jobs/?state=running", htmx=True, headers={"HX-Target": "div#jobs-list"}).text
    assert part.lstrip().startswith('<div id="jobs-list"')
    assert part.count("<tr data-row") == 1
    chosen = reader.get("/settings/jobs/?kind=errand.steps").text
    assert chosen.count("<tr data-row") == 1
    assert "Nothing matches" in reader.get("/settings/jobs/?state=cancelled").text


def test_whoever_is_signed_in_sees_their_own_jobs(site: Host) -> None:
    """And nobody else's: not in the list, not by number, not as a fragment; nor can they touch them or see dead letters."""
    with site.work("Read only") as work, work.begin():
        own = work.enqueue("errand.do", key="own", smtp_password="hunter2")
    other = want(site, "errand.do", key="other")
    reader = Reader(site, "Read only")
    text = reader.get("/settings/jobs/").text
    assert f'href="/settings/jobs/{own}"' in text
    assert f'href="/settings/jobs/{other}"' not in text
    assert "/settings/jobs/" in reader.get("/account").text
    page = reader.get(f"/settings/jobs/{own}").text
    assert "hunter2" not in page
    assert "••••••" in page
    for address in (f"/settings/jobs/{other}", f"/settings/jobs/{other}/progress", "/settings/jobs/99999999999"):
        assert reader.get(address).status_code == 404, address
    for do in ("retry", "cancel"):
        assert reader.post(f"/settings/jobs/{other}/{do}").status_code == 404
    for answer in (reader.get("/settings/jobs/events"), reader.post("/settings/jobs/events/retry")):
        assert answer.status_code == 403
    assert Reader(site, "").get("/settings/jobs/").status_code in (302, 303)


def test_a_job_is_cancelled_and_tried_again_by_its_asker(site: Host) -> None:
    """One that waits at once, one that runs is asked to stop; afterwards one is led back to where one was."""
    with site.work("Contacts manager") as work, work.begin():
        own = work.enqueue("errand.do", key="own")
    reader = Reader(site, "Contacts manager")
    assert "Cancel" in reader.get(f"/settings/jobs/{own}").text
    answer = reader.post(f"/settings/jobs/{own}/cancel", {"back": "/contacts/"})
    assert (answer.status_code, answer.location) == (303, "/contacts/")
    assert "It was cancelled." in reader.toasts()
    assert reader.post(f"/settings/jobs/{own}/cancel").status_code == 303
    assert "This job has ended." in reader.toasts()
    answer = reader.post(f"/settings/jobs/{own}/retry", {"back": "//evil.example"})
    assert answer.location == f"/settings/jobs/{own}"
    site.run_jobs()
    page = reader.get(f"/settings/jobs/{own}").text
    assert "Done own" in page
    assert "hx-trigger" not in page.partition('id="job"')[2]
    (running,) = add(site, {"state": "running", "user_id": site.actor("Contacts manager").user_id})
    reader.post(f"/settings/jobs/{running}/cancel")
    page = reader.get(f"/settings/jobs/{running}").text
    assert "Stopping" in page
    assert f"/settings/jobs/{running}/cancel" not in page


def test_a_failed_job_says_why(site: Host) -> None:
    """The admin sees the traceback; the asker that it failed, without what the code was about."""
    failing()["broken"] = ValueError(f"no {NASTY}")
    with site.work("Contacts manager") as work, work.begin():
        own = work.enqueue("errand.do", key="broken")
    site.run_jobs()
    admin = Reader(site).get(f"/settings/jobs/{own}").text
    assert "ValueError: no &lt;script&gt;" in admin
    assert "Traceback" in admin
    assert NASTY not in admin
    assert "It is tried again" in admin
    asker = Reader(site, "Contacts manager").get(f"/settings/jobs/{own}").text
    assert "Something went wrong in it." in asker
    assert "ValueError" not in asker


def test_a_job_on_another_page_refreshes_itself_until_it_has_ended(site: Host) -> None:
    """Then it shows the message with a link on this site, or has the page loaded anew."""
    reader = Reader(site)
    running = {"state": "running", "progress": {"done": 1, "total": 4}}
    (number,) = add(site, running)
    part = reader.get(f"/settings/jobs/{number}/progress", htmx=True, headers={"HX-Current-URL": "http://x/csv?a=1"})
    assert f'hx-get="/settings/jobs/{number}/progress"' in part.text
    assert 'name="back" value="/csv?a=1"' in part.text
    good: dict[str, Any] = {"message": f"3 rows {NASTY}", "url": "/csv-tools/import/3"}
    done, nasty = add(
        site, {"result": good, "progress": {"done": 2}}, {"result": {"message": 7, "url": "javascript:alert(1)"}}
    )
    text = reader.get(f"/settings/jobs/{done}/progress", htmx=True).text
    assert "hx-get" not in text
    assert "3 rows &lt;script&gt;" in text
    assert "2 so far" not in text
    assert 'href="/csv-tools/import/3"' in text
    assert "javascript:" not in reader.get(f"/settings/jobs/{nasty}/progress", htmx=True).text
    assert "javascript:" not in re.sub(r"<code.*?</code>", "", reader.get(f"/settings/jobs/{nasty}").text)
    again = reader.get(f"/settings/jobs/{done}/progress?reload=1", htmx=True)
    assert again.headers["HX-Refresh"] == "true"
    assert reader.get(f"/settings/jobs/{done}/progress").location == f"/settings/jobs/{done}"
    from crmhost.web.api import job_progress

    assert site.generation.app is not None
    with site.generation.app.test_request_context("/"):
        assert job_progress(done) == ""


def test_nothing_from_outside_breaks_the_pages(site: Host) -> None:
    """Unknown states and kinds show an empty list or all of it, bad cursors are refused, and nothing is repeated as markup."""
    reader = Reader(site)
    add(site, {"kind": NASTY, "plugin": NASTY, "actor": NASTY, "arguments": {NASTY: [NASTY, None, {"a": NASTY}]}})
    add(site, {"progress": {"done": -5, "total": "x"}, "result": {"message": NASTY, "more": [1, {"b": NASTY}]}})
    for path in ("", "?state=x&kind=%00", f"?kind={NASTY}", "?state=due&state=x", "1", "2"):
        answer = reader.get(f"/settings/jobs/{path}")
        assert answer.status_code == 200, path
        assert NASTY not in answer.text
    for path in ("?after=x", "?before=%01", "events?after=%F0%9F%92%A9"):
        assert reader.get(f"/settings/jobs/{path}").status_code == 422, path
    assert reader.post("/settings/jobs/events/7/retry").status_code == 404
    assert reader.post("/settings/jobs/events/retry", {"subscriber": "\0x"}).status_code == 303


def test_undelivered_events_are_delivered_again_from_their_page(site: Host) -> None:
    """One by one or all of a subscriber; one that is not given up any more says so."""
    reader = Reader(site)
    assert "Every event was delivered" in reader.get("/settings/jobs/events").text
    numbers = told(site, 1, 2)
    failing().update({f"event:{number}": ValueError(NASTY) for number in numbers})
    for _ in range(events.ATTEMPTS):
        site.run_jobs()
        site.clock.move(hours=7)
    page = reader.get("/settings/jobs/events").text
    assert page.count("Deliver again") == 2
    assert NASTY not in page
    (first, *_rest) = re.findall(r"/settings/jobs/events/(\d+)/retry", page)
    failing().clear()
    assert reader.post(f"/settings/jobs/events/{first}/retry").status_code == 303
    assert "It is delivered again." in reader.toasts()
    reader.post(f"/settings/jobs/events/{first}/retry")
    assert "Only what was given up" in reader.toasts()
    subscriber = re.findall(r'name="subscriber" value="([^"]+)"', page)[0]
    reader.post("/settings/jobs/events/retry", {"subscriber": subscriber})
    assert "1 event is delivered again." in reader.toasts()
    site.run_jobs()
    assert "Every event was delivered" in reader.get("/settings/jobs/events").text
