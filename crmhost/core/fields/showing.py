"""Values of custom fields on pages, in the reader's language."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from ...web.i18n import day, money, number
from .kinds import MASK, Definition


def shown(field: Definition, value: Any) -> str | Markup:
    """A stored value as it stands on a page; empty when there is none."""
    if value is None:
        return ""
    match field.kind:
        case "number":
            return number(value, None if isinstance(value, int) else _digits(value))
        case "money":
            return money(value["amount"], value["currency"])
        case "date":
            return day(dt.date.fromisoformat(value))
        case "yes_no":
            return str(_("Yes") if value else _("No"))
        case "choice":
            return field.label_of(value)
        case "choices":
            return ", ".join(field.label_of(key) for key in value)
        case "url":
            text = value.partition("://")[2].rstrip("/")
            return Markup('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>').format(value, text)
        case "email":
            return Markup('<a href="mailto:{}">{}</a>').format(value, value)
        case "encrypted":
            return MASK
        case _:
            return str(value)


def lines(field: Definition, value: Any) -> str | Markup:
    """The same for a place where a long text may take several lines."""
    if field.kind == "long_text" and value:
        return Markup("<br>").join(escape(line) for line in str(value).splitlines())
    return shown(field, value)


def _digits(value: float) -> int:
    return min(len(f"{value:.15g}".partition(".")[2]), 10)
