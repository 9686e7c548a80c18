"""How files read in lists and tabs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from markupsafe import Markup
from sqlalchemy import select

from crmhost.api import User, Work, records
from crmhost.web.api import Cell, gettext, icon, link_cell, number, record_url, url_for

from . import limits
from .models import Entry

_ICONS = {
    "pictures": "photo",
    "pdf": "file-type-pdf",
    "office": "file-text",
    "text": "file-text",
    "archives": "file-zip",
}


@dataclasses.dataclass(frozen=True)
class Row:
    """A file as a list shows it.

    :param record: name of its record, when the reader may see that.
    :param record_url: address of it.
    :param by: who brought the file.
    """

    entry: Entry
    record: str = ""
    record_url: str = ""
    by: str = ""

    @property
    def id(self) -> int:
        """Of the file."""
        return int(self.entry.id)

    @property
    def size(self) -> str:
        """As people read it."""
        return readable(self.entry.size)

    @property
    def sign(self) -> str:
        """Name of its icon."""
        return _ICONS.get(limits.group_of(self.entry.media_type), "file")


def rows(work: Work, found: Sequence[Entry], *, here: bool = False) -> list[Row]:
    """Files with the names that they refer to, read for all at once.

    :param here: on the page of their record, which needs no name.
    """
    wanted: dict[str, list[int]] = {}
    for entry in () if here else found:
        wanted.setdefault(entry.object_type, []).append(entry.object_id)
    titles = records.titles(work, wanted)
    people = {entry.created_by_id for entry in found if entry.created_by_id is not None}
    named = select(User.id, User.name, User.email).where(User.id.in_(people))
    names = {row[0]: row[1] or row[2] for row in work.session.execute(named)} if people else {}
    return [
        Row(
            entry,
            titles.get((entry.object_type, entry.object_id), ""),
            record_url(entry.object_type, entry.object_id) if (entry.object_type, entry.object_id) in titles else "",
            names.get(entry.created_by_id or 0, ""),
        )
        for entry in found
    ]


def readable(size: int) -> str:
    """A number of bytes as people read it."""
    if size < 1024:
        return str(gettext("%(size)s bytes", size=number(size)))
    value, names = size / 1024, (gettext("kB"), gettext("MB"), gettext("GB"))
    place = 0
    while value >= 999.5 and place < len(names) - 1:
        value, place = value / 1024, place + 1
    return f"{number(round(value, 1) if value < 10 else round(value))} {names[place]}"


def name(row: Row) -> Markup:
    """The name, leading to its page, behind a small sign."""
    address = url_for("files.page", entry_id=row.id)
    return Markup('<a class="link-ink row-flex" href="{}">{}<span class="cut">{}</span></a>').format(
        address, icon(row.sign), row.entry.name
    )


def record(row: Row) -> Cell:
    """The record, leading to its page."""
    return link_cell(row.record, row.record_url)
