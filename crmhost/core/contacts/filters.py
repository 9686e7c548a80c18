"""Filters of the contact list: from the text in an address to SQL conditions."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, literal_column, select, union_all

from ...contributions import FilterForms
from ...db import UTCDateTime
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..days import day_start
from ..fields import conditions as field_conditions
from ..fields.conditions import FieldCondition, OnRows
from ..fields.definitions import PREFIX
from ..keyset import there, valid_id
from ..statuses import counts as status_counts
from ..statuses import services as statuses
from ..text import clean_line, nearest, unknown
from ..users.models import User
from . import tags
from .emails import email_key
from .models import Contact, Tag, Tagging
from .records import KIND

#: The time of the last contact, “never” being long ago; written as the index writes it.
last_contact: ColumnElement[dt.datetime] = func.coalesce(
    Contact.last_contacted_at, literal_column("'1970-01-01 00:00:00.000000'"), type_=UTCDateTime()
)


#: Filters that know from kept counts how many contacts they find.
_COUNTED = ("status", "statuses")
#: Contacts that are found by a filter's own index and sorted afterwards.
NARROW = 5_000


@dataclasses.dataclass(frozen=True)
class Condition:
    """One filter as SQL.

    :param narrow: the form that finds its rows by an index.
    :param broad: the form that is cheap to ask of each row while an index of another column is read.
    :param wide: whether it is known to find many, so that its own index is no use.
    :param source: of a condition on a custom field: ids of contacts, read from its index.
    :param on: of a condition on a custom field: the same for the rows of that index.
    """

    name: str
    narrow: ColumnElement[bool]
    broad: ColumnElement[bool]
    wide: bool = False
    source: Select[Any] | None = None
    on: OnRows | None = None


def conditions(work: Work, given: Mapping[str, str]) -> list[Condition]:
    """The conditions for filters by name, and for an actor who is limited to their own contacts.

    :raises Invalid: when a filter is unknown or its text can't be understood; sentences by filter.
    """
    found: list[Condition] = []
    errors: dict[str, list[str]] = {}
    custom: dict[str, list[tuple[str, str]]] = {}
    for name, text in given.items():
        text = clean_line(str(text))
        if not text or name == "in_bin":
            continue
        if name.startswith(PREFIX):
            key, _, part = name.removeprefix(PREFIX).partition(".")
            custom.setdefault(key, []).append((part, text))
            continue
        try:
            found.append(_BUILT_IN[name](work, text) if name in _BUILT_IN else _contributed(work, name, text))
        except Invalid as error:
            errors[name] = [str(error)]
    fields: dict[str, Sequence[FieldCondition]] = {}
    for key, parts in custom.items():
        try:
            fields[key] = field_conditions.of_filters(work, KIND, key, parts)
        except Invalid as error:
            errors[".".join(filter(None, (PREFIX + key, parts[0][0])))] = [str(error)]
    if errors:
        raise Invalid(errors)
    if fields:
        # Contacts of a status that few have are read by that: the fields are asked of each, and nothing is looked up before.
        few = any(item.name in _COUNTED and not item.wide for item in found)
        asked = tuple((key, *parts) for key, parts in custom.items())
        found += work.once(("custom filters", asked, NARROW, few), lambda: _of_fields(work, fields, asked_of_each=few))
    if work.actor.only_assigned:
        found.append(_plain("assigned_to", Contact.within_reach(work.actor)))
    return found


def _plain(name: str, condition: ColumnElement[bool]) -> Condition:
    return Condition(name, condition, condition)


def _status(work: Work, text: str) -> Condition:
    known = statuses.all_statuses(work)
    wanted = [statuses.find(work, part, known).id for part in text.split(",") if part.strip()]
    column, kept = Contact.status_id, status_counts.kept(work)
    condition = column == wanted[0] if len(wanted) == 1 else column.in_(wanted)
    wide = sum(kept.get(key, 0) for key in set(wanted)) > NARROW
    return Condition("status" if len(wanted) == 1 else "statuses", condition, condition, wide)


def _tag(work: Work, text: str) -> Condition:
    number = valid_id(text)
    tag = tags.find(work, text)
    if tag is None and number is not None:
        tag = work.session.get(Tag, number)
    if tag is None:
        near = nearest(text, [item.name for item in tags.all_tags(work)])
        raise Invalid(unknown(Message("There is no tag “%(text)s”.", text=text[:80]), near))
    tagged = (Tagging.tag_id == tag.id, Tagging.object_type == KIND)
    return Condition(
        "tag",
        Contact.id.in_(select(Tagging.object_id).where(*tagged)),
        there(select(Tagging.tag_id).where(*tagged, Tagging.object_id == Contact.id)),
    )


def _assigned_to(work: Work, text: str) -> Condition:
    if text == "nobody":
        return _plain("assigned_to", Contact.assigned_to_id.is_(None))
    user_id = work.actor.user_id if text == "me" else valid_id(text)
    if user_id is None:
        user_id = work.session.scalar(select(User.id).where(User.email_key == email_key(text)))
    if user_id is None:
        raise Invalid(Message("There is no user “%(text)s”.", text=text[:80]))
    return _plain("assigned_to", Contact.assigned_to_id == user_id)


def _not_contacted(work: Work, text: str) -> Condition:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) > 0):
        raise Invalid(Message("“%(text)s” is not a number of days.", text=text[:80]))
    return _plain("not_contacted", last_contact < work.now - dt.timedelta(days=int(text)))


def _source(_work: Work, text: str) -> Condition:
    return _plain("source", Contact.source == text[:60])


def _created_from(work: Work, text: str) -> Condition:
    return _plain("created_from", Contact.created_at >= day_start(work, text))


def _created_to(work: Work, text: str) -> Condition:
    return _plain("created_to", Contact.created_at < day_start(work, text, 1))


def _of_fields(
    work: Work, fields: Mapping[str, Sequence[FieldCondition]], *, asked_of_each: bool = False
) -> list[Condition]:
    """The conditions for filters of custom fields, which their indexes answer while they find few.

    :param asked_of_each: another filter is known to find few, of which these are asked.
    """
    sources = [item.ids(work) for items in fields.values() for item in items if not item.negated]
    few = iter(_few(work, sources) if sources and not asked_of_each else [(source, None) for source in sources])
    found = []
    for key, items in fields.items():
        for item in items:
            broad = item.asked(Contact.id)
            if item.negated:
                found.append(Condition(PREFIX + key, broad, broad, wide=True))
                continue
            source, ids = next(few)
            narrow = Contact.id.in_(source if ids is None else ids)
            found.append(Condition(PREFIX + key, narrow, broad, ids is None, source, item.on))
    return found


def _few(work: Work, sources: Sequence[Select[Any]]) -> list[tuple[Select[Any], list[int] | None]]:
    """The ids of each source, if they are few, in one query; counted by the database, which is quicker than reading them where
    they are not."""
    asked: list[Select[Any]] = []
    for place, source in enumerate(sources):
        some = source.limit(NARROW + 1).cte(f"some_{place}")
        for dialect in ("sqlite", "postgresql"):
            some = some.prefix_with("MATERIALIZED", dialect=dialect)
        number = select(func.count()).select_from(some).scalar_subquery()
        asked += [
            select(literal(place).label("place"), literal(0).label("kind"), number.label("value")),
            select(literal(place), literal(1), some.c.object_id).where(number <= NARROW),
        ]
    ids: list[set[int]] = [set() for _source in sources]
    many: set[int] = set()
    for place, kind, value in work.session.execute(union_all(*asked)):
        if kind:
            ids[place].add(value)
        elif value > NARROW:
            many.add(place)
    return [(source, None if place in many else sorted(ids[place])) for place, source in enumerate(sources)]


def _contributed(work: Work, name: str, text: str) -> Condition:
    for item in work.generation.contributions("contact_filters"):
        if item.id == name:
            work.require(item.permission)
            condition = work.generation.run(
                item.plugin, f"contact filter {name}", item.condition, work, text, may_refuse=True
            )
            if condition is None:
                raise Invalid(Message("The filter “%(label)s” does not work at the moment.", label=item.label))
            if isinstance(condition, FilterForms):
                return Condition(name, Contact.id.in_(condition.ids), condition.row, condition.many)
            return _plain(name, condition)
    raise Invalid(
        Message("There is no filter “%(name)s”; the extension that brought it may be switched off.", name=name[:60])
    )


_BUILT_IN: dict[str, Callable[[Work, str], Condition]] = {
    "status": _status,
    "tag": _tag,
    "assigned_to": _assigned_to,
    "not_contacted": _not_contacted,
    "source": _source,
    "created_from": _created_from,
    "created_to": _created_to,
}
