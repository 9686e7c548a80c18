"""One renderer for what people write: ``##CONTACT-FNAME##`` and ``{{ contact.first_name }}``, for page, mail and PDF alike.

The template is Liquid with few tags and filters (:mod:`.engine`); the older form ``##NAME##`` means a placeholder too and is
read as one. Values are escaped in HTML and written plainly in text and in lines. What nothing knows is named, not blanked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Literal

from liquid.exceptions import (
    BlockNestingError,
    ContextDepthError,
    LiquidError,
    LiquidSyntaxError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    UnknownFilterError,
)
from liquid.static_analysis import Variable
from liquid.template import BoundTemplate

from ..core.text import clean_line, shorten
from ..errors import Invalid
from ..messages import Message
from .engine import ENGINE, TAG_NAMES, Limits, Rich, TooSlow, run
from .filters import FILTERS
from .headers import UNFIT

__all__ = [
    "LEGACY",
    "Kind",
    "Limits",
    "Piece",
    "Rendered",
    "Rich",
    "Source",
    "Template",
    "TemplateError",
    "compile_template",
    "names",
    "render",
]

Kind = Literal["html", "text", "line"]

#: Older names that the rule of :func:`path_of` doesn't give.
LEGACY: Mapping[str, str] = {
    "ASSIGNED-TO-EMAIL": "owner.email",
    "ASSIGNED-TO-MOB": "owner.phone",
    "ASSIGNED-TO-NAME": "owner.name",
    "ASSIGNED-TO-SIGNATURE": "owner.signature",
    "ASSIGNED-TO-USERNAME": "owner.username",
    "BIZ-EXTRA-INFO": "site.extra_info",
    "BIZ-INFO": "site.address",
    "BIZ-LOGO": "site.logo",
    "BIZ-NAME": "site.name",
    "BIZ-YOUR-EMAIL": "site.email",
    "BIZ-YOUR-NAME": "site.sender_name",
    "BIZ-YOUR-URL": "site.url",
    "CONTACT-FNAME": "contact.first_name",
    "CONTACT-FULLNAME": "contact.full_name",
    "CONTACT-LNAME": "contact.last_name",
    "CUSTOMER-FULLNAME": "contact.full_name",
    "CUSTOMERNAME": "contact.full_name",
    "EMAIL-FROM-NAME": "site.sender_name",
    "MSG-CONTENT": "message.content",
    "QUOTEDATE": "quote.date",
    "QUOTETITLE": "quote.title",
    "QUOTEVALUE": "quote.value",
    "UNSUB-LINE": "unsubscribe.line",
    "UNSUB-LINK": "unsubscribe.url",
}

_OPEN = re.compile(r"\{\{|\{%|#{2,3}(?=[A-Z])")
_LEGACY = re.compile(r"#{2,3}([A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*)#{2,3}")
_CUSTOM = re.compile(r"(?:CONTACT[-_])?CUSTOM[-_](.+)")
_TAG = re.compile(r"[A-Za-z_#]\w*")
#: The start of an attribute that holds an address, right before the placeholder.
_ADDRESS = re.compile(r"""\b(?:href|src|action|background|formaction)\s{0,9}=\s{0,9}["']?\s{0,9}\Z""", re.IGNORECASE)


