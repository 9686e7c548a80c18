"""The Liquid of templates that people write: placeholders, sections and a few filters, and limits on what they may cost.

What a template can reach is what it is handed: mappings, lists and plain values, never attributes of objects. There are no
includes, no clock and no way to mark text as HTML: in HTML every value is escaped when it is written, only a :class:`Rich`
is not, and only code can make one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from io import StringIO
from typing import Any, TextIO, cast

from liquid import Environment, RenderContext, Undefined
from liquid.builtin import content, illegal, output
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.tags import assign_tag, case_tag, comment_tag, for_tag, if_tag, unless_tag
from liquid.exceptions import LiquidError, LoopIterationLimitError, OutputStreamLimitError
from liquid.template import BoundTemplate
from liquid.token import Token
from liquid.undefined import UNDEFINED
from liquid.utils import ReadOnlyChainMap

from .filters import FILTERS

#: Tags that templates may use; ``else``, ``when`` and the ends belong to them.
TAGS = (
    assign_tag.AssignTag,
    case_tag.CaseTag,
    comment_tag.CommentTag,
    for_tag.BreakTag,
    for_tag.ContinueTag,
    for_tag.ForTag,
    if_tag.IfTag,
    unless_tag.UnlessTag,
)
TAG_NAMES = frozenset(
    [
        "assign",
        "case",
        "when",
        "endcase",
        "comment",
        "endcomment",
        "break",
        "continue",
        "for",
        "endfor",
        "if",
        "elsif",
        "else",
        "endif",
        "unless",
        "endunless",
    ]
)


@dataclass(frozen=True)
class Limits:
    """What one rendering may cost before it is stopped.

    :param source: characters of the template.
    :param marks: placeholders and tags in it.
    :param mark: characters of one of them.
    :param output: characters written.
    :param rounds: rounds of all loops together.
    :param seconds: time.
    """

    source: int = 1_000_000
    marks: int = 5_000
    mark: int = 1_000
    output: int = 2_000_000
    rounds: int = 10_000
    seconds: float = 2.0


@dataclass(frozen=True)
class Rich:
    """A value that code made as HTML: written as it is in HTML, as ``text`` elsewhere."""

    html: str
    text: str

    def __str__(self) -> str:
        return self.text


class TooSlow(LiquidError):
    """The time is over."""


class _Unknown(Undefined):
    """A placeholder that nothing knows; it stays readable in what is written."""

    __slots__ = ("shown",)

    def __init__(self, name: str, *, shown: str = "", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.shown = shown or f"{{{{ {name} }}}}"

    def __str__(self) -> str:
        return self.shown


class _Buffer(StringIO):
    """What is written, up to the limit of the rendering that it belongs to."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    def write(self, text: str, /) -> int:
        self.context.wrote(len(text))
        return super().write(text)


class Context(RenderContext):
    """One rendering: what it sees, what it found missing, what it has used of its limits.

    :param html: whether values are escaped.
    :param shown: dotted path -> how the template wrote it, for placeholders of the older form.
    """

    __slots__ = ("deadline", "empty", "html", "limits", "rounds", "shown", "unknown", "written")

    def __init__(
        self,
        template: BoundTemplate,
        values: Mapping[str, object],
        *,
        html: bool,
        limits: Limits,
        shown: Mapping[str, str],
    ) -> None:
        super().__init__(template, globals=values)
        # Without the library's own "now" and "today", which would make a rendering depend on the machine's clock and zone.
        self.scope = ReadOnlyChainMap(self.locals, self.globals)
        self.html = html
        self.limits = limits
        self.shown = shown
        self.deadline = time.monotonic() + limits.seconds
        self.rounds = self.written = 0
        # Dictionaries, because they keep the order.
        self.unknown: dict[str, None] = {}
        self.empty: dict[str, None] = {}

    def hurry(self) -> None:
        """Stops a rendering that takes too long."""
        if time.monotonic() >= self.deadline:
            raise TooSlow("time limit reached", token=None)

    def wrote(self, length: int) -> None:
        """Counts characters of the output."""
        self.written += length
        if self.written > self.limits.output:
            raise OutputStreamLimitError("output limit reached", token=None)
        self.hurry()

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """The value at a path; one that is not there is noted and stands in the output as it was written."""
        self.hurry()
        value = super().get(path, token=token, default=default)
        if isinstance(value, Undefined) and not isinstance(value, _Unknown):
            return self.missing(".".join(str(part) for part in path), token)
        return value

    def missing(self, name: str, token: Token | None) -> _Unknown:
        """Notes a placeholder that nothing knows."""
        self.unknown[name] = None
        return _Unknown(name, shown=self.shown.get(name, ""), token=token)

    def get_item(self, obj: Any, key: Any) -> Any:
        """An item of a mapping, a list or an unknown value; nothing of any other object."""
        if isinstance(obj, (Mapping, list, tuple)):
            return super().get_item(obj, key)
        if isinstance(obj, str) and key == "size":
            return len(obj)
        raise KeyError(key)

    def assign(self, key: str, val: Any) -> None:
        """Sets a variable of the template."""
        self.hurry()
        super().assign(key, val)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Counts the rounds of a loop that begins, over the whole rendering."""
        self.rounds += length
        if self.rounds > self.limits.rounds:
            raise LoopIterationLimitError("loop limit reached", token=None)

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:  # noqa: ARG002 - the count is kept here
        """A buffer under the limits of this rendering."""
        return _Buffer(self)

    def write_value(self, value: object, path: str) -> str:
        """How a value stands in the output; ``path`` is the placeholder, empty for what is computed."""
        if isinstance(value, Rich):
            return value.html if self.html else value.text
        if isinstance(value, Mapping) and not isinstance(value, Undefined):
            # A whole record is no text: the placeholder lacks the field.
            value = self.missing(path or "?", None)
        text = as_text(value)
        if path and not text.strip():
            self.empty[path] = None
        return escape(text) if self.html else text


def as_text(value: object) -> str:
    """A plain value as text: lists with commas, decimals without an exponent, ``true`` and ``false``, nothing for None."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < 60 else str(value)
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    if isinstance(value, Sequence):
        return ", ".join(as_text(item) for item in value)
    return str(value)


class _OutputNode(output.OutputNode):
    """``{{ … }}``, which escapes by itself."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        own = cast("Context", context)
        value = self.expression.evaluate(own)
        left = self.expression.left if isinstance(self.expression, FilteredExpression) else None
        return buffer.write(own.write_value(value, str(left) if isinstance(left, Path) else ""))


class _Output(output.Output):
    node_class = _OutputNode


class Engine(Environment):
    """The library, cut down to what templates may use."""

    block_nesting_limit = 20
    context_depth_limit = 25
    # Bytes of all variables; the library counts them by sys.getsizeof.
    local_namespace_limit = 2_000_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002 - the library's signature
        """Registers the few tags and filters that there are."""
        for tag in (content.Literal, _Output, illegal.Illegal, *TAGS):
            self.add_tag(tag)
        for name, function in FILTERS.items():
            self.add_filter(name, function)


ENGINE = Engine()


def run(
    template: BoundTemplate, values: Mapping[str, object], *, html: bool, limits: Limits, shown: Mapping[str, str]
) -> tuple[str, Context]:
    """Renders; gives the output and the rendering with what it found missing. Raises what the library raises."""
    context = Context(template, values, html=html, limits=limits, shown=shown)
    buffer = _Buffer(context)
    template.render_with_context(context, buffer)
    return buffer.getvalue(), context
