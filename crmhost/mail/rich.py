"""Rich text as people write it in the editor or type it: made harmless, and how its parts look in a mail."""

from __future__ import annotations

import re
from html import escape

from .body import sanitise

_HTML = re.compile(r"<[a-zA-Z!/]")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")

#: Looks of what the editor makes; the layout's own rules come after it and win.
STYLES = """<style>
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 12px } h2 { font-size: 21px; line-height: 1.3; margin: 20px 0 10px }
h3 { font-size: 17px; line-height: 1.35; margin: 16px 0 8px } p { margin: 0 0 12px }
blockquote { margin: 0 0 12px; padding-left: 14px; border-left: 3px solid #d0d7de; color: #57606a }
hr { border: 0; border-top: 1px solid #d0d7de; margin: 20px 0 } img { max-width: 100%; height: auto }
p.button { margin: 20px 0 } p.button a { display: inline-block; padding: 11px 20px; border-radius: 6px;
  background-color: #3b4fd8; color: #ffffff; font-weight: bold; text-decoration: none }
</style>
"""


def harmless(text: str) -> str:
    """What was written, as HTML that can be shown anywhere; text without any tag becomes paragraphs. Placeholders stay.

    :raises Invalid: placeholders that can't be read, or elements nested too deeply.
    """
    text = text.strip()
    return sanitise(text if _HTML.search(text) else paragraphs(text)).strip() if text else ""


def paragraphs(text: str) -> str:
    """Plain text as HTML: blank lines part paragraphs, addresses become links."""
    found = []
    for part in re.split(r"\n\s*\n", text.strip()):
        pieces, end = [], 0
        for match in _LINK.finditer(part):
            url = escape(match.group())
            pieces += [escape(part[end : match.start()]), f'<a href="{url}">{url}</a>']
            end = match.end()
        pieces.append(escape(part[end:]))
        found.append("<p>" + "".join(pieces).replace("\n", "<br>\n") + "</p>")
    return "\n".join(found)