class TemplateError(Invalid):
    """A template that can't be read or costs too much. ``line`` counts from 1, 0 where the place is not known."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"Line {line}: {message}" if line else message)
        self.line = line


@dataclass(frozen=True)
class Source:
    """What a person wrote: a subject (one line), HTML and text; parts that are not used are empty."""

    subject: str = ""
    html: str = ""
    text: str = ""


@dataclass(frozen=True)
class Piece:
    """One rendered template.

    :param unknown: placeholders that nothing knows, as dotted paths, in the order of the text; they stand in ``output`` as they
        were written, so never send it.
    :param empty: placeholders that are known and gave nothing.
    """

    output: str
    unknown: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rendered:
    """A rendered :class:`Source`. ``unknown`` and ``empty`` are those of all parts, each once (see :class:`Piece`)."""

    subject: str
    html: str
    text: str
    unknown: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


class Template:
    """A template that was read once and can be rendered for many. Made by :func:`compile_template`."""

    def __init__(self, bound: BoundTemplate, kind: Kind, shown: Mapping[str, str]) -> None:
        self.kind = kind
        self._bound = bound
        self._shown = shown

    @property
    def names(self) -> tuple[str, ...]:
        """Every placeholder used, in any branch, as a dotted path, sorted."""
        found: set[str] = set()
        for variables in self._bound.analyze().globals.values():
            found.update(_dotted(variable) for variable in variables)
        return tuple(sorted(found))

    def render(self, values: Mapping[str, object], limits: Limits = Limits()) -> Piece:  # noqa: B008 - it is frozen
        """The output for ``values``.

        :param values: nested mappings: ``{"contact": {"first_name": "Ada"}}``. A field without a value stands there with ``""``
            or None: a key that is missing makes the placeholder unknown.
        :raises TemplateError: a limit was reached, or a filter can't take what it was given.
        """
        try:
            output, context = run(self._bound, values, html=self.kind == "html", limits=limits, shown=self._shown)
        except (LiquidError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise _readable(error) from error
        output = clean_line(output) if self.kind == "line" else UNFIT.sub("", output)
        return Piece(output, tuple(context.unknown), tuple(context.empty))


def render(
    source: Source,
    values: Mapping[str, object],
    aliases: Mapping[str, str] = LEGACY,
    limits: Limits = Limits(),  # noqa: B008
) -> Rendered:
    """The parts of a source, filled in: ``subject`` as one clean line, ``html`` with escaped values, ``text`` plainly.

    :param values: see :meth:`Template.render`.
    :param aliases: older name (without ``##``) -> dotted path.
    :raises TemplateError: see :func:`compile_template`.
    """
    subject = compile_template(source.subject, "line", aliases).render(values, limits)
    html = compile_template(source.html, "html", aliases).render(values, limits)
    text = compile_template(source.text, "text", aliases).render(values, limits)
    pieces = (subject, html, text)
    return Rendered(
        subject.output,
        html.output,
        text.output,
        tuple(dict.fromkeys(name for piece in pieces for name in piece.unknown)),
        tuple(dict.fromkeys(name for piece in pieces for name in piece.empty)),
    )


def names(source: Source, aliases: Mapping[str, str] = LEGACY) -> tuple[str, ...]:
    """Every placeholder of a source, in any branch, as a dotted path, sorted: to be compared with those that exist."""
    parts: tuple[tuple[str, Kind], ...] = ((source.subject, "line"), (source.html, "html"), (source.text, "text"))
    return tuple(sorted({name for text, kind in parts for name in compile_template(text, kind, aliases).names}))


def compile_template(text: str, kind: Kind, aliases: Mapping[str, str] = LEGACY) -> Template:
    """Reads a template; the last ones read are kept.

    :param kind: ``html`` escapes values, ``text`` does not, ``line`` gives one line without control characters, fit for a header.
    :raises TemplateError: it can't be read; the message says where and what to do.
    """
    return _compile(text, kind, tuple(sorted(aliases.items())) if aliases is not LEGACY else None)


@lru_cache(maxsize=64)
def _compile(text: str, kind: Kind, aliases: tuple[tuple[str, str], ...] | None) -> Template:
    source, shown = _translate(UNFIT.sub("", text), kind, dict(aliases) if aliases is not None else LEGACY, Limits())
    try:
        return Template(ENGINE.from_string(source), kind, shown)
    except (LiquidError, RecursionError) as error:
        raise _readable(error) from error


def path_of(name: str, aliases: Mapping[str, str] = LEGACY) -> str:
    """The dotted path that an older name stands for: from ``aliases``, or by the rule CONTACT-SHOE-SIZE -> contact.shoe_size;
    CUSTOM_SHOE_SIZE is the custom field ``contact.custom.shoe_size``."""
    known = aliases.get(name)
    if known is not None:
        return known
    custom = _CUSTOM.fullmatch(name)
    if custom:
        return f"contact.custom.{custom[1].lower().replace('-', '_')}"
    head, _, rest = name.lower().partition("-")
    return f"{head}.{rest.replace('-', '_')}" if rest else head


def scan(text: str, on_markup: Callable[[str, int], str], limits: Limits) -> str:
    """The text with each placeholder and tag replaced by what ``on_markup(markup, start)`` gives. Linear in time.

    :raises TemplateError: one that never ends or is too long, too many of them, or too long a text.
    """
    if len(text) > limits.source:
        raise TemplateError(
            Message("The template is longer than %(source)s characters. Make it shorter.", source=limits.source)
        )
    parts: list[str] = []
    place = 0
    for match in _OPEN.finditer(text):
        start = match.start()
        if start < place:
            continue
        end = _end_of_markup(text, match, limits)
        parts += (text[place:start], on_markup(text[start:end], start))
        place = end
        if len(parts) > 2 * limits.marks:
            raise TemplateError(f"The template has more than {limits.marks:,} placeholders. Use fewer.")
    return "".join((*parts, text[place:]))


def _end_of_markup(text: str, opening: re.Match[str], limits: Limits) -> int:
    start = opening.start()
    if text[start] == "#":
        older = _LEGACY.match(text, start, start + 80)
        return older.end() if older else opening.end()
    closing = "}}" if text[start + 1] == "{" else "%}"
    end = text.find(closing, start + 2, start + limits.mark)
    if end < 0:
        shown = shorten(text[start : start + 40], 30)
        line = text.count("\n", 0, start) + 1
        raise TemplateError(
            Message("“%(shown)s” is not closed. End it with “%(closing)s”.", shown=shown, closing=closing), line
        )
    return end + 2


def _translate(text: str, kind: Kind, aliases: Mapping[str, str], limits: Limits) -> tuple[str, dict[str, str]]:
    """The template in the form that the library reads, and dotted path -> older name as it was written."""
    shown: dict[str, str] = {}

    def translated(markup: str, start: int) -> str:
        link = " | link" if kind == "html" and _ADDRESS.search(text, max(0, start - 60), start) else ""
        if markup[0] == "#":
            older = _LEGACY.fullmatch(markup)
            if not older:
                return markup
            path = path_of(older[1], aliases)
            shown.setdefault(path, markup)
            return f"{{{{ {path}{link} }}}}"
        inner = markup[2:-2]
        left, right = "-" * inner.startswith("-"), "-" * inner.endswith("-")
        inner = inner.strip("-")
        if kind == "html":
            # Editors of HTML write quotes and blanks as entities, inside placeholders too.
            inner = unescape(inner).replace("\xa0", " ")
        inner = inner.strip()
        if markup[1] == "{":
            return f"{{{{{left} {inner}{link} {right}}}}}"
        tag = _TAG.match(inner)
        if not tag or tag[0] not in TAG_NAMES:
            known = "if, unless, case, for, assign and comment"
            raise TemplateError(
                Message(
                    "“%(inner)s” is no tag of templates. There are %(known)s.", inner=shorten(inner, 30), known=known
                ),
                text.count("\n", 0, start) + 1,
            )
        return f"{{%{left} {inner} {right}%}}"

    return scan(text, translated, limits), shown


def _dotted(variable: Variable) -> str:
    return ".".join("[]" if isinstance(part, list) else str(part) for part in variable.segments)


def _readable(error: Exception) -> TemplateError:
    """The library's error as a sentence for the person who wrote the template."""
    line = 0
    token = getattr(error, "token", None)
    if token is not None and token.start_index >= 0:
        line = token.source.count("\n", 0, token.start_index) + 1
    reason = str(error.message) if isinstance(error, LiquidError) else str(error)
    sentences: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (TooSlow, "This takes too long. Use fewer or shorter loops."),
        (LoopIterationLimitError, "The loops go round too often. Use shorter ones."),
        (OutputStreamLimitError, "The result gets too long. Use less text or shorter loops."),
        (LocalNamespaceLimitError, "The values that are assigned get too large."),
        ((BlockNestingError, ContextDepthError, RecursionError), "This is nested too deeply. Make it flatter."),
        (
            UnknownFilterError,
            Message("There is no such filter: %(reason)s. There are %(filters)s.", reason=reason, filters=FILTERS),
        ),
        (LiquidSyntaxError, f"This can't be read: {reason}. Check the placeholder."),
    )
    for kinds, sentence in sentences:
        if isinstance(error, kinds):
            return TemplateError(sentence, line)
    return TemplateError(Message("This can't be filled in: %(reason)s.", reason=shorten(clean_line(reason), 200)), line)
