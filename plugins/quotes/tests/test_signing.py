"""Signing a quote: typed or drawn, what of a drawing is kept and what is refused, and where it is shown."""

from __future__ import annotations

import base64
import io
import zlib

import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader
from werkzeug.test import TestResponse

from crmhost.api import Invalid, links
from crmhost.testing import Host
from plugins.quotes import accepting, sending, versions
from plugins.quotes.models import KIND, Acceptance

from .conftest import seen, sent, visitor

HEAD = "data:image/png;base64,"


def drawing(size: tuple[int, int] = (600, 200), ink: str | None = "black", **more: object) -> bytes:
    """A PNG with a stroke in the middle."""
    sheet = Image.new("RGBA", size)
    if ink is not None:
        ImageDraw.Draw(sheet).line([(100, 80), (300, 120)], fill=ink, width=5)
    out = io.BytesIO()
    sheet.save(out, "PNG", **more)
    return out.getvalue()


def told(data: bytes) -> str:
    return HEAD + base64.b64encode(data).decode()


def sign(site: Host, token: str, digest: str, **form: str) -> TestResponse:
    return visitor(site).post(f"/quotes/d/{token}/accept", data={"digest": digest, "name": "Ada Park", **form})


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def test_a_drawing_is_kept_without_anything_but_its_ink_and_shown(site: Host) -> None:
    """Text and what is hung on behind it go, the empty ground too; it stands on the page, the certificate and the PDF."""
    number, token, digest = sent(site)
    data = drawing()
    dirty = data[:33] + chunk(b"tEXt", b"Comment\0<script>alert(1)</script>") + data[33:] + b"<?php phpinfo();"
    answer = sign(site, token, digest, how="drawn", drawing=told(dirty))
    assert answer.status_code == 303, answer.text
    with site.work() as work:
        taken = work.session.get(Acceptance, number)
        version = versions.current(work, versions.shown(work, number)[0])
        assert taken is not None
        assert taken.drawing is not None
        assert version is not None
        assert (taken.kind, b"script" in taken.drawing, b"php" in taken.drawing) == ("drawn", False, False)
        with Image.open(io.BytesIO(taken.drawing)) as kept:
            assert 195 < kept.width < 215
            assert 35 < kept.height < 60
        made = sending.pdf_of(work, version)
        assert made == sending.pdf_of(work, version)
    page = PdfReader(io.BytesIO(made)).pages[0]
    assert "Accepted by Ada Park" in page.extract_text()
    assert taken.code in page.extract_text()
    assert len(page.images) == 1
    client = visitor(site)
    assert told(taken.drawing) in client.get(f"/quotes/d/{token}").text
    assert told(taken.drawing) in client.get(f"/quotes/verify/{taken.code}").text


@pytest.mark.database("sqlite")
def test_hostile_drawings_are_refused(site: Host) -> None:
    """Bombs, other formats, empty sheets, broken data: a sentence at the page, nothing is accepted."""
    number, token, digest = sent(site)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", (60_000).to_bytes(4) * 2 + b"\x08\x00\x00\x00\x00")
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )
    jpeg = io.BytesIO()
    Image.new("RGB", (50, 50), "black").save(jpeg, "JPEG")
    wrong = [
        told(bomb),
        told(drawing((5000, 5000))),
        told(jpeg.getvalue()),
        told(drawing(ink=None)),
        told(drawing(ink="white")),
        told(drawing()[:100]),
        told(b"<svg onload=alert(1)>"),
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:text/html,<script>alert(1)</script>",
        "https://example.com/x.png",
        HEAD + "%%%",
        HEAD + "A" * 900_000,
        "",
    ]
    for given in wrong:
        answer = sign(site, token, digest, how="drawn", drawing=given)
        assert answer.status_code == 422, given[:60]
        assert 'role="alert"' in answer.text
        assert 'value="Ada Park"' in answer.text
    assert seen(site, number).state == "sent"
    with site.work() as work, work.begin(), pytest.raises(Invalid):
        accepting.accept(work, number, digest=digest, name="Ada", drawing=told(jpeg.getvalue()))
    # Who chose to type is not held to what they drew before.
    assert sign(site, token, digest, how="typed", drawing=told(jpeg.getvalue())).status_code == 303
    with site.work() as work:
        taken = work.session.get(Acceptance, number)
        assert taken is not None
        assert (taken.kind, taken.drawing) == ("typed", None)


@pytest.mark.database("sqlite")
def test_the_client_sees_when_they_looked_and_staff_are_not_counted(site: Host) -> None:
    """The page says when it was opened by this link and how long it works; a look of staff leaves the quote as sent."""
    number, token, _digest = sent(site)
    assert site.client().post(f"/quotes/d/{token}/seen").status_code == 204
    assert seen(site, number).state == "sent"
    with site.work() as work:
        assert links.openings(work, KIND, number) == []
    client = visitor(site)
    assert "You opened this" not in client.get(f"/quotes/d/{token}").text
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    client.post(f"/quotes/d/{token}/seen", headers=agent)
    log = site.client().get(f"/quotes/{number}/preview").text
    assert "This link works until" in log
    assert f"Firefox on Linux · {client.environ_base['REMOTE_ADDR']}" in log
    page = client.get(f"/quotes/d/{token}").text
    assert "You opened this once" in page
    assert "This link works until" in page
