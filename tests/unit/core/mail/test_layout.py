"""What stands around the text of mails: the site's, its theme's, the usual."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost.core.mail import patterns
from crmhost.core.settings import services as settings
from crmhost.testing import Host


def theme(folder: Path, name: str, parent: str = "", layout: str = "") -> None:
    (folder / name / "mail").mkdir(parents=True)
    about = f'id = "{name}"\nname = "{name}"\nversion = "1"\n' + (f'parent = "{parent}"\n' if parent else "")
    (folder / name / "theme.toml").write_text(about)
    if layout:
        (folder / name / "mail" / "layout.html").write_text(layout)


@pytest.mark.database("sqlite")
def test_a_mail_stands_in_the_nearest_layout(host: Callable[..., Host], tmp_path: Path) -> None:
    """Settings come first, then the theme and its parents; one without its place is passed over; MJML stands alone."""
    folder = tmp_path / "themes"
    theme(folder, "base", layout="<h1>Base</h1>##MSG-CONTENT##")
    theme(folder, "own", "base", layout="<h1>no place</h1>")
    theme(folder, "round", "round")
    site = host(theme_folders=(folder,))

    def html(kind: str = "text", content: str = "Hello") -> str:
        with site.work("Admin") as work:
            return patterns.compose(work, kind, "S", content).html

    def choose(**values: str) -> None:
        with site.work() as work, work.begin():
            settings.store(work, {key.replace("_", "."): value for key, value in values.items()})

    assert "Base" not in html()
    choose(site_theme="own")
    assert "<h1>Base</h1>" in html()
    assert "no place" not in html()
    assert "Base" not in html("html", "<html><body>Alone</body></html>")
    choose(mail_layout="<h2>Mine</h2>##MSG-CONTENT##")
    assert "<h2>Mine</h2>" in html()
    choose(mail_layout="", site_theme="round")
    assert "Hello" in html()
    choose(site_theme="../themes/base")
    assert "Base" not in html()
