"""The site's logo: taken in, shown to everybody, on papers and in mails, replaced, removed."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image

from crmhost.core.files import services as files
from crmhost.core.mail import services as mail
from crmhost.core.settings import logo
from crmhost.core.settings import services as settings
from crmhost.errors import Invalid
from crmhost.testing import Host
from crmhost.web import papers
from tests.unit.web.conftest import Reader
from tests.unit.web.people import ONE


def drawn(kind: str = "PNG", size: tuple[int, int] = (1200, 300), colour: str = "navy") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def upload(reader: Reader, data: bytes) -> Any:
    return reader.post("/settings/logo", {"logo": (io.BytesIO(data), "logo.svg")})


def test_a_logo_is_shown_to_everybody_replaced_and_removed(site: Host, reader: Reader) -> None:
    """As a small PNG that browsers keep; the one before keeps its address, papers that were frozen with it need it."""
    assert upload(reader, drawn("JPEG")).status_code == 303
    with site.work() as work:
        first = logo.current(work)
    address = f"/settings/logo/{first}.png"
    assert address in reader.get("/settings/").text
    stranger = Reader(site, "")
    with stranger.get(address) as shown:
        assert (shown.status_code, shown.mimetype) == (200, "image/png")
        assert "immutable" in shown.headers["Cache-Control"]
        with Image.open(io.BytesIO(shown.data)) as small:
            assert (small.format, small.size) == ("PNG", (900, 225))
    upload(reader, drawn(colour="red"))
    with site.work() as work:
        second = logo.current(work)
        assert second not in ("", first)
        work.base_url = "https://crm.example"
        source = mail.compose(work, "rich", "Hello", "<p>{{ site.logo }}</p>")
        assert f'src="https://crm.example/settings/logo/{second}.png"' in mail.write(work, source, None).html
        head = papers.paper_html(work, "crmhost/paper.html")
        assert 'src="crmhost:/file/logo"' in head
        assert "crmhost:/file/logo" not in papers.paper_html(work, "crmhost/paper.html", logo="")
        assert len(papers.paper_pdf(work, "crmhost/paper.html")) > len(
            papers.paper_pdf(work, "crmhost/paper.html", logo="")
        )
    assert stranger.get(address).status_code == 200
    reader.post("/settings/logo", {"do": "remove"})
    assert "/settings/logo/" not in re.sub(r'action="[^"]*"', "", reader.get("/settings/").text)
    with site.work() as work:
        assert papers.paper_html(work, "crmhost/paper.html").count("<img") == 0


@ONE
def test_what_is_no_logo_is_refused(site: Host, reader: Reader) -> None:
    """Drawings that could hold scripts, what is no picture, what is too large, who may not; files of others stay theirs."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for wrong in (b"", svg, b"GIF89a", drawn()[:200], drawn(size=(9000, 9000))):
        assert upload(reader, wrong).status_code == 303
        assert "no picture that can be used" in reader.toasts(), wrong[:10]
    reader.post("/settings/logo", {})
    assert "Choose a picture first." in reader.toasts()
    assert upload(Reader(site, "Read only"), drawn()).status_code == 403
    with site.work() as work:
        with pytest.raises(Invalid):
            logo.stage(work, io.BytesIO(b"x" * (logo.LARGEST + 1)))
        staged = files.stage(work, drawn(), name="private.png", owner="contacts")
        with work.begin():
            kept = files.store(work, staged)
        name = f"{kept.id}-{kept.sha256[:16]}"
        with work.begin(), pytest.raises(Invalid):
            settings.set_many(work, {"site.logo": name})
    for address in (name, "1-" + "0" * 16, "x", "1", "-", "99999999999999999999-0"):
        assert Reader(site, "").get(f"/settings/logo/{address}.png").status_code == 404, address
