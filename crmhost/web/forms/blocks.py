"""The field for a mail of blocks: an editor where scripts run, a text area with its JSON elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from ...contributions import MailBlock
from .fields import AreaField
from .rich import editor_texts


class BlocksField(AreaField):
    """A mail put together of blocks; its value is a document as :mod:`crmhost.mail.blocks` describes it, checked by the service.

    :param when: name of another field and the value of it with which this one counts.
    """

    def __init__(self, label: str = "", *, when: tuple[str, str], **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.when = when
        self.types: Sequence[tuple[MailBlock, bool]] = ()
        self.placeholders: list[dict[str, str]] = []
        self.layouts: Sequence[Mapping[str, Any]] = ()
        self.addresses: Mapping[str, str] = {}
        self.words: Callable[[str], str] | None = None

    def offer(
        self,
        types: Iterable[tuple[MailBlock, bool]],
        placeholders: Iterable[tuple[str, str]],
        *,
        layouts: Sequence[Mapping[str, Any]] = (),
        images: str = "",
        source: str = "",
        words: Callable[[str], str] | None = None,
    ) -> None:
        """Sets what the editor has to offer.

        :param types: each with whether the reader may add it.
        :param placeholders: path and label.
        :param layouts: documents to begin with: ``{"key", "label", "detail", "document"}``.
        :param images: address that takes a picture, as for :class:`.rich.RichTextField`.
        :param source: address that answers the MJML of the document posted as ``blocks``.
        :param words: gives a document in words, for who compares two.
        """
        self.types = list(types)
        self.placeholders = [{"path": path, "label": str(label)} for path, label in placeholders]
        self.layouts, self.words = layouts, words
        self.addresses = {"images": images, "source": source}

    def said(self, value: Any) -> str:
        """A document as a person compares it with another."""
        return (self.words(str(value)) if self.words and value else "") or "–"

    @property
    def editor(self) -> str:
        """What the script has to know, as JSON."""
        return json.dumps(
            {
                "when": list(self.when),
                "types": [_told(item, may=may) for item, may in self.types],
                "placeholders": self.placeholders,
                "layouts": list(self.layouts),
                "texts": _texts(),
                "rich": {
                    "texts": editor_texts(),
                    "placeholders": self.placeholders,
                    "images": self.addresses.get("images"),
                },
                **self.addresses,
            },
            ensure_ascii=False,
        )


def _told(item: MailBlock, *, may: bool) -> dict[str, Any]:
    fields = [
        {
            "name": field.name,
            "label": _(field.label),
            "kind": field.kind,
            "choices": [[key, _(label)] for key, label in field.choices],
            "default": field.default,
            "required": field.required,
            "help": _(field.help) if field.help else "",
            "least": field.least,
            "most": field.most,
        }
        for field in item.fields
    ]
    return {"name": item.name, "label": _(item.label), "icon": item.icon, "may": may, "fields": fields}


def _texts() -> dict[str, str]:
    """Words of the editor, in the reader's language."""
    return {
        "palette": _("Add a block"),
        "canvas": _("Blocks of the mail"),
        "properties": _("The chosen block"),
        "nothingChosen": _("Choose a block to change it, or press one above to add it at the end."),
        "columns": _("Two columns"),
        "left": _("Left column"),
        "right": _("Right column"),
        "share": _("Widths"),
        "share11": _("Equal"),
        "share12": _("Right wider"),
        "share21": _("Left wider"),
        "empty": _("Nothing here yet"),
        "begin": _("What do you begin with?"),
        "beginHint": _("Everything in it can be changed. Or press a block above to begin with that."),
        "up": _("Move up"),
        "down": _("Move down"),
        "after": _("Add after it"),
        "into": _("Add to this column"),
        "duplicate": _("Duplicate"),
        "remove": _("Delete"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "move": _("Move {name}"),
        "added": _("{name} added at place {place} of {count}"),
        "removed": _("{name} deleted. Undo brings it back."),
        "placed": _("{name} moved to place {place} of {count}"),
        "copied": _("{name} duplicated"),
        "undone": _("Undone"),
        "redone": _("Done again"),
        "missing": _("Missing: {names}"),
        "unknown": _("Of an extension that is off: the mail can't be sent with it."),
        "forbidden": _("You may move or delete it, not change it."),
        "look": _("Colours of the mail"),
        "accent": _("Buttons and links"),
        "background": _("Background"),
        "choose": _("Choose a picture"),
        "another": _("Choose another picture"),
        "address": _("Address of the picture"),
        "notUploaded": _("The picture could not be sent to the site. Try again."),
        "insert": _("Insert personalisation"),
        "insertChoose": _("Choose what to insert"),
        "source": _("Source (MJML)"),
        "sourceTitle": _("MJML of this mail"),
        "sourceHint": _("Made from the blocks. Edit it as source to change it by hand."),
        "sourceEdit": _("Edit as source"),
        "sourceAsk": _("Go on with the source instead of the blocks?"),
        "sourceDetail": _("The mail becomes MJML. It can't be turned into blocks again."),
        "sourceFailed": _("The source can't be made: "),
        "close": _("Close"),
        "broken": _("This is no document of blocks, so here is its source. Correct it, or empty it to begin anew."),
        "badAddress": _("Give the address of a page, an e-mail address or a placeholder."),
    }
