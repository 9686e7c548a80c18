"""What each user arranged for themselves: columns, views, the order of widgets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import SQLColumnExpression, String, cast, delete, literal, select, union_all

from ...errors import Forbidden, Invalid
from ...work.reads import Read
from ...work.unit import Work
from ..text import clean_json, clean_line
from .models import Preference

LONGEST_KEY = 120
LONGEST_VALUE = 50_000


def own_id(work: Work) -> int:
    """:raises Forbidden: when nobody is signed in."""
    if work.actor.user_id is None:
        raise Forbidden("", "Only somebody who is signed in can arrange this.")
    return work.actor.user_id


def preference(work: Work, key: str, default: Any = None) -> Any:
    """What the actor arranged under this key."""
    owner = work.actor.user_id
    if owner is None:
        return default
    return work.once(("preferences", owner), lambda: _all_of(work, owner)).get(clean_line(key), default)


def read_along(
    work: Work, key: SQLColumnExpression[str], value: SQLColumnExpression[Any], where: Any
) -> dict[str, Any]:
    """Key -> value (JSON) of another table's rows, read together with the actor's preferences where these are still unknown."""
    more = select(literal(1), key, value).where(where)
    found: dict[str, Any] | None = None
    owner = work.actor.user_id

    def both() -> dict[str, Any]:
        nonlocal found
        mine = select(literal(0), Preference.key, Preference.value).where(Preference.user_id == owner)
        rows = work.session.execute(union_all(mine, more)).all()
        found = {row[1]: row[2] for row in rows if row[0]}
        return {row[1]: row[2] for row in rows if not row[0]}

    if owner is not None:
        work.once(("preferences", owner), both)
    if found is None:
        found = {row[1]: row[2] for row in work.session.execute(more)}
    return found


def preferences_read(work: Work) -> Sequence[Read]:
    """What :func:`preference` asks, for pages that ask it together with other things."""
    owner = work.actor.user_id
    return () if owner is None else (_read_of(owner),)


def _read_of(owner: int) -> Read:
    text = cast(Preference.value, String)
    return Read(("preferences", owner), select(Preference.key, text).where(Preference.user_id == owner))


def _all_of(work: Work, owner: int) -> dict[str, Any]:
    return {key: json.loads(text or "null") for key, text in work.rows(_read_of(owner))}


def set_preference(work: Work, key: str, value: Any) -> None:
    """Keeps what the actor arranged; ``None`` goes back to the default.

    :raises Invalid: when the key or the value is too long, or the value can't be stored.
    """
    owner, key = own_id(work), clean_line(key)
    try:
        value = clean_json(value)
        size = len(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid("This can't be remembered.") from error
    if len(key) > LONGEST_KEY or size > LONGEST_VALUE:
        raise Invalid("This is too much to be remembered.")
    work.session.execute(delete(Preference).where(Preference.user_id == owner, Preference.key == key))
    if value is not None:
        work.session.add(Preference(user_id=owner, key=key, value=value))
    work.session.flush()
