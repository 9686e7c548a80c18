"""The extension of the page on jobs works."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost.api import tags
from crmhost.host import check
from crmhost.testing import Host

PAGE = Path(__file__).resolve().parents[2] / "docs" / "authors" / "jobs.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.mark.database("sqlite")
def test_contacts_with_a_phone_are_tagged(host: Callable[..., Host], tmp_path: Path) -> None:
    """The check finds nothing; new contacts are tagged by the event, older ones by the button, and all every night."""
    folder = tmp_path / "home" / "plugins" / "callable"
    for name, text in BLOCK.findall(PAGE.read_text("utf-8")):
        path = folder.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    wrong = [str(finding) for finding in check.check(folder)]
    assert [line for line in wrong if "README" not in line and "test" not in line] == []

    site = host()
    site.clock.freeze()
    before = [site.make.contact(first_name=f"P{number}", mobile_phone=f"+4930123{number:04}") for number in range(3)]
    site.run_jobs()
    site.enable("callable")
    new, mute = site.make.contact(first_name="New", work_phone="+49301234567"), site.make.contact(first_name="Mute")
    site.run_jobs()

    def tagged() -> set[int]:
        with site.work() as work:
            return set(tags.of(work, "contact", [*before, new, mute]))

    assert tagged() == {new}
    client = site.client("Contacts manager")
    page = client.post("/callable/").location
    (job,) = site.jobs("callable.tag")
    assert f'hx-get="/settings/jobs/{job.id}/progress"' in client.get(page).text
    site.run_jobs()
    text = client.get(page).text
    assert "4 contacts can be called." in text
    assert 'href="/contacts/?tag=Callable"' in text
    assert tagged() == {*before, new}
    site.clock.move(days=1)
    site.run_jobs()
    assert [job.state for job in site.jobs("callable.tag")] == ["done", "done"]
