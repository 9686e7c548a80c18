"""A document of blocks as MJML. Every value is made fit to stand there before a type sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from ...contributions.mail import BlockField, MailBlock
from ..rich import STYLES
from .document import COLUMNS, LOOK, Document, Types

_FONT = "Helvetica Neue, Helvetica, Arial, sans-serif"
_WIDTHS = {"1-1": ("50%", "50%"), "1-2": ("33.33%", "66.67%"), "2-1": ("66.67%", "33.33%")}
#: In the dark: what the mail itself says, so that programs needn't guess. Links and buttons stay readable.
_DARK = """
@media (prefers-color-scheme: dark) {
body, .page { background-color: #14161a !important }
.sheet, .sheet > table { background: #1f2329 !important; background-color: #1f2329 !important }
.sheet div, .sheet h1, .sheet h2, .sheet h3, .sheet p, .sheet li { color: #e8eaed !important }
.sheet a { color: #a8b8ff !important }
.sheet .quiet div, .sheet .quiet p, .sheet blockquote { color: #aeb4bd !important }
.sheet .press a, .sheet .button a { color: #ffffff !important }
.sheet .press td, .sheet .press a, .sheet .button a { background: #4658d8 !important; background-color: #4658d8 !important }
}
"""
#: Gives the MJML of one block: (its type, its values).
Draw = Callable[[MailBlock, Mapping[str, str]], str]


def to_mjml(types: Types, document: Document, draw: Draw = lambda known, values: known.mjml(values)) -> str:
    """The MJML of a document as :func:`.document.clean` gives it; blocks of unknown types are left out.

    :param draw: calls the type's own function; the host puts its watch around it.
    """
    look = {**LOOK, **document.get("look", {})}
    shared = {"accent": look["accent"], "on_accent": on(look["accent"])}

    def drawn(block: Mapping[str, Any]) -> str:
        known = types.get(block["type"])
        return "" if known is None else draw(known, {**_values(known, block), **shared})

    sections, run = [], list[str]()
    for block in document["blocks"]:
        if block["type"] != COLUMNS:
            run.append(drawn(block))
            continue
        sections += _section([(run, "100%")])
        run = []
        widths = _WIDTHS[block["share"]]
        sections += _section(
            [([drawn(one) for one in column], width) for column, width in zip(block["columns"], widths, strict=True)]
        )
    sections += _section([(run, "100%")])
    rules = (
        STYLES.replace("<style>", "")
        .replace("</style>", "")
        .replace("#3b4fd8", look["accent"])
        .replace("#ffffff", shared["on_accent"])
    )
    return _PAGE.format(
        font=_FONT,
        accent=look["accent"],
        rules=f"{rules}a {{ color: {look['accent']} }}\n{_DARK}",
        background=look["background"],
        sections="\n".join(sections) or _section([(['<mj-spacer height="40px" />'], "100%")])[0],
    )


_PAGE = """<mjml>
<mj-head>
<mj-attributes>
<mj-all font-family="{font}" />
<mj-text font-size="16px" line-height="1.5" color="#1f2328" padding="8px 24px" />
<mj-section padding="0" />
</mj-attributes>
<mj-raw><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"></mj-raw>
<mj-style>
{rules}</mj-style>
</mj-head>
<mj-body background-color="{background}" css-class="page">
<mj-section padding="12px 0"><mj-column><mj-spacer height="1px" /></mj-column></mj-section>
<mj-wrapper background-color="#ffffff" padding="16px 0" css-class="sheet">
{sections}
</mj-wrapper>
<mj-section padding="12px 0"><mj-column><mj-spacer height="1px" /></mj-column></mj-section>
</mj-body>
</mjml>
"""


def _section(columns: Sequence[tuple[Sequence[str], str]]) -> list[str]:
    """One section, or none when nothing stands in it."""
    if not any(part for parts, _width in columns for part in parts):
        return []
    inner = "".join(f'<mj-column width="{width}">{"".join(parts)}</mj-column>' for parts, width in columns)
    return [f"<mj-section>{inner}</mj-section>"]


def _values(known: MailBlock, block: Mapping[str, Any]) -> dict[str, str]:
    return {field.name: _fit(field, block.get(field.name, field.default)) for field in known.fields}


def _fit(field: BlockField, value: Any) -> str:
    """A value as it may stand in MJML."""
    if field.kind == "switch":
        return "yes" if value else ""
    return str(value) if field.kind in ("rich", "html") else escape(str(value))


def on(colour: str) -> str:
    """White or black, whichever can be read better on a colour (relative luminance of WCAG 2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else "#000000"
