"""What each user arranged for themselves: columns, views, the order of widgets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from ...errors import Forbidden
from ...work.unit import Work
from .models import Preference


def own_id(work: Work) -> int:
    """:raises Forbidden: when nobody is signed in."""
    if work.actor.user_id is None:
        raise Forbidden("", "Only somebody who is signed in can arrange this.")
    return work.actor.user_id


def preference(work: Work, key: str, default: Any = None) -> Any:
    """What the actor arranged under this key."""
    if work.actor.user_id is None:
        return default
    stored = work.session.get(Preference, (work.actor.user_id, key))
    return default if stored is None else stored.value


def set_preference(work: Work, key: str, value: Any) -> None:
    """Keeps what the actor arranged; ``None`` goes back to the default."""
    owner = own_id(work)
    work.session.execute(delete(Preference).where(Preference.user_id == owner, Preference.key == key))
    if value is not None:
        work.session.add(Preference(user_id=owner, key=key, value=value))
    work.session.flush()
