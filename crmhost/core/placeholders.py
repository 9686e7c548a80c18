"""Placeholders in what people write for pages and papers: filled in by the same renderer as mails, with the same names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from ..mail.render import Piece, compile_template
from ..money import Money, in_words
from ..work.unit import Work
from .contacts.models import Contact
from .mail import values as values_of
from .mail.accounts import chosen
from .mail.values import Placeholder
from .mail.values import own_catalogue as catalogue

__all__ = ["Piece", "Placeholder", "catalogue", "day", "html", "line", "money", "text"]


def html(work: Work, template: str, contact: Contact | None, *, more: Mapping[str, Any] | None = None) -> Piece:
    """HTML with its placeholders filled in, values escaped.

    :param more: further values of the caller, such as ``{"quote": {"title": "…"}}``.
    :returns: ``output``, and ``unknown``: placeholders that stand for nothing, as dotted paths. Never send a text that has some.
    :raises Invalid: when it can't be read, or costs too much.
    """
    return compile_template(template, "html").render(_values(work, contact, more))


def text(work: Work, template: str, contact: Contact | None, *, more: Mapping[str, Any] | None = None) -> Piece:
    """Plain text with its placeholders filled in; see :func:`html`."""
    return compile_template(template, "text").render(_values(work, contact, more))


def line(work: Work, template: str, contact: Contact | None, *, more: Mapping[str, Any] | None = None) -> Piece:
    """One line, such as a subject, with its placeholders filled in; see :func:`html`."""
    return compile_template(template, "line").render(_values(work, contact, more))


def _values(work: Work, contact: Contact | None, more: Mapping[str, Any] | None) -> dict[str, Any]:
    return values_of.values(work, contact, chosen(work), more=more)


def money(work: Work, amount: Money, language: str = "") -> str:
    """An amount as a paper in a language has it.

    :param language: ISO 639 code; empty for the site's.
    """
    return in_words(amount, _locale(work, language))


def day(work: Work, date: dt.date, language: str = "") -> str:
    """A day as a paper in a language has it: “31 March 2026”."""
    return str(format_date(date, "long", locale=_locale(work, language)))


def _locale(work: Work, language: str) -> Locale:
    try:
        return Locale.parse(language or str(work.settings.get("site.language") or work.locale or "en"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
