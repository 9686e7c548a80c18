"""The extension of the page on files works."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost.host import check
from crmhost.testing import Host

PAGE = Path(__file__).resolve().parents[2] / "docs" / "authors" / "files.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.mark.database("sqlite")
def test_papers_are_kept_shown_and_removed(host: Callable[..., Host], tmp_path: Path) -> None:
    """The check finds nothing; what is uploaded is shown to whoever may see the contact, removed, and gone with the extension."""
    folder = tmp_path / "home" / "plugins" / "papers"
    for name, text in BLOCK.findall(PAGE.read_text("utf-8")):
        path = folder.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    wrong = [str(finding) for finding in check.check(folder)]
    assert [line for line in wrong if "README" not in line and "test" not in line] == []

    site = host("papers")
    ada = site.make.contact(first_name="Ada")
    shelf = f"/papers/{ada}"
    assert site.client("Read only").post(shelf, data={"paper": (io.BytesIO(PNG), "x.png")}).status_code == 403
    papers = [
        site.client().post(shelf, data={"paper": (io.BytesIO(PNG), "../me.png")}).headers["Location"] for _ in range(2)
    ]
    with site.client("Read only").get(papers[0]) as answer:
        assert (answer.status_code, answer.data) == (200, PNG)
        assert answer.headers["Content-Disposition"] == "inline; filename=me.png"
    assert site.client("Contacts manager", only_assigned=True).get(papers[0]).status_code == 404
    number = re.search(r"/storage/(\d+)", papers[0])
    assert number is not None
    assert site.client().post(f"/papers/{number[1]}/remove").status_code == 303
    assert site.client().get(papers[0]).status_code == 404
    site.run_jobs()
    assert len(list(site.site.storage.list())) == 1
    site.uninstall("papers")
    assert list(site.site.storage.list()) == []
