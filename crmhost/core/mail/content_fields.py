"""The fields in which a mail is written, whatever forms they stand in: its kind, its text or blocks, its text part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as __

from ...errors import CrmError, Invalid
from ...web.forms import AreaField, ChoiceField, Form, RichTextField
from ...web.forms.blocks import BlocksField
from ...work.unit import Work
from . import blocks, layouts
from .values import Placeholder, catalogue

KINDS = (
    ("blocks", __("Blocks")),
    ("rich", __("Rich text")),
    ("text", __("Plain text")),
    ("html", __("HTML")),
    ("mjml", __("MJML")),
)


class MailContent(Form):
    """Base of forms in which a mail is written; put it first among the bases.

    ``kind`` says how. Blocks have a field of their own, so that choosing another kind and coming back loses nothing; what is
    stored is one content, see :attr:`written` and :meth:`parted`.
    """

    kind = ChoiceField(__("Written in"), choices=KINDS)
    blocks = BlocksField(__("Blocks"), when=("kind", "blocks"), render_kw={"rows": 16, "spellcheck": "false"})
    content = RichTextField(__("Content"), when=("kind", "rich"), render_kw={"rows": 16, "spellcheck": "true"})
    text = AreaField(
        __("Text part"),
        render_kw={"rows": 4},
        description=__("For programs that show no HTML. Empty: it is made from the content."),
    )

    @property
    def written(self) -> str:
        """What was written, of the kind that was chosen."""
        return str((self.blocks if self.kind.data == "blocks" else self.content).data or "")

    @staticmethod
    def parted(kind: str, content: str) -> dict[str, str]:
        """The values of the fields for a content that is stored."""
        return {
            "kind": kind,
            "content": "" if kind == "blocks" else content,
            "blocks": content if kind == "blocks" else "",
        }

    def offer_content(self, work: Work, more: Sequence[Placeholder] = ()) -> None:
        """Gives the editors their placeholders, blocks, layouts, and the places that take pictures and make the source.

        :param more: placeholders of the caller.
        """
        marks = list({item.path: (item.path, _(item.label)) for item in (*catalogue(work), *more)}.values())
        images = url_for("mail.add_picture") if work.can("mail.send") else ""
        self.content.offer(marks, images)
        self.blocks.offer(
            [(item, work.can(item.permission)) for item in blocks.types(work).values()],
            marks,
            layouts=[one.told(_) for one in layouts.ALL],
            images=images,
            source=url_for("mail.blocks_source") if work.can("mail.send") else "",
            words=lambda text: blocks.outline(work, text),
        )

    def take(self, error: CrmError) -> None:
        """What is wrong with the content is said at the field that holds it."""
        if isinstance(error, Invalid) and "content" in error.errors and self.kind.data == "blocks":
            error = Invalid({_AT.get(name, name): some for name, some in error.errors.items()})
        super().take(error)


_AT: Mapping[str, Any] = {"content": "blocks"}
