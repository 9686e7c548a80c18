"""Saved views of lists: one's own, those that somebody shared with everybody, and the one that a list opens with."""

from __future__ import annotations

import dataclasses

from sqlalchemy import String, cast

from ...errors import Forbidden, Invalid, NotFound
from ...messages import Message
from ...work.unit import Work
from ..keyset import valid_id
from ..text import clean_line
from ..users.preferences import own_id, preference, read_along, set_preference
from .models import ListView

SHARE = "lists.share"
#: Most views of a list that one user keeps, and that are shared.
MOST = 30
LONGEST_NAME, LONGEST_QUERY = 60, 2000
#: Begins the key of a view that is shared; the key of one's own is its name.
SHARED = "shared."


@dataclasses.dataclass(frozen=True)
class View:
    """A saved view.

    :param key: what the address of a list calls it.
    :param query: of the list's address, without the view's own name.
    """

    key: str
    name: str
    query: str
    shared: bool = False


def all_views(work: Work, list_id: str) -> list[View]:
    """The views that the actor may choose from, those that are shared first."""
    return [*_shared(work, list_id), *_own(work, list_id)]


def default_view(work: Work, list_id: str) -> str:
    """Key of the view that the list opens with for the actor; empty for none."""
    kept = preference(work, f"default.{list_id}", "")
    return kept if isinstance(kept, str) else ""


def save(work: Work, list_id: str, name: str, query: str, *, was: str = "", shared: bool = False) -> str:
    """Saves a view, or changes one; gives its key.

    :param was: key of the view that is changed, which may get another name and be shared or not; empty for a new one. A view of
        one's own with the name is replaced.
    :raises Invalid: when the name is missing, or there are too many views.
    :raises Forbidden: when the actor may not share views.
    """
    name = clean_line(name)[:LONGEST_NAME].strip()
    if not name or name.startswith(SHARED) or name == "-":
        raise Invalid({"name": [Message("Give the view a name.")]})
    owner = own_id(work)
    if shared or was.startswith(SHARED):
        _may_share(work)
    changed = next((view for view in all_views(work, list_id) if view.key == was), None) if was else None
    made = View(name, name, query[:LONGEST_QUERY], shared)
    if changed is not None and changed.shared and shared:
        row = _row(work, list_id, was)
        work.audit("list_view.changed", "list_view", row.id, before=row.content, after=_said(made))
        row.content = _said(made)
        work.session.flush()
        return was
    if changed is not None:
        drop(work, list_id, was)
    if shared:
        if len(_shared(work, list_id)) >= MOST:
            raise Invalid(Message("That is enough views. Remove one first."))
        row = ListView(list_id=list_id, user_id=owner, content=_said(made), created_at=work.now)
        work.session.add(row)
        work.session.flush()
        work.audit("list_view.shared", "list_view", row.id, after=_said(made))
        key = f"{SHARED}{row.id}"
    else:
        others = [view for view in _own(work, list_id) if view.name != name]
        if len(others) >= MOST:
            raise Invalid(Message("That is enough views. Remove one first."))
        _keep(work, list_id, [*others, made])
        key = name
    if was and default_view(work, list_id) == was and key != was:
        set_default(work, list_id, key)
    return key


def drop(work: Work, list_id: str, key: str) -> str:
    """Removes a view; gives its name.

    :raises NotFound: when there is none.
    :raises Forbidden: when it is shared and the actor may not share views.
    """
    if key.startswith(SHARED):
        _may_share(work)
        row = _row(work, list_id, key)
        work.audit("list_view.removed", "list_view", row.id, before=row.content)
        work.session.delete(row)
        work.session.flush()
        return row.content["name"]
    mine = _own(work, list_id)
    if key not in {view.key for view in mine}:
        raise NotFound("view", key)
    _keep(work, list_id, [view for view in mine if view.key != key])
    return key


def set_default(work: Work, list_id: str, key: str) -> None:
    """Has the list open with a view for the actor; an empty key: with everything."""
    set_preference(work, f"default.{list_id}", key or None)


def may_share(work: Work) -> bool:
    """Whether the actor may share views with everybody."""
    return work.can(SHARE)


def _may_share(work: Work) -> None:
    if not may_share(work):
        raise Forbidden(SHARE)


def _said(view: View) -> dict[str, str]:
    return {"name": view.name, "query": view.query}


def _own(work: Work, list_id: str) -> list[View]:
    kept = preference(work, f"views.{list_id}", None)
    rows = [item for item in kept if isinstance(item, dict)] if isinstance(kept, list) else []
    return [View(str(row.get("name", "")), str(row.get("name", "")), str(row.get("query", ""))) for row in rows]


def _keep(work: Work, list_id: str, views: list[View]) -> None:
    kept = [_said(view) for view in views]
    set_preference(work, f"views.{list_id}", kept or None)


def _shared(work: Work, list_id: str) -> list[View]:
    rows = read_along(work, cast(ListView.id, String), ListView.content, ListView.list_id == list_id)
    kept = sorted(rows.items(), key=lambda row: int(row[0]))
    return [View(f"{SHARED}{key}", content["name"], content["query"], shared=True) for key, content in kept]


def _row(work: Work, list_id: str, key: str) -> ListView:
    found = work.session.get(ListView, valid_id(key.removeprefix(SHARED)) or 0)
    if found is None or found.list_id != list_id:
        raise NotFound("view", key)
    return found
