"""What the list does to many contacts, so that it can be taken back; contacts that were changed since stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ...contributions import BulkAction
from ...errors import CrmError
from ...host.hookcall import run_isolated
from ...web.tables import BulkDone
from ...work.unit import Work
from ..keyset import valid_id
from ..rows import chunks
from ..text import clean_line
from . import services, tags
from .models import Contact
from .records import KIND

Run = Callable[[Work, Sequence[int], Mapping[str, str]], BulkDone]


def set_status(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    """Gives contacts a status."""
    wanted = valid_id(values["choice"]) or 0
    before = {key: old for key, old in _column(work, ids, "status_id").items() if old != wanted}
    number = services.set_status(work, ids, values["choice"])
    return BulkDone(number, {"to": wanted, "before": list(before.items())})


def unset_status(work: Work, undo: Any) -> int:
    """Gives contacts that still have it the status that they had."""
    return _back(work, undo, "status_id", lambda ids, old: services.set_status(work, ids, old or 0))


def assign(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    """Assigns contacts to a user, or to nobody."""
    wanted = valid_id(values["choice"])
    before = {key: old for key, old in _column(work, ids, "assigned_to_id").items() if old != wanted}
    number = services.assign(work, ids, wanted)
    return BulkDone(number, {"to": wanted, "before": list(before.items())})


def unassign(work: Work, undo: Any) -> int:
    """Assigns contacts that are still assigned so to whom they were assigned."""
    return _back(work, undo, "assigned_to_id", lambda ids, old: services.assign(work, ids, old))


def tag(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
    """Adds a tag, or removes one."""
    name, add = values["entry"], values["choice"] != "remove"
    before = _tagged(work, ids, name)
    number = services.tag(work, ids, add=[name] if add else [], remove=[] if add else [name])
    changed = sorted(_tagged(work, ids, name) ^ before)
    return BulkDone(number, {"name": name, "added": add, "ids": changed})


def untag(work: Work, undo: Any) -> int:
    """Takes the tag from those that got it, or gives it back."""
    name = [undo["name"]]
    if undo["added"]:
        return services.tag(work, undo["ids"], remove=name)
    return services.tag(work, undo["ids"], add=name)


def retag(work: Work, contact_id: int, text: str) -> None:
    """Gives a contact the tags that are named, separated by commas, and no others."""
    contact = services.get(work, contact_id)
    work.require("contacts.edit", contact)
    wanted = {tags.key_of(name): name for name in map(clean_line, text.split(",")) if name}
    had = {tag.name_key: tag.name for tag in tags.of(work, KIND, [contact.id]).get(contact.id, ())}
    add = [name for key, name in wanted.items() if key not in had]
    services.tag(work, [contact.id], add, [name for key, name in had.items() if key not in wanted])


def reassign(work: Work, contact_id: int, text: str) -> None:
    """Assigns a contact to the user with an id, or to nobody."""
    contact = services.get(work, contact_id)
    work.require("contacts.edit", contact)
    services.assign(work, [contact.id], valid_id(text))


def to_bin(work: Work, ids: Sequence[int], _values: Mapping[str, str]) -> BulkDone:
    """Moves contacts to the bin."""
    mine = list(_column(work, ids, "id"))
    return BulkDone(services.to_bin(work, ids), mine)


def from_bin(work: Work, undo: Any) -> int:
    """Brings contacts back from the bin."""
    return services.restore(work, undo)


def contributed(item: BulkAction) -> Run:
    """An action of a plugin."""

    def run(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
        work.require(item.permission)
        failed = object()
        said = run_isolated(
            item.plugin, f"bulk {item.id}", item.run, work, ids, values, default=failed, may_refuse=True
        )
        if said is failed:
            raise CrmError(
                _("The extension “%(plugin)s” failed at this; nothing of this run was changed.", plugin=item.plugin)
            )
        return BulkDone(len(ids), message=str(said or ""))

    return run


# --- helpers ---------------------------------------------------------------------------------------------------------


def _column(work: Work, ids: Sequence[int], name: str) -> dict[int, Any]:
    """Id -> value of a column, of the contacts among these that the actor may see."""
    column = getattr(Contact, name)
    mine = select(Contact.id, column).where(Contact.deleted_at.is_(None))
    if work.actor.only_assigned:
        mine = mine.where(Contact.within_reach(work.actor))
    rows = (row for some in chunks(ids) for row in work.session.execute(mine.where(Contact.id.in_(some))))
    return {row[0]: row[1] for row in rows}


def _back(work: Work, undo: Any, name: str, put: Callable[[list[int], Any], int]) -> int:
    before = dict(undo["before"])
    groups: dict[Any, list[int]] = {}
    for key, value in _column(work, list(before), name).items():
        if value == undo["to"]:
            groups.setdefault(before[key], []).append(key)
    number = 0
    for old, ids in groups.items():
        try:
            number += put(ids, old)
        except CrmError:
            # The status or the user that they had is gone.
            continue
    return number


def _tagged(work: Work, ids: Sequence[int], name: str) -> set[int]:
    key = tags.key_of(clean_line(name))
    return {contact for contact, found in tags.of(work, KIND, ids).items() if any(tag.name_key == key for tag in found)}
