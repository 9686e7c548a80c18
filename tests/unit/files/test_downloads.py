"""The address of a file: who gets it, and how safely."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.testing import Host
from tests.unit.files.test_files import PNG, keep

HTML = b"<!doctype html><script>alert(document.domain)</script>"


@pytest.mark.database("sqlite")
def test_a_file_is_sent_to_be_saved(host: Callable[..., Host]) -> None:
    """With its name, length and digest, never sniffed, never run; what may not be opened looks as if it were not there."""
    made = host()
    number = keep(made, PNG, 'Émile "1".png', role="Admin")
    with made.client().get(f"/storage/{number}") as answer:
        assert answer.status_code == 200
        assert answer.data == PNG
        assert answer.mimetype == "image/png"
        assert answer.content_length == len(PNG)
        assert answer.headers["Content-Disposition"].startswith("attachment; filename")
        assert "filename*=UTF-8''%C3%89mile%20_1_.png" in answer.headers["Content-Disposition"]
        assert answer.headers["Content-Disposition"].isascii()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "private, no-cache"
    assert made.client("Read only").get(f"/storage/{number}").status_code == 404
    assert made.client().get(f"/storage/{number + 1}").status_code == 404
    assert made.client().get("/storage/99999999999999999999").status_code == 404
    assert made.client("").get(f"/storage/{number}").status_code in (302, 401)


@pytest.mark.database("sqlite")
def test_parts_and_revalidation(host: Callable[..., Host]) -> None:
    """A part is sent alone, an unchanged file not again, and HEAD sends no bytes."""
    made = host()
    number = keep(made, PNG, "a.png", role="Admin")
    client = made.client()
    with client.get(f"/storage/{number}", headers={"Range": "bytes=1-3"}) as answer:
        assert (answer.status_code, answer.data) == (206, b"PNG")
        assert answer.headers["Content-Range"] == f"bytes 1-3/{len(PNG)}"
        etag = answer.headers["ETag"]
    with client.get(f"/storage/{number}", headers={"Range": "bytes=900-"}) as answer:
        assert answer.status_code == 416
    with client.get(f"/storage/{number}", headers={"If-None-Match": etag}) as answer:
        assert (answer.status_code, answer.data) == (304, b"")
    with client.head(f"/storage/{number}") as answer:
        assert (answer.status_code, answer.data, answer.content_length) == (200, b"", len(PNG))
    table = b"name,email\n" * 1000
    with client.get(f"/storage/{keep(made, table, role='Admin')}", headers={"Accept-Encoding": "gzip, br"}) as answer:
        assert (answer.data, answer.content_length) == (table, len(table))


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("content", "said", "shown"),
    [
        (PNG, "image/png", True),
        (b"%PDF-1.7\n", "application/pdf", True),
        (HTML, "application/octet-stream", False),
        (b"<svg onload=alert(1)>", "application/octet-stream", False),
        (b"alert(1)", "text/plain", False),
        (b"a,b\n", "text/plain", False),
        (bytes(range(256)), "application/octet-stream", False),
    ],
)
def test_only_what_is_safe_is_shown(host: Callable[..., Host], content: bytes, said: str, shown: bool) -> None:
    """Pictures and PDF are shown where asked; whatever a browser would run is sent as bytes to be saved."""
    made = host()
    number = keep(made, content, "file.html", role="Admin", media_type="text/html")
    with made.client().get(f"/storage/{number}?show=1") as answer:
        assert answer.status_code == 200
        assert answer.mimetype == said
        assert answer.headers["Content-Disposition"].startswith("inline" if shown else "attachment")
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.database("sqlite")
def test_a_lost_object_is_a_missing_page(host: Callable[..., Host]) -> None:
    """A row whose bytes are gone answers plainly."""
    made = host()
    number = keep(made, role="Admin")
    made.site.storage.delete([item.key for item in made.site.storage.list()])
    assert made.client().get(f"/storage/{number}").status_code == 404


@pytest.mark.database("sqlite")
def test_a_storage_that_is_down_is_told(host: Callable[..., Host]) -> None:
    """The health check names what to look at."""
    for url, level in (("file:///dev/null/files", "error"), ("", "ok")):
        made = host(storage_url=url)
        check = next(item for item in made.generation.contributions("health_checks") if item.id == "storage.answers")
        with made.work() as work:
            assert check.check(work).level == level
