"""Mails of blocks on this site: the types of the core and of plugins, and documents checked, drawn and looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from ...contributions import MailBlock
from ...errors import Invalid
from ...mail import blocks
from ...messages import Message
from ...work.unit import Work


def types(work: Work) -> Mapping[str, MailBlock]:
    """All types by name, in the order of the palette."""
    declared = cast("tuple[MailBlock, ...]", work.generation.contributions("mail_blocks"))
    return {item.name: item for item in declared}


def clean(work: Work, content: str, kept: str = "") -> str:
    """A document as it is stored, see :func:`crmhost.mail.blocks.clean`.

    :param kept: as it was; what takes a permission of its own may stay, but not come or change.
    :raises Invalid: what is wrong with it.
    """
    return blocks.clean(types(work), content, kept=kept, may=work.can)


def mjml(work: Work, content: str) -> str:
    """The MJML of a document.

    :raises Invalid: what is wrong with it.
    """
    known = types(work)
    document = json.loads(blocks.clean(known, content))

    def draw(item: MailBlock, values: Mapping[str, str]) -> str:
        place = f"mail block {item.name}"
        return str(work.generation.run(item.plugin, place, item.mjml, values, default="", gives=str))

    return blocks.to_mjml(known, document, draw)


def lacking(work: Work, content: str) -> list[Message]:
    """What keeps a mail of this document from being sent: fields that are empty, blocks of extensions that are off."""
    known = types(work)
    try:
        return blocks.lacking(known, json.loads(blocks.clean(known, content)))
    except Invalid:
        return []  # what can't be read is told of elsewhere


def outline(work: Work, content: str) -> str:
    """A document in words, a line for each block."""
    return blocks.outline(types(work), content)


def told(work: Work, content: str) -> list[tuple[int, Message, list[str]]]:
    """The blocks of a document in the order of reading: number, what its type is called, the texts in it."""
    known = types(work)
    try:
        document = json.loads(blocks.clean(known, content))
    except Invalid:
        return []
    return [
        (number, Message(known[block["type"]].label), [value for value in block.values() if isinstance(value, str)])
        for number, block in enumerate(blocks.each(document), 1)
        if block["type"] in known
    ]


def with_footer(content: str) -> str:
    """The document with a footer, which has the line to unsubscribe, at its end."""
    document = blocks.read(content)
    return json.dumps({**document, "blocks": [*document.get("blocks", []), {"type": "footer"}]}, ensure_ascii=False)
