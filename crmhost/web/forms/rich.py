"""The field for rich text: an editor where scripts run, a text area with HTML elsewhere, harmless HTML as its value."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from wtforms.validators import ValidationError

from ...errors import Invalid
from .fields import AreaField


class RichTextField(AreaField):
    """Text with headings, lists, links, pictures, buttons and placeholders; its value is HTML made harmless.

    What is typed without JavaScript as plain text becomes paragraphs.

    :param placeholders: what its menu offers, such as ``("quote.title", "Title of the quote")``: the path that is written as
        ``{{ quote.title }}``, and its label.
    :param images: address that takes a picture (POST, field ``file``) and answers ``{"src": "/…"}``, or ``{"error": "…"}``;
        without one, pictures are named by their address.
    :param when: name of another field and the value of it with which this one holds rich text; with other values it is a plain
        text area and its text is left as it is.
    """

    def __init__(
        self,
        label: str = "",
        *,
        placeholders: Iterable[tuple[str, str]] = (),
        images: str = "",
        when: tuple[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.when = when
        self.offer(placeholders, images)

    def offer(self, placeholders: Iterable[tuple[str, str]], images: str = "") -> None:
        """Sets what the editor's menus offer, where it is known with the request only."""
        self.placeholders = [(path, label) for path, label in placeholders]
        self.images = images

    @property
    def editor(self) -> str:
        """What the script has to know, as JSON."""
        options: dict[str, Any] = {
            "texts": editor_texts(),
            "placeholders": [{"path": path, "label": str(label)} for path, label in self.placeholders],
        }
        if self.images:
            options["images"] = self.images
        if self.when is not None:
            options["when"] = list(self.when)
        return json.dumps(options, ensure_ascii=False)

    def pre_validate(self, form: Any) -> None:
        """:raises ValidationError: when the HTML or a placeholder in it can't be read."""
        # Parsers of HTML are heavy: pages without such a field do without them.
        from ...mail.rich import harmless

        if self.when is not None and form[self.when[0]].data != self.when[1]:
            return
        try:
            self.data = harmless(self.data or "")
        except Invalid as error:
            raise ValidationError(_(error.message)) from error


def editor_texts() -> dict[str, str]:
    """Words of the editor, in the reader's language."""
    return {
        "toolbar": _("Formatting"),
        "style": _("Paragraph style"),
        "paragraph": _("Text"),
        "heading1": _("Heading 1"),
        "heading2": _("Heading 2"),
        "heading3": _("Heading 3"),
        "bold": _("Bold"),
        "italic": _("Italic"),
        "underline": _("Underline"),
        "bullets": _("List"),
        "numbers": _("Numbered list"),
        "quote": _("Quote"),
        "link": _("Link"),
        "unlink": _("Remove the link"),
        "linkText": _("Text of the link"),
        "address": _("Address"),
        "addressHint": _("Such as example.com or hello@example.com."),
        "badAddress": _("Give the address of a page or an e-mail address."),
        "image": _("Picture"),
        "removeImage": _("Remove the picture"),
        "file": _("File"),
        "fileHint": _("PNG, JPEG, GIF or WebP, at most 5 MB."),
        "imageAddress": _("Address of the picture"),
        "badImage": _("Choose a file, or give an address that begins with https://."),
        "alt": _("Description"),
        "altHint": _("Read aloud, and shown where pictures are not."),
        "notUploaded": _("The picture could not be sent to the site. Try again."),
        "button": _("Button"),
        "removeButton": _("Remove the button"),
        "buttonText": _("Text on the button"),
        "noText": _("Say what the button does."),
        "divider": _("Divider"),
        "placeholder": _("Placeholder"),
        "find": _("Find a placeholder"),
        "nothing": _("Nothing found"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "source": _("HTML source"),
        "save": _("Apply"),
        "cancel": _("Cancel"),
        "kept": _("This text holds what the editor can't show ({names}), so here is its source."),
        "lost": _("Edit it as rich text?"),
        "lostDetail": _("The editor can't hold everything in this text: {names} will be left out."),
        "lostButton": _("Leave it out"),
        "plain": _("Turn it into plain text?"),
        "plainDetail": _("Headings, links, pictures and other formatting will be left out."),
        "plainButton": _("Leave it out"),
    }
