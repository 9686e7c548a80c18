"""The body of a mail, made once before placeholders are filled in: harmless HTML with its styles inlined, and the text part.

Nothing here goes over a network or opens a file. Placeholders and tags of the template stand aside while the HTML is parsed,
so that loops around table rows and placeholders in addresses come out where they were written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Literal

import css_inline
import mrml
import nh3

from ..errors import Invalid
from ..messages import Message
from .passive import check_attributes, check_passive, quoted, tag_spans
from .plain import plain_text
from .render import Limits, scan

#: Over this many bytes of HTML some readers cut a mail off (spec MC3).
LARGE = 100_000
#: Elements inside each other. Parsers of HTML take time and stack by depth; no mail needs a tenth of this.
DEEPEST = 500
#: Blanks inside one tag, which is to say attributes and the words of their values.
MOST_BLANKS = 3_000
#: Rules of styles times elements: each rule is tried on each element.
MOST_STYLED = 10_000_000

#: What rich text is set into when no theme gives a layout; ``<!--content-->`` is where it goes.
LAYOUT = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><style>
body { margin: 0; padding: 16px; font-family: -apple-system, "Segoe UI", Roboto, Arial, sans-serif;
  font-size: 16px; line-height: 1.5; }
.content { max-width: 640px; margin: 0 auto; }
img { max-width: 100%; height: auto; border: 0; }
</style></head><body><div class="content"><!--content--></div></body></html>
"""

_TAGS = nh3.ALLOWED_TAGS | {"font", "section", "header", "footer", "main", "article", "u", "s"}
_ATTRIBUTES = {
    **{tag: set(attributes) for tag, attributes in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": {"align", "class", "dir", "lang", "role", "style", "title"},
    "a": {"href", "target"},
    "font": {"color", "face", "size"},
    "img": {"alt", "border", "height", "src", "width"},
    "ol": {"start", "type"},
}
for _tag in ("table", "tbody", "thead", "tfoot", "tr", "td", "th"):
    _ATTRIBUTES[_tag] = _ATTRIBUTES.get(_tag, set()) | {"bgcolor", "height", "valign", "width"}
_ATTRIBUTES["table"] |= {"border", "cellpadding", "cellspacing", "summary"}
_STYLES = frozenset(
    [
        "background",
        "background-color",
        "border",
        "border-bottom",
        "border-collapse",
        "border-color",
        "border-left",
        "border-radius",
        "border-right",
        "border-spacing",
        "border-style",
        "border-top",
        "border-width",
        "color",
        "direction",
        "display",
        "font",
        "font-family",
        "font-size",
        "font-style",
        "font-variant",
        "font-weight",
        "height",
        "letter-spacing",
        "line-height",
        "list-style",
        "list-style-type",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-height",
        "max-width",
        "min-height",
        "min-width",
        "opacity",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "table-layout",
        "text-align",
        "text-decoration",
        "text-indent",
        "text-transform",
        "vertical-align",
        "white-space",
        "width",
        "word-break",
        "word-spacing",
        "word-wrap",
    ]
)
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"},
    attributes=_ATTRIBUTES,
    filter_style_properties=set(_STYLES),
    url_schemes={"http", "https", "mailto", "tel", "sms", "cid"},
    strip_comments=False,
)
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)

_STYLED = re.compile(r"<(?:style|body)\b", re.IGNORECASE)
_STYLE = re.compile(r"<style\b[^<>]*>([^<]*)</style>")
_BODY = re.compile(r"<(/?)body\b")
_IMPORT = re.compile(r"@(?:import|charset|namespace)\b[^;{}<@]*;", re.IGNORECASE)
#: Loads something, or breaks out of the element.
_UNSAFE_RULE = re.compile(r"url\s*\(|[<\\]|expression|@import|@font-face", re.IGNORECASE)
_OPENED = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
#: Elements without an end tag, or whose end may be left out: they don't nest by themselves.
_FLAT = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "dt",
        "dd",
        "tr",
        "td",
        "th",
        "option",
        "thead",
        "tbody",
        "tfoot",
    ]
)
_BLANK = re.compile(r"[\s/]")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ASIDE = re.compile(r"<!--lq:(\d{1,5})-->|&lt;!--lq:(\d{1,5})--&gt;|lq(\d{1,5})lq")
_ONLY_TAGS = re.compile(r"^(?:<!--lq:\d{1,5}--> ?)+\n", re.MULTILINE)


@dataclass(frozen=True)
class Body:
    """A mail's body with its placeholders still in it.

    :param size: bytes of the HTML.
    """

    html: str
    text: str
    size: int

    @property
    def large(self) -> bool:
        """Whether readers may cut it off (:data:`LARGE`)."""
        return self.size > LARGE


def prepare(source: str, kind: Literal["html", "mjml"] = "html", layout: str = LAYOUT, *, written: bool = True) -> Body:
    """The HTML to send, styles inlined, and the text made from it; placeholders are kept in both.

    :param source: rich text or a whole document of HTML (``html``: its styles inlined, sanitised, set into the layout), or MJML.
    :param layout: HTML document of a theme, with ``<!--content-->`` where rich text goes; not used for MJML.
    :param written: by a person. MJML that code made of escaped values may hold texts that look like markup.
    :raises Invalid: placeholders that can't be read, MJML that can't be, or something that mail can't hold.
    """
    aside = _Aside()
    if kind == "mjml":
        html = _from_mjml(aside.put(source), written=written)
    else:
        content, rules = _fragment(aside.put(source))
        html = aside.put(layout).replace("<!--content-->", content, 1).replace("</head>", f"{rules}</head>", 1)
    html = _inline(html)
    if kind == "mjml":
        # Once more, now that entities inside addresses are read.
        if written:
            check_passive(html)
        else:
            html = quoted(html)
            check_attributes(html)
    sent = aside.restore(html)
    return Body(sent, aside.restore(plain_text(html), plain=True), len(sent.encode()))


