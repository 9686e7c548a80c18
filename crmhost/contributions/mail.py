"""Types of blocks, of which mails are put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from .base import Contribution

#: What a field of a block holds, see :class:`BlockField`.
BlockFieldKind = Literal["line", "rich", "address", "picture", "choice", "number", "colour", "switch", "html"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BlockField:
    """A field of a block.

    :param name: key of its value in the block; letters and ``_``, but not ``type`` or ``columns``.
    :param kind: ``line`` (one line), ``rich`` (formatted text), ``address`` (http, https, mailto, tel, or a placeholder),
        ``picture`` (one of the site's own, or by https), ``choice`` (of ``choices``), ``number`` (from ``least`` to ``most``),
        ``colour`` (``#rrggbb``), ``switch`` (yes or no), ``html`` (HTML, made harmless).
    :param choices: pairs of value and label.
    :param default: what a new block has, and one in which nothing is said.
    :param required: a mail in which it is empty is not sent; a draft may be saved.
    :param help: what stands below the field.
    """

    name: str
    label: str
    kind: BlockFieldKind = "line"
    choices: Sequence[tuple[str, str]] = ()
    default: str | int | bool = ""
    required: bool = False
    help: str = ""
    least: int = 0
    most: int = 600


@dataclasses.dataclass(frozen=True, kw_only=True)
class MailBlock(Contribution):
    """A type of blocks for mails.

    :param name: ``ID.name``; it is stored in mails, so keep it.
    :param label: as the palette shows it; ``icon`` stands beside it.
    :param fields: its form; the first line, text or address is what the list of blocks shows of it.
    :param mjml: gets the values, gives MJML that stands in a column, such as ``<mj-text>…</mj-text>``, or an empty text. Every
        value is text that may stand in MJML as it is, inside an attribute too: lines and addresses are escaped, rich text and
        HTML are harmless, a switch is ``yes`` or empty. ``accent`` and ``on_accent`` are the mail's colour and what is readable
        on it.
    :param permission: what it takes to add or change one; who has it not may keep those that are there.
    """

    name: str
    label: str
    mjml: Callable[[Mapping[str, str]], str]
    fields: Sequence[BlockField] = ()
    icon: str = "square"
    permission: str = ""

    def blank(self) -> dict[str, Any]:
        """A block of this type as it is added."""
        return {"type": self.name, **{field.name: field.default for field in self.fields if field.default != ""}}
