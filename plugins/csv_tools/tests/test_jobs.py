"""Imports, undoing and large exports in the background."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmhost.api import Contact, File, JobStopped, contacts_bulk, jobs, users
from crmhost.testing import Host
from plugins.csv_tools import export_pages, exporting, exports, importing, proposing
from plugins.csv_tools.models import Export, Run

from .test_pages import Browser, number_of, uploaded, walk

Hosts = Callable[..., Host]
BATCH = 40
ROWS = 3 * BATCH - 1


@pytest.fixture
def made(host: Hosts, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A site that imports and exports in small batches."""
    monkeypatch.setattr(importing, "BATCH", BATCH)
    monkeypatch.setattr(exporting, "BATCH", 50)
    made = host("csv_tools")
    made.clock.freeze()
    return made


def begin(made: Host, browser: Browser, rows: int = ROWS) -> str:
    """Uploads a file and starts to import it; gives the address of the import."""
    address = uploaded(browser, "email\n" + "".join(f"p{n}@example.com\n" for n in range(rows)))
    walk(browser, address)
    assert made.jobs("csv_tools.import")[-1].state == "due"
    return address


@contextlib.contextmanager
def stopping_after(monkeypatch: pytest.MonkeyPatch, checks: int, before: Callable[[], Any]) -> Iterator[None]:
    """The job hears after so many batches that it is to stop."""
    from crmhost.work.context import JobContext

    heard = 0

    def check(self: JobContext) -> None:
        nonlocal heard
        heard += 1
        if heard > checks:
            before()
            raise JobStopped

    with monkeypatch.context() as patched:
        patched.setattr(JobContext, "check", check)
        yield


def run_of(made: Host) -> Run:
    """The only run."""
    with made.work() as work:
        return importing.get(work, 1)


def test_an_import_goes_on_without_its_page(made: Host) -> None:
    """It is started once however often the button is pressed; the page shows its job, then the report; its asker is told."""
    browser = Browser(made, "Contacts manager")
    address = begin(made, browser)
    (job,) = made.jobs("csv_tools.import")
    assert f'hx-get="/settings/jobs/{job.id}/progress?reload=1"' in browser.get(address).text
    colleague = Browser(made, "CRM manager").get(address).text
    assert "does this now" in colleague
    assert "Go on" not in colleague
    browser.post(f"{address}/go-on")
    assert len(made.jobs("csv_tools.import")) == 1
    made.run_jobs()
    (job,) = made.jobs("csv_tools.import")
    assert (job.state, number_of(made)) == ("done", ROWS)
    assert job.result is not None
    assert job.result["message"] == f"people.csv: {ROWS:,} added, 0 updated, 0 skipped, 0 refused."
    assert job.result["url"] == address
    report = browser.get(address).text
    assert "No row was refused" in report
    assert 'hx-get="/settings/jobs' not in report
    assert "“people.csv” was imported." in browser.get("/notifications/").text


