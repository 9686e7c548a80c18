"""The list of types that people choose from when they write an entry, edited under Settings > Field options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update

from ...contributions import JournalType
from ...errors import Invalid, NotFound
from ...messages import Message, Plural
from ...work.context import JobContext
from ...work.unit import Work
from ..settings.services import store
from ..text import clean_line, fold
from .models import JournalEntry
from .types import LIST, OWN, kept, manual_types, types

MOST = 60
LONGEST = 60
#: Entries that the job changes in one transaction.
BATCH = 500
#: Icons that a type can have, with what people call them.
ICONS = {
    "note": Message("Note"),
    "phone": Message("Phone"),
    "mail": Message("E-mail"),
    "users": Message("People"),
    "mailbox": Message("Letter"),
    "message": Message("Speech bubble"),
    "send": Message("Paper plane"),
    "file-text": Message("Document"),
    "receipt": Message("Receipt"),
    "building": Message("Building"),
    "calendar": Message("Calendar"),
    "map-pin": Message("Place"),
    "heart-handshake": Message("Handshake"),
    "gift": Message("Gift"),
}


def editable(item: JournalType) -> bool:
    """Whether people may change a type: those of plugins are theirs."""
    return item.plugin == "journal"


def add(work: Work, label: str, *, icon: str = "note", contact: bool = True) -> JournalType:
    """Adds a type at the end of the list.

    :param contact: whether an entry counts as having contacted the person.
    :raises Invalid: when the label is empty, too long or taken, or the icon unknown.
    """
    work.require("settings.edit")
    label = _checked(work, label, icon)
    if len(manual_types(work)) >= MOST:
        raise Invalid({"label": [Message("There can be at most %(most)s types.", most=MOST)]})
    known, stem = types(work), OWN + fold(label)[:60]
    name, number = stem, 2
    while name in known:
        name, number = f"{stem} {number}", number + 1
    _write(work, [*_rows(work), {"name": name, "label": label, "icon": icon, "contact": bool(contact)}])
    return types(work)[name]


def change(work: Work, name: str, label: str, *, icon: str, contact: bool) -> JournalType:
    """Renames a type and changes its icon and mark; entries keep their type, and the mark they were written with."""
    work.require("settings.edit")
    item = _one(work, name)
    label = _checked(work, label, icon if icon != item.icon else "note", but=name)
    values = {"label": label, "icon": icon, "contact": bool(contact)}
    _write(work, [row | values if row["name"] == name else row for row in _rows(work)])
    return types(work)[name]


def reorder(work: Work, names: Sequence[str]) -> None:
    """Puts the types into this order; those not named follow in the order they had."""
    work.require("settings.edit")
    place = {name: number for number, name in enumerate(names)}
    _write(work, sorted(_rows(work), key=lambda row: place.get(row["name"], len(place))))


def used(work: Work, name: str) -> int:
    """How many entries have a type."""
    return work.session.scalar(select(func.count()).where(JournalEntry.type == name)) or 0


def remove(work: Work, name: str, heir: str = "") -> None:
    """Deletes a type; a job gives its entries to ``heir``.

    :raises Invalid: when it has entries and no heir is named, or it is the last type.
    """
    work.require("settings.edit")
    item = _one(work, name)
    others = {other.name for other in manual_types(work)} - {name}
    if not others:
        raise Invalid({"heir": ["This is the only type: add another one before you delete it."]})
    if (heir and heir not in others) or (not heir and used(work, name)):
        raise Invalid(
            {"heir": [Message("Entries have the type “%(name)s”: choose the one that they get.", name=item.label)]}
        )
    _write(work, [row | {"gone": heir} if row["name"] == name else row for row in _rows(work)])
    if heir:
        work.enqueue("journal.replace_type", name=name, heir=heir)


def replace(job: JobContext, name: str, heir: str) -> dict[str, Any]:
    """The job ``journal.replace_type``: gives all entries of a deleted type another one."""
    work, done, total = job.work, 0, used(job.work, name)
    while True:
        job.check()
        with work.begin():
            ids = list(work.session.scalars(select(JournalEntry.id).where(JournalEntry.type == name).limit(BATCH)))
            work.session.execute(
                update(JournalEntry).where(JournalEntry.id.in_(ids)).values(type=heir),
                execution_options={"synchronize_session": False},
            )
        if not ids:
            return {"message": Plural("%(num)s entry was changed.", "%(num)s entries were changed.", done)}
        done += len(ids)
        job.progress(done, max(done, total))


def _one(work: Work, name: str) -> JournalType:
    found = next((item for item in manual_types(work) if item.name == name and editable(item)), None)
    if found is None:
        raise NotFound("type of entry", name[:80])
    return found


def _checked(work: Work, label: str, icon: str, *, but: str = "") -> str:
    label = clean_line(label)
    if not 0 < len(label) <= LONGEST:
        raise Invalid({"label": [Message("The name of a type has 1 to %(longest)s characters.", longest=LONGEST)]})
    if any(fold(item.label) == fold(label) for item in manual_types(work) if item.name != but):
        raise Invalid({"label": [Message("There is a type “%(name)s” already.", name=label)]})
    if icon not in ICONS:
        raise Invalid({"icon": [Message("Choose one of these icons: %(names)s.", names=list(ICONS))]})
    return label


def _rows(work: Work) -> list[dict[str, Any]]:
    """The list with a row for each type that people may choose, and for those that are gone."""
    rows = kept(work)
    names = {row["name"] for row in rows}
    return [*rows, *({"name": item.name} for item in manual_types(work) if item.name not in names)]


def _write(work: Work, rows: Sequence[Mapping[str, Any]]) -> None:
    store(work, {LIST: [dict(row) for row in rows]})
