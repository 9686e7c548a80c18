"""The journal as the pages show it: grouped by days, with who, when and what."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template
from flask_babel import gettext
from markupsafe import Markup

from ...contributions import JournalType
from ...work.unit import SYSTEM, Work
from ..statuses import services as statuses
from . import services
from .describe import Part, describe
from .models import JournalEntry
from .reading import By, Entries
from .types import manual_types, types

BY: tuple[By, ...] = ("all", "people", "system")
#: Kinds offered as buttons; the others stand in a list.
SHOWN_KINDS = 5


@dataclasses.dataclass(frozen=True)
class Line:
    """An entry as it is shown.

    :param parts: its sentence, for entries of the system.
    :param who: who wrote it; empty for the host itself.
    """

    entry: JournalEntry
    kind: JournalType
    parts: Sequence[Part]
    who: str

    @property
    def brief(self) -> bool:
        """Whether it is shown as one line instead of a card."""
        return self.entry.by_system and not self.entry.comment


@dataclasses.dataclass(frozen=True)
class Day:
    """The entries of one day."""

    day: dt.date
    lines: list[Line]


def lines_of(work: Work, entries: Sequence[JournalEntry]) -> list[Line]:
    """Entries as they are shown."""
    known = types(work)
    return [
        Line(
            entry,
            known.get(entry.type) or JournalType(name=entry.type, label=_plain(entry.type)),
            describe(entry, gettext),
            "" if entry.actor_label == SYSTEM.label else entry.actor_label,
        )
        for entry in entries
    ]


def _plain(name: str) -> str:
    return name.rpartition(".")[2].rpartition(":")[2].replace("_", " ").capitalize()


def days_of(work: Work, lines: Sequence[Line]) -> list[Day]:
    """The lines under their days, in the site's zone."""
    days: list[Day] = []
    for line in lines:
        day = line.entry.at.astimezone(work.timezone).date()
        if not days or days[-1].day != day:
            days.append(Day(day, []))
        days[-1].lines.append(line)
    return days


def status_hues(work: Work) -> Mapping[int, str]:
    """Status id -> its colour."""
    return {status.id: status.hue for status in statuses.all_statuses(work)}


def list_context(work: Work, object_type: str, object_id: int, found: Entries, by: By) -> dict[str, Any]:
    """What the template of a list of entries needs."""
    return {
        "object_type": object_type,
        "object_id": object_id,
        "by": by,
        "pinned": lines_of(work, found.pinned),
        "days": days_of(work, lines_of(work, [entry for entry in found.rows if not entry.pinned])),
        "next": found.next,
        "hues_of_statuses": status_hues(work),
        "may": work.can("journal.edit"),
    }


def journal_panel(
    work: Work, object_type: str, object_id: int, *, by: By = "all", typed: Mapping[str, str] | None = None
) -> Markup:
    """The composer and the entries of one record, for its page; empty for who may not read the journal.

    :param typed: what was typed and could not be taken, with the sentences under ``errors``.
    """
    if not work.can("journal.view"):
        return Markup()
    found = services.entries(work, object_type, object_id, by=by)
    kinds = manual_types(work)
    html = render_template(
        "journal/panel.html",
        kinds=kinds[:SHOWN_KINDS],
        more_kinds=kinds[SHOWN_KINDS:],
        typed=typed or {},
        **list_context(work, object_type, object_id, found, by),
    )
    return Markup(html)  # noqa: S704  # rendered from a template of ours