def test_the_rows_of_a_large_file_are_counted_by_its_job(made: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for that: the pages tell a number that is about right, the report the true one."""
    monkeypatch.setattr(proposing, "COUNTED_AT_ONCE", 100)
    monkeypatch.setattr(proposing, "FIRST_ROWS", 50)
    browser = Browser(made)
    address = begin(made, browser, 1_001)
    assert (run_of(made).counted, abs(run_of(made).total - 1_001) < 200) == (False, True)
    made.run_jobs()
    assert (run_of(made).counted, run_of(made).total) == (True, 1_001)
    assert "1,001" in browser.get(address).text


def test_an_import_that_is_stopped_goes_on_when_it_is_told_to(made: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping the job stops the import after a batch; a job that was stopped before it began can be gone on with as well."""
    browser = Browser(made)
    address = begin(made, browser)
    (job,) = made.jobs("csv_tools.import")

    def cancel() -> None:
        with made.work("Admin") as work, work.begin():
            jobs.cancel(work, job.id)

    with stopping_after(monkeypatch, 1, cancel):
        made.run_jobs()
    run = run_of(made)
    assert (run.state, run.added) == ("stopped", BATCH)
    assert made.jobs("csv_tools.import")[0].state == "cancelled"
    page = browser.get(address).text
    assert "Go on" in page
    assert "Undo this import" in page
    browser.post(f"{address}/go-on")
    waiting = made.jobs("csv_tools.import")[-1].id
    browser.post(f"/settings/jobs/{waiting}/cancel")
    assert "Go on" in browser.get(address).text
    assert "Undo this import" in browser.get(address).text
    browser.post(f"{address}/go-on")
    made.run_jobs()
    assert (run_of(made).state, number_of(made)) == ("done", ROWS)


def test_an_import_whose_worker_ends_goes_on_where_it_was(made: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays running, and the next attempt begins after the last row that was stored."""
    begin(made, Browser(made))
    with stopping_after(monkeypatch, 2, lambda: None):
        made.run_jobs()
    run = run_of(made)
    assert (run.state, run.position) == ("running", 1 + 2 * BATCH)
    # A job that stops with nobody having asked for it was its worker's end.
    browser = Browser(made)
    browser.post("/csv-tools/import/1/go-on")
    made.run_jobs()
    run = run_of(made)
    assert (run.state, run.added, run.updated, number_of(made)) == ("done", ROWS, 0, ROWS)


def test_an_import_of_somebody_who_may_no_longer_import_is_given_up(made: Host) -> None:
    """With what was imported kept, the reason on its page, and a way to go on for those who may."""
    address = begin(made, Browser(made, "Contacts manager"))
    with made.work() as work, work.begin():
        person = users.find_by_email(work, "contacts.manager@example.com")
        assert person is not None
        users.disable(work, person.id)
    made.run_jobs()
    (job,) = made.jobs("csv_tools.import")
    assert (job.state, "may no longer sign in" in str(job.error), number_of(made)) == ("failed", True, 0)
    browser = Browser(made)
    page = browser.get(address).text
    assert "may no longer sign in" in page
    browser.post(f"{address}/go-on")
    made.run_jobs()
    assert number_of(made) == ROWS


def test_undoing_is_a_job_too(made: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be stopped and gone on with, and leaves nothing."""
    browser = Browser(made)
    address = begin(made, browser)
    made.run_jobs()
    browser.post(f"{address}/undo")
    with stopping_after(monkeypatch, 1, lambda: None):
        made.run_jobs()
    assert run_of(made).state == "undoing"
    assert ROWS > number_of(made) > 0
    assert "Go on" in browser.get(address).text
    browser.post(f"{address}/go-on")
    made.run_jobs()
    assert (run_of(made).state, number_of(made)) == ("undone", 0)
    assert "was taken back" in str(made.jobs("csv_tools.undo")[-1].result)
    answer = browser.post(f"{address}/undo")
    assert answer.status_code == 303
    assert len(made.jobs("csv_tools.undo")) == 2


def test_a_large_export_is_written_by_a_job_for_its_asker(made: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows the job, then the link; nobody else opens the file, and after some days it is gone."""
    monkeypatch.setattr(export_pages, "AT_ONCE", 50)
    with made.work() as work, work.begin():
        contacts_bulk.save_many(work, [{"email": f"p{n}@example.com"} for n in range(50)])
    browser = Browser(made, "Contacts manager")
    fields = {"kind": "contacts", "columns": ["email"], "delimiter": ",", "f-q": ""}
    assert browser.post("/csv-tools/export", **fields).data.count(b"\r\n") == 51
    with made.work() as work, work.begin():
        contacts_bulk.save_many(work, [{"email": "last@example.com"}])
    answer = browser.post("/csv-tools/export", **fields)
    (job,) = made.jobs("csv_tools.export")
    assert answer.location == f"/csv-tools/export?kind=contacts&job={job.id}"
    assert f'hx-get="/settings/jobs/{job.id}/progress"' in browser.get(answer.location).text
    made.run_jobs()
    (job,) = made.jobs("csv_tools.export")
    assert job.result is not None
    assert job.result["message"].startswith("51 contacts were written.")
    url = job.result["url"]
    assert f'href="{url}"' in browser.get(answer.location).text
    with browser.client.get(url) as download:
        assert download.data.startswith(b"email\r\np0@example.com\r\n")
        assert download.data.count(b"\r\n") == 52
        assert re.search(r"filename=contacts-[\d-]+\.csv", download.headers["Content-Disposition"])
    for other in ("Admin", "CRM manager", "Read only"):
        assert Browser(made, other).get(url).status_code == 404
        assert Browser(made, other).get(answer.location).status_code in (200, 403)
    with made.work("Contacts manager") as work:
        from plugins.csv_tools import jobs as ours

        again = ours.export_records(_Again(work, job.id), "contacts", {}, ["email"], ",", False)  # type: ignore[arg-type]
        assert again["url"] == url
    made.clock.move(days=exports.KEPT_DAYS, hours=25)
    made.run_jobs()
    assert number_of(made, Export) == number_of(made, File) == 0
    assert number_of(made, Contact) == 51


class _Again:
    """A job's second attempt, whose first one ended after the file was kept."""

    def __init__(self, work: Any, number: int) -> None:
        self.work = work
        self.key = f"job:{number}"


def test_an_export_is_stopped_between_two_pieces(made: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept of it, and what was chosen wrongly is refused before any job."""
    monkeypatch.setattr(export_pages, "AT_ONCE", 0)
    with made.work() as work, work.begin():
        contacts_bulk.save_many(work, [{"email": f"p{n}@example.com"} for n in range(100)])
    browser = Browser(made)
    assert browser.post("/csv-tools/export", kind="contacts", **{"f-created_from": "x"}).status_code == 422
    browser.post("/csv-tools/export", kind="contacts")
    with stopping_after(monkeypatch, 1, lambda: None):
        made.run_jobs()
    assert made.jobs("csv_tools.export")[0].state == "cancelled"
    assert number_of(made, Export) == number_of(made, File) == 0
    for number in ("x", "99999999999", "7"):
        assert browser.get(f"/csv-tools/export?job={number}").status_code == 200
