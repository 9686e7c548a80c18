"""What many lists show alike: statuses, tags, links to records, days and amounts, and the columns of these."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from ...core.contacts import tags
from ...core.contacts.models import Tag
from ...money import Money
from ...work.unit import Work
from ..i18n import day, money
from . import Cell, TableColumn, TableFilter

#: What stands where there is nothing.
NOTHING = "–"
_STATUS = Markup('<span class="crm-status" data-hue="{}"><span class="crm-dot"></span>{}</span>')
_TAG = Markup('<span class="crm-tag" data-hue="{}"><span class="crm-dot"></span><span>{}</span></span>')
_LINK = Markup('<a class="link-ink cut d-block" href="{}">{}</a>')


def status_cell(name: str, hue: str) -> Markup:
    """A status with its colour, one of the twelve."""
    return _STATUS.format(hue, name)


def tag_cells(found: Sequence[Tag]) -> Markup:
    """Tags, one beside the other."""
    return Markup(" ").join(_TAG.format(tag.hue, tag.name) for tag in found)


def link_cell(text: str, address: str) -> Cell:
    """A text that leads somewhere, cut when it is long; plain without an address, a dash when there is none."""
    return _LINK.format(address, text) if text and address else text or NOTHING


# --- columns ---------------------------------------------------------------------------------------------------------


def text_column(
    name: str,
    label: str,
    read: Callable[[Any], Cell],
    *,
    sort: str = "",
    css: str = "c-org",
    fixed: bool = False,
    shown: bool = True,
) -> TableColumn:
    """A column of texts; a dash where there is none.

    :param read: gives the text, or markup, of a row.
    """
    return TableColumn(
        id=name,
        label=label,
        cell=lambda row: read(row) or NOTHING,
        sort=sort,
        css=css,
        fixed=fixed,
        shown=shown,
    )


def day_column(
    name: str,
    label: str,
    read: Callable[[Any], dt.date | dt.datetime | None],
    *,
    sort: str = "",
    shown: bool = True,
) -> TableColumn:
    """A column of days; a dash where there is none."""
    return text_column(name, label, lambda row: day(read(row)), sort=sort, css="c-when", shown=shown)


def money_column(
    name: str, label: str, read: Callable[[Any], Money | None], *, sort: str = "", shown: bool = True
) -> TableColumn:
    """A column of amounts, at its right end; a dash where there is none."""

    def cell(row: Any) -> str:
        amount = read(row)
        return NOTHING if amount is None else money(amount)

    return TableColumn(id=name, label=label, cell=cell, sort=sort, align="end", css="c-money", shown=shown)


def tags_column(read: Callable[[Any], Sequence[Tag]]) -> TableColumn:
    """The column “Tags”.

    :param read: gives the tags of a row.
    """
    return TableColumn(id="tags", label=_("Tags"), cell=lambda row: tag_cells(read(row)), css="c-tags")


def tag_filter(work: Work, *, quick: bool = False) -> TableFilter:
    """The filter “Tag”, which :func:`crmhost.api.filters.tag` answers."""
    known = [(tag.name, tag.name) for tag in tags.all_tags(work)]
    return TableFilter(id="tag", label=_("Tag"), kind="choice", choices=known, quick=quick)