def sanitise(html: str) -> str:
    """Rich text of a person made harmless: no scripts, handlers, frames or forms, known styles only. Placeholders stay.

    :raises Invalid: placeholders that can't be read, or elements nested too deeply.
    """
    aside = _Aside()
    return aside.restore(_sanitise(aside.put(html)))


def from_mjml(source: str) -> str:
    """HTML from MJML, without includes and without fonts of others' servers.

    :raises Invalid: it can't be read, or it has scripts, frames or forms, which mail can't hold.
    """
    aside = _Aside()
    return aside.restore(_from_mjml(aside.put(source)))


def inline_css(html: str) -> str:
    """A whole HTML document with what its ``<style>`` says written into ``style`` attributes; media queries stay.

    Sheets that are linked to are left out: nothing is loaded.
    """
    aside = _Aside()
    return aside.restore(_inline(aside.put(html)))


def to_text(html: str) -> str:
    """The text part of a mail made from its HTML (see :func:`.plain.plain_text`). Placeholders stay."""
    aside = _Aside()
    html = aside.put(html)
    _check_shape(html)
    return aside.restore(plain_text(html), plain=True)


class _Aside:
    """Placeholders and tags of templates, taken out of HTML while it is parsed.

    In the text of a page a comment holds the place, because it may stand anywhere, between the rows of a table too; inside a
    tag letters do.
    """

    def __init__(self) -> None:
        self.kept: list[str] = []

    def put(self, html: str) -> str:
        """The HTML with each placeholder replaced by its holder."""
        html = _ASIDE.sub("", html)
        inside = tag_spans(html)
        spans = iter(inside)
        begin, end = next(spans, (len(html), len(html)))

        def hold(markup: str, start: int) -> str:
            nonlocal begin, end
            while start >= end and begin < len(html):
                begin, end = next(spans, (len(html), len(html)))
            number = len(self.kept)
            self.kept.append(markup)
            return f"lq{number}lq" if begin < start < end else f"<!--lq:{number}-->"

        return scan(html, hold, Limits())

    def restore(self, text: str, *, plain: bool = False) -> str:
        """The text with the placeholders back in it; in plain text without the entities that an editor wrote."""

        if plain:
            text = _ONLY_TAGS.sub(self._without_line_end, text)

        def kept(match: re.Match[str]) -> str:
            number = int(match[1] or match[2] or match[3])
            if number >= len(self.kept):
                return ""
            return unescape(self.kept[number]).replace("\xa0", " ") if plain else self.kept[number]

        return _ASIDE.sub(kept, text)

    def _without_line_end(self, match: re.Match[str]) -> str:
        """A line that holds nothing but tags leaves no empty line behind."""
        numbers = [int(number) for number in re.findall(r"\d+", match[0])]
        tags = all(number < len(self.kept) and self.kept[number].startswith("{%") for number in numbers)
        return match[0].removesuffix("\n") if tags else match[0]


def _check_shape(html: str) -> None:
    depth = 0
    for match in _OPENED.finditer(html):
        if match[2].lower() not in _FLAT:
            depth = max(0, depth - 1) if match[1] else depth + 1
            if depth > DEEPEST:
                raise Invalid("The HTML is nested too deeply for mail. Close the elements that are left open.")
    for start, end in tag_spans(html):
        # Each attribute is compared with those before it.
        if end - start > MOST_BLANKS and len(_BLANK.findall(html, start, end)) > MOST_BLANKS:
            raise Invalid("An element of the HTML has too many attributes. Close its quotes and brackets.")


def _sanitise(html: str) -> str:
    _check_shape(html)
    cleaned = _CLEANER.clean(html)
    return _COMMENT.sub(lambda match: match[0] if _ASIDE.fullmatch(match[0]) else "", cleaned)


def _fragment(html: str) -> tuple[str, str]:
    """The content of rich text or of a document, made harmless, and a ``<style>`` with its media queries.

    Styles become attributes first, so that they are cleaned with these; of what can't, only harmless rules stay.
    """
    if not _STYLED.search(html):
        return _sanitise(html), ""
    html = _inline(html)
    rules = "".join(_IMPORT.sub("", style) for style in _STYLE.findall(html))
    if _UNSAFE_RULE.search(rules):
        rules = ""
    # A mail in a layout has no body of its own, but its background.
    html = _BODY.sub(r"<\1div", html)
    return _sanitise(html), f"<style>{rules}</style>" if rules else ""


def _inline(html: str) -> str:
    _check_shape(html)
    if html.count("{") * html.count("<") > MOST_STYLED:
        raise Invalid("The HTML has too many styles and elements together. Leave out the rules that it doesn't use.")
    try:
        return _INLINER.inline(html)
    except css_inline.InlineError as error:
        raise Invalid(Message("The styles can't be read: %(reason)s. Check the CSS.", reason=error)) from error


def _from_mjml(source: str, *, written: bool = True) -> str:
    _check_shape(source)
    if re.search(r"<mj-include\b", source):
        raise Invalid("Includes are not available here. Put the parts into one MJML document.")
    try:
        html = mrml.to_html(
            source, mrml.ParserOptions(include_loader=mrml.noop_loader()), mrml.RenderOptions(fonts={})
        ).content
    except Exception as error:
        raise Invalid(
            Message("The MJML can't be read: %(reason)s. Check that every element is closed.", reason=error)
        ) from error
    if written:
        check_passive(html)
    return html
