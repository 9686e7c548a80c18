"""The layout: HTML around the text of mails that are no complete documents themselves."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from ...work.unit import Work

#: Where the layout takes the content.
PLACE = "##MSG-CONTENT##"
#: In the folder of a theme.
FILE = "mail/layout.html"
USUAL = """<style>
.mail { font-family: Arial, Helvetica, sans-serif; font-size: 15px; line-height: 1.5; color: #1f2328; max-width: 600px }
@media (prefers-color-scheme: dark) {
.mail, .mail p, .mail h1, .mail h2, .mail h3, .mail li { color: #e8eaed !important } .mail a { color: #a8b8ff !important }
.mail p.button a { color: #ffffff !important } .mail blockquote, .mail blockquote p { color: #aeb4bd !important }
}
</style>
<div class="mail">
##MSG-CONTENT##
</div>
"""
_ID = re.compile(r"[a-z][a-z0-9_]*\Z")
#: Parents that are asked at most; themes that go round in circles are told of elsewhere.
_DEEPEST = 10


def layout(work: Work) -> str:
    """The layout in force: that of Settings > Mail, else the site's theme's or its parents', else the usual one."""
    chosen = str(work.settings.get("mail.layout") or "")
    return chosen or _of_theme(work) or USUAL


def _of_theme(work: Work) -> str:
    name = str(work.settings.get("site.theme") or "")
    for _ in range(_DEEPEST):
        folder = _folder(work, name)
        if folder is None:
            break
        try:
            text = (folder / FILE).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            text = ""
        if text.count(PLACE) == 1:
            return text
        name = _parent(folder)
    return ""


def _folder(work: Work, name: str) -> Path | None:
    if not _ID.match(name):
        return None
    folders = (root / name for root in work.theme_folders)
    return next((folder for folder in folders if (folder / "theme.toml").is_file()), None)


def _parent(folder: Path) -> str:
    try:
        return str(tomllib.loads((folder / "theme.toml").read_text("utf-8")).get("parent", ""))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ""
