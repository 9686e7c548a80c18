"""Mails to begin with, made of blocks; their words are in the language of who begins."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ...errors import NotFound
from ...mail.blocks import Document, begin
from ...messages import Message

#: Puts an English text into a language; called ``_`` here, so that the catalogue finds the texts.
Say = Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class Layout:
    """A mail to begin with; ``label`` and ``detail`` are English.

    :param document: gets :data:`Say`, gives the document.
    """

    key: str
    label: str
    detail: str
    document: Callable[[Say], Document]

    def told(self, _: Say) -> dict[str, Any]:
        """It as an editor offers it."""
        return {"key": self.key, "label": _(self.label), "detail": _(self.detail), "document": self.document(_)}


def get(key: str) -> Layout:
    """:raises NotFound: when there is none."""
    for one in ALL:
        if one.key == key:
            return one
    raise NotFound("layout", key[:60])


def _heading(text: str, level: str = "1", **more: Any) -> dict[str, Any]:
    return {"type": "heading", "text": text, "level": level, **more}


def _text(*paragraphs: str) -> dict[str, Any]:
    return {"type": "text", "text": "\n".join(f"<p>{one}</p>" for one in paragraphs)}


_LOGO = {"type": "text", "text": "<p>{{ site.logo }}</p>"}
_FOOTER = {"type": "footer"}
_DEAR = '{{ contact.first_name | default: "" }}'


def _greeting(_: Say) -> str:
    return _("Dear %(name)s,") % {"name": _DEAR}


def _newsletter(_: Say) -> Document:
    return begin(
        _LOGO,
        _heading(_("News of the month")),
        _text(_greeting(_), _("Here is what happened, and what comes next. It takes two minutes to read.")),
        {"type": "divider"},
        _heading(_("The first story"), "2"),
        _text(_("Say in two or three sentences what is new and why it matters to the reader.")),
        {"type": "button", "text": _("Read more"), "href": ""},
        {"type": "divider"},
        {
            "type": "columns",
            "share": "1-1",
            "columns": [
                [_heading(_("The second story"), "3"), _text(_("A short text with one thought."))],
                [_heading(_("The third story"), "3"), _text(_("A short text with one thought."))],
            ],
        },
        _FOOTER,
    )


def _announcement(_: Say) -> Document:
    return begin(
        _LOGO,
        {"type": "spacer", "height": 16},
        _heading(_("Something new is here"), align="center"),
        _text(_greeting(_), _("Say what is new, for whom it is, and from when.")),
        {"type": "button", "text": _("See what is new"), "href": "", "align": "center"},
        _FOOTER,
    )


def _offer(_: Say) -> Document:
    return begin(
        _LOGO,
        _heading(_("An offer for you")),
        _text(_greeting(_), _("Say what you offer, at which price, and until when.")),
        {
            "type": "columns",
            "share": "2-1",
            "columns": [
                [_heading(_("What you get"), "3"), _text(_("What is in it, in plain words."))],
                [_heading(_("Until when"), "3"), _text(_("The last day."))],
            ],
        },
        {"type": "button", "text": _("Take the offer"), "href": "", "align": "center"},
        _text(_("Questions? Just answer this mail.")),
        _FOOTER,
    )


def _event(_: Say) -> Document:
    return begin(
        _LOGO,
        _heading(_("You are invited")),
        _text(_greeting(_), _("Say what happens, and why it is worth an evening.")),
        {
            "type": "columns",
            "share": "1-1",
            "columns": [
                [_heading(_("When"), "3"), _text(_("Day, time, how long"))],
                [_heading(_("Where"), "3"), _text(_("Place and way there"))],
            ],
        },
        {"type": "button", "text": _("Sign up"), "href": "", "align": "center"},
        _FOOTER,
    )


def _welcome(_: Say) -> Document:
    steps = "".join(f"<li>{one}</li>" for one in (_("The first step"), _("The second step"), _("Where to ask")))
    return begin(
        _LOGO,
        _heading(_("Welcome")),
        _text(_greeting(_), _("Thank you for joining us. Here is how to begin:")),
        {"type": "text", "text": f"<ol>{steps}</ol>"},
        {"type": "button", "text": _("Begin"), "href": "{{ site.url }}"},
        _FOOTER,
    )


def _letter(_: Say) -> Document:
    return begin(
        _text(_greeting(_), _("Write here as you would in a letter.")),
        {"type": "text", "text": "<p>{{ sender.signature }}</p>"},
        _FOOTER,
    )


ALL: tuple[Layout, ...] = (
    Layout("newsletter", Message("Newsletter"), Message("Several stories, one large and two small."), _newsletter),
    Layout("announcement", Message("Announcement"), Message("One piece of news and one button."), _announcement),
    Layout("offer", Message("Offer"), Message("What it is, until when, and a button."), _offer),
    Layout("event", Message("Event"), Message("An invitation with time and place."), _event),
    Layout("welcome", Message("Welcome"), Message("The first mail, with steps to begin."), _welcome),
    Layout("letter", Message("Plain letter"), Message("Text alone, as from one person to another."), _letter),
)
