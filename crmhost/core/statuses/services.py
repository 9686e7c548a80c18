"""The ordered list of contact statuses, and how many contacts each holds."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.orm import InstrumentedAttribute

from ...errors import Invalid, NotFound
from ...messages import Message
from ...work.unit import Change, Work
from ..contacts.models import Contact
from ..hues import HUES, hue_for
from ..journal.models import JournalEntry
from ..keyset import valid_id
from ..rows import table
from ..text import clean_line, fold, nearest, unknown
from .counts import add as add_counts
from .counts import kept, listed
from .models import Status, StatusChange

#: What a new site has: name and colour.
FIRST = {
    "Lead": "blue",
    "Contacted": "violet",
    "Customer": "green",
    "Upsell": "teal",
    "Blacklisted": "grey",
    "Refused": "red",
}
MOST = 100
DEFAULT = "statuses.default"


def all_statuses(work: Work) -> list[Status]:
    """All statuses in their order."""
    if work.writing:
        # Their numbers change with each contact that is written.
        wanted = select(Status).order_by(Status.position, Status.id)
        return work.once(("statuses.all",), lambda: list(work.session.scalars(wanted)), of=[Status])
    return [status for status, _number in listed(work)]


def find(work: Work, name_or_id: str | int, among: Sequence[Status] | None = None) -> Status:
    """The status with this id, or with this name in any case.

    :param among: all statuses, when the caller has them already.
    :raises Invalid: when there is none; the sentence names the one that was probably meant.
    """
    known = all_statuses(work) if among is None else among
    number = valid_id(name_or_id)
    name = clean_line(name_or_id) if isinstance(name_or_id, str) else str(name_or_id)
    for status in known:
        if status.name_key == fold(name) or (number is not None and status.id == number):
            return status
    near = nearest(name, [status.name for status in known])
    names = [status.name for status in known]
    said = Message("There is no status “%(name)s”.", name=name[:80])
    raise Invalid({"status": [unknown(said, near, Message("There are: %(names)s.", names=names))]})


def default(work: Work, among: Sequence[Status] | None = None) -> Status:
    """The status of a new contact: the one in the settings, else the first.

    :raises Invalid: when the site has no statuses yet.
    """
    known = all_statuses(work) if among is None else among
    wanted = valid_id(work.settings.get(DEFAULT))
    if not known:
        raise Invalid({"status": ["This site has no statuses yet: add one first."]})
    return next((status for status in known if status.id == wanted), known[0])


def counts(work: Work) -> dict[int, int]:
    """Status id -> number of contacts that the actor may see; every status is in it."""
    found = {status.id: 0 for status in all_statuses(work)}
    if work.actor.only_assigned:
        mine = select(Contact.status_id, func.count()).where(Contact.visible_to(work.actor)).group_by(Contact.status_id)
        found |= {row[0]: row[1] for row in work.session.execute(mine)}
    else:
        found |= kept(work)
    return found


# --- the list --------------------------------------------------------------------------------------------------------


def first_start(work: Work) -> None:
    """Gives a site without statuses the first ones."""
    if work.session.scalar(select(Status.id).limit(1)) is None:
        for position, (name, hue) in enumerate(FIRST.items()):
            work.session.add(Status(name=name, name_key=fold(name), hue=hue, position=position))
        work.session.flush()


def add(work: Work, name: str, hue: str = "") -> Status:
    """Adds a status at the end.

    :raises Invalid: when the name is empty, too long or taken, or the colour unknown.
    """
    work.require("statuses.edit")
    known = _locked(work)
    if len(known) >= MOST:
        raise Invalid({"name": [Message("There can be at most %(most)s statuses.", most=MOST)]})
    name = _checked_name(name, known)
    position = max((status.position for status in known), default=-1) + 1
    status = Status(name=name, name_key=fold(name), hue=_checked_hue(hue or hue_for(name)), position=position)
    work.session.add(status)
    work.session.flush()
    work.audit("status.added", "status", status.id, after={"name": name, "hue": status.hue})
    work.changed(Change("status.added", "status", status.id, {}, {"name": name}))
    return status


def rename(work: Work, status_id: int, name: str) -> Status:
    """Renames a status; its contacts keep it."""
    work.require("statuses.edit")
    known = _locked(work)
    status = _by_id(known, status_id)
    name = _checked_name(name, [other for other in known if other is not status])
    if name != status.name:
        old, status.name, status.name_key = status.name, name, fold(name)
        work.session.flush()
        work.audit("status.renamed", "status", status.id, before={"name": old}, after={"name": name})
        work.changed(Change("status.renamed", "status", status.id, {"name": old}, {"name": name}))
    return status


def recolour(work: Work, status_id: int, hue: str) -> Status:
    """Gives a status another of the twelve colours."""
    work.require("statuses.edit")
    status = _by_id(_locked(work), status_id)
    hue = _checked_hue(hue)
    if hue != status.hue:
        work.audit("status.recoloured", "status", status.id, before={"hue": status.hue}, after={"hue": hue})
        status.hue = hue
        work.session.flush()
    return status


def reorder(work: Work, ids: Sequence[int]) -> list[Status]:
    """Puts the statuses into this order; those not named follow in the order they had."""
    work.require("statuses.edit")
    known = _locked(work)
    place = {status_id: number for number, status_id in enumerate(ids)}
    for status_id in place:
        _by_id(known, status_id)
    ordered = sorted(known, key=lambda status: place.get(status.id, len(place)))
    if ordered != known:
        before, after = [status.name for status in known], [status.name for status in ordered]
        for position, status in enumerate(ordered):
            status.position = position
        work.session.flush()
        work.audit("status.reordered", "status", "", before=before, after=after)
        work.changed(Change("status.reordered", "status", ordered[0].id, {"names": before}, {"names": after}))
    return ordered


def delete(work: Work, status_id: int, heir: int | str | None = None) -> int:
    """Deletes a status and gives its contacts (those in the bin too) to ``heir``.

    :param heir: name or id of the status that takes the contacts; needed while there are any.
    :returns: how many contacts moved.
    :raises Invalid: when an heir is needed, or the status is the last one.
    :raises Vetoed: when a plugin needs the status.
    """
    work.require("statuses.edit")
    known = _locked(work)
    status = _by_id(known, status_id)
    others = [other for other in known if other is not status]
    if not others:
        raise Invalid("This is the only status: add another one before you delete it.")
    taker = find(work, heir, others) if heir not in (None, "") else None
    work.hooks.call("status_before_delete", work=work, status_id=status_id, heir_id=taker.id if taker else None)
    if _used(work, status) and taker is None:
        raise Invalid(
            {
                "heir": [
                    Message("Contacts have the status “%(name)s”: choose the status that they get.", name=status.name)
                ]
            }
        )
    moved = _move_all(work, status, taker) if taker else 0
    if valid_id(work.settings.get(DEFAULT)) == status_id:
        _set_default(work, (taker or others[0]).id)
    work.audit(
        "status.deleted",
        "status",
        status_id,
        before={"name": status.name},
        after={"heir": taker.name if taker else None},
    )
    work.changed(
        Change("status.deleted", "status", status_id, {"name": status.name}, {"heir_id": taker.id if taker else None})
    )
    work.session.delete(status)
    work.session.flush()
    return moved


def set_from_text(work: Work, text: str) -> list[Status]:
    """Makes the list what a comma-separated text says, such as ``Lead,Contacted,Customer``.

    A name that is there (in any case) stays the same status, a new one is added, one that is left out is deleted.

    :raises Invalid: when a name stands twice, or contacts have a status that is left out.
    """
    work.require("statuses.edit")
    names = [name for name in (clean_line(part) for part in text.replace("\n", ",").split(",")) if name]
    keys = [fold(name) for name in names]
    twice = next((name for name, key in zip(names, keys, strict=True) if keys.count(key) > 1), None)
    if not names:
        raise Invalid({"statuses": ["Give at least one status."]})
    if twice is not None:
        raise Invalid({"statuses": [Message("“%(twice)s” stands in the list twice.", twice=twice)]})
    known = {status.name_key: status for status in _locked(work)}
    for key, status in known.items():
        if key not in keys and _used(work, status):
            sentence = Message(
                "Contacts have the status “%(name)s”: delete it by itself and choose the one that they get.",
                name=status.name,
            )
            raise Invalid({"statuses": [sentence]})
    wanted = [
        rename(work, known[key].id, name) if key in known else add(work, name)
        for name, key in zip(names, keys, strict=True)
    ]
    for key, status in known.items():
        if key not in keys:
            delete(work, status.id)
    return reorder(work, [status.id for status in wanted])


# --- the setting -----------------------------------------------------------------------------------------------------


def choices(work: Work) -> list[tuple[str, str]]:
    """Statuses to choose from in a form: id as text, and name."""
    return [(str(status.id), status.name) for status in all_statuses(work)]


def check_default(work: Work, value: Any) -> str:
    """The setting “status of a new contact” as it is stored: the id as text, or empty for the first."""
    return str(find(work, value).id) if value else ""


def _set_default(work: Work, status_id: int) -> None:
    from ..settings.services import store

    store(work, {DEFAULT: str(status_id)})


# --- helpers ---------------------------------------------------------------------------------------------------------


def _locked(work: Work) -> list[Status]:
    return list(work.session.scalars(select(Status).order_by(Status.position, Status.id).with_for_update()))


def _by_id(known: Sequence[Status], status_id: int) -> Status:
    for status in known:
        if status.id == status_id:
            return status
    raise NotFound("status", status_id)


def _used(work: Work, status: Status) -> bool:
    return work.session.scalar(select(Contact.id).where(Contact.status_id == status.id).limit(1)) is not None


def _checked_name(name: str, others: Sequence[Status]) -> str:
    name = clean_line(name)
    key = fold(name)
    if not key:
        raise Invalid({"name": ["Give the status a name."]})
    if "," in name:
        raise Invalid({"name": ["The name of a status can't hold a comma."]})
    if len(name) > 80 or len(key) > 80:
        raise Invalid(
            {
                "name": [
                    Message("The name of a status is at most 80 characters long, this has %(count)s.", count=len(name))
                ]
            }
        )
    if any(other.name_key == key for other in others):
        raise Invalid({"name": [Message("There is a status “%(name)s” already.", name=name)]})
    return name


def _checked_hue(hue: str) -> str:
    if hue not in HUES:
        raise Invalid({"hue": [Message("Choose one of the colours: %(names)s.", names=list(HUES))]})
    return hue


def _move_all(work: Work, status: Status, heir: Status) -> int:
    """Gives all contacts of a status to another: in SQL, because there may be any number."""
    session, now, actor = work.session, work.now, work.actor
    chosen = Contact.status_id == status.id
    living = session.scalars(select(Contact.id).where(chosen, Contact.deleted_at.is_(None)).order_by(Contact.id)).all()
    number = session.scalar(select(func.count()).where(chosen)) or 0
    both: dict[str, Any] = {"contact_id": Contact.id, "at": now, "actor_label": actor.label, "user_id": actor.user_id}
    names = {"old_id": status.id, "new_id": heir.id, "old_name": status.name, "new_name": heir.name}
    _insert_for(work, StatusChange, chosen, both | names)
    entry = {
        "object_type": "contact",
        "object_id": Contact.id,
        "type": "status",
        "summary": "",
        "comment": "",
        "outcome": "",
        "data": {"old": status.name, "new": heir.name, "old_id": status.id, "new_id": heir.id},
        "by_system": True,
        "is_contact": False,
        "pinned": False,
        "created_at": now,
    }
    _insert_for(work, JournalEntry, chosen, both | entry)
    session.execute(
        update(Contact)
        .where(chosen)
        .values(status_id=heir.id, status_since=now, updated_at=now, version=Contact.version + 1)
    )
    add_counts(work, {status.id: -len(living), heir.id: len(living)})
    before, after = MappingProxyType({"status_id": status.id}), MappingProxyType({"status_id": heir.id})
    for contact in living:
        work.changed(Change("contact.status_changed", "contact", contact, before, after))
    return number


def _insert_for(work: Work, model: type[Any], chosen: Any, values: dict[str, Any]) -> None:
    """Inserts a row of ``model`` for each contact that the condition chooses; values are constants or columns of Contact."""
    into = table(model)
    columns = [
        value if isinstance(value, InstrumentedAttribute) else literal(value, into.c[name].type).label(name)
        for name, value in values.items()
    ]
    work.session.execute(insert(into).from_select(list(values), select(*columns).where(chosen), include_defaults=False))
