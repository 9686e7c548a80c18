"""The lists of types and statuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import select, update

from crmhost.api import Change, Invalid, Message, NotFound, Work, keyset, texts

from .models import Status, Transaction, Type

#: What a new site has: name and sign.
FIRST_TYPES = {"Sale": 1, "Refund": -1, "Credit note": -1, "For sale": 0, "Sold": 1}
MOST = 100
LONGEST = 80
_NONE = {
    "type": Message("There is no type “%(name)s”."),
    "status": Message("There is no transaction status “%(name)s”."),
}
Kind = TypeVar("Kind", Type, Status)


def types(work: Work) -> list[Type]:
    """All types in their order; the first is that of a new transaction."""
    return work.once(("transactions.types",), lambda: list(work.session.scalars(_ordered(Type))), of=[Type])


def statuses(work: Work) -> list[Status]:
    """All statuses in their order; the first is that of a new transaction."""
    return work.once(("transactions.statuses",), lambda: list(work.session.scalars(_ordered(Status))), of=[Status])


def _ordered(model: Any) -> Any:
    return select(model).order_by(model.position, model.id)


def find_type(work: Work, name_or_id: object) -> Type:
    """The type with this id, or with this name in any case.

    :raises Invalid: when there is none; the sentence names the one that was probably meant.
    """
    return find_among(types(work), name_or_id, "type")


def find_status(work: Work, name_or_id: object) -> Status:
    """The status with this id, or with this name in any case.

    :raises Invalid: when there is none; the sentence names the one that was probably meant.
    """
    return find_among(statuses(work), name_or_id, "status")


def _said(name: object) -> str:
    return texts.shorten(texts.clean_line(str(name)), 80)


def find_among(known: Sequence[Kind], name_or_id: object, field: str) -> Kind:
    """The one of these with this id or name.

    :param field: ``type`` or ``status``.
    :raises Invalid: when there is none.
    """
    number = keyset.valid_id(name_or_id)
    key = texts.fold(_said(name_or_id))
    for kind in known:
        if kind.name_key == key or (number is not None and kind.id == number):
            return kind
    names = [kind.name for kind in known]
    near = texts.nearest(_said(name_or_id), names)
    said = Message(_NONE[field], name=_said(name_or_id))
    raise Invalid({field: [texts.unknown(said, near, Message("There are: %(names)s.", names=names))]})


def first_start(work: Work, status_names: Sequence[str]) -> None:
    """Gives a site its first types, and the statuses in the setting."""
    if work.session.scalar(select(Type.id).limit(1)) is None:
        for position, (name, sign) in enumerate(FIRST_TYPES.items()):
            work.session.add(Type(name=name, name_key=texts.fold(name), sign=sign, position=position))
    if work.session.scalar(select(Status.id).limit(1)) is None:
        write_statuses(work, status_names)
    work.session.flush()


# --- statuses: written from the setting ------------------------------------------------------------------------------


def in_use(work: Work, statuses: Sequence[Status]) -> list[Status]:
    """Those of the statuses that transactions have, in the bin too."""
    return [status for status in statuses if _used(work, Transaction.status_id == status.id)]


def _used(work: Work, condition: Any) -> bool:
    # One short look per kind; there are few, and each ends at the first row.
    return work.session.scalar(select(Transaction.id).where(condition).limit(1)) is not None


def moves(work: Work, names: Sequence[str]) -> tuple[dict[int, str], list[Status]]:
    """What becomes of the statuses when these are their names: id -> new name, and those that go.

    A name that is typed over keeps its place, so a status that transactions have is renamed by a new name in its place.
    """
    known = statuses(work)
    keys = {texts.fold(name) for name in names}
    fresh = [name for name in names if texts.fold(name) not in {status.name_key for status in known}]
    lost = [status for status in known if status.name_key not in keys]
    renamed: dict[int, str] = {}
    for status in in_use(work, lost):
        place = known.index(status)
        if place < len(names) and names[place] in fresh:
            renamed[status.id] = names[place]
            fresh.remove(names[place])
    return renamed, [status for status in lost if status.id not in renamed]


def write_statuses(work: Work, names: Sequence[str]) -> None:
    """Makes the rows of the statuses what their names say."""
    known = {status.id: status for status in work.session.scalars(_ordered(Status))}
    renamed, gone = moves(work, names)
    for number, name in renamed.items():
        known[number].name, known[number].name_key = name, texts.fold(name)
    kept = in_use(work, gone)
    for status in gone:
        if status not in kept:
            work.session.delete(known[status.id])
    work.session.flush()
    by_key = {status.name_key: status for status in work.session.scalars(_ordered(Status))}
    for position, name in enumerate(names):
        row = by_key.get(texts.fold(name))
        if row is None:
            work.session.add(Status(name=name, name_key=texts.fold(name), position=position))
        else:
            row.name, row.position = name, position
    work.session.flush()


# --- types -----------------------------------------------------------------------------------------------------------


def add_type(work: Work, name: str, sign: int) -> Type:
    """Adds a type at the end.

    :param sign: 1 when it adds, -1 when it subtracts, 0 when it does nothing.
    :raises Invalid: by field.
    """
    work.require("settings.edit")
    known = types(work)
    if len(known) >= MOST:
        raise Invalid({"name": [Message("There can be at most %(most)s types.", most=MOST)]})
    name = _name(name, known)
    position = max((kind.position for kind in known), default=-1) + 1
    made = Type(name=name, name_key=texts.fold(name), sign=_sign(sign), position=position)
    work.session.add(made)
    work.session.flush()
    work.audit("transaction_type.added", "transaction_type", made.id, after={"name": name, "sign": made.sign})
    work.changed(Change("transaction_type.added", "transaction_type", made.id, {}, {"name": name, "sign": made.sign}))
    return made


def change_type(work: Work, type_id: int, name: str, sign: int) -> Type:
    """Renames a type, or has it add, subtract or do nothing; its transactions keep it."""
    work.require("settings.edit")
    kind = _type(work, type_id)
    name = _name(name, [other for other in types(work) if other.id != kind.id])
    before, after = {"name": kind.name, "sign": kind.sign}, {"name": name, "sign": _sign(sign)}
    if before != after:
        kind.name, kind.name_key, kind.sign = name, texts.fold(name), _sign(sign)
        work.session.flush()
        work.audit("transaction_type.changed", "transaction_type", kind.id, before=before, after=after)
        work.changed(Change("transaction_type.changed", "transaction_type", kind.id, before, after))
    return kind


def delete_type(work: Work, type_id: int, heir: int | str | None = None) -> int:
    """Deletes a type and gives its transactions to ``heir``; gives how many moved.

    :raises Invalid: when an heir is needed, or the type is the last one.
    """
    work.require("settings.edit")
    kind = _type(work, type_id)
    if len(types(work)) == 1:
        raise Invalid("This is the only type: add another one before you delete it.")
    taker = find_type(work, heir) if heir not in (None, "") else None
    if taker is not None and taker.id == kind.id:
        raise Invalid({"heir": ["Choose another type for its transactions."]})
    moved = 0
    if _used(work, Transaction.type_id == kind.id):
        if taker is None:
            said = Message("Transactions have the type “%(name)s”: choose the type that they get.", name=kind.name)
            raise Invalid({"heir": [said]})
        values = {"type_id": taker.id, "version": Transaction.version + 1, "updated_at": work.now}
        done: Any = work.session.execute(update(Transaction).where(Transaction.type_id == kind.id).values(values))
        moved = int(done.rowcount)
    after = {"heir": taker.name if taker else None, "moved": moved}
    work.audit("transaction_type.deleted", "transaction_type", kind.id, before={"name": kind.name}, after=after)
    change = Change(
        "transaction_type.deleted", "transaction_type", kind.id, {"name": kind.name, "sign": kind.sign}, after
    )
    work.changed(change)
    work.session.delete(kind)
    work.session.flush()
    return moved


def _type(work: Work, type_id: int) -> Type:
    kind = work.session.get(Type, keyset.valid_id(type_id) or 0)
    if kind is None:
        raise NotFound("type", type_id)
    return kind


def _name(name: str, others: Sequence[Type]) -> str:
    name = texts.clean_line(name)
    if not name or len(name) > LONGEST:
        raise Invalid({"name": [Message("Give a name of at most %(longest)s characters.", longest=LONGEST)]})
    if any(other.name_key == texts.fold(name) for other in others):
        raise Invalid({"name": [Message("There is a type “%(name)s” already.", name=name)]})
    return name


def _sign(sign: int) -> int:
    if sign not in (1, 0, -1):
        raise Invalid({"sign": ["Say whether it adds, subtracts or does nothing."]})
    return sign
