"""Filters of the list of companies: from the text in an address to SQL conditions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, Select, exists, select, union

from crmhost.api import (
    Contact,
    Invalid,
    Message,
    Tag,
    Tagging,
    User,
    Work,
    custom_fields,
    keyset,
    record_fields,
    tags,
    texts,
)

from . import statuses
from .models import KIND, Company, Member

#: Companies that are found by a filter's own index and sorted afterwards.
NARROW = 5_000
#: What names of custom fields begin with.
CUSTOM = "custom."


@dataclasses.dataclass(frozen=True)
class Condition:
    """One filter as SQL.

    :param broad: the form that is cheap to ask of each row while an index of the order is read.
    :param source: ids of its companies, read from an index of its own; ``None`` when the order's index serves it.
    """

    name: str
    broad: ColumnElement[bool]
    source: Select[int] | None = None


def conditions(work: Work, given: Mapping[str, str]) -> list[Condition]:
    """The conditions for filters by name, and for an actor who is limited.

    :raises Invalid: when a filter is unknown or its text can't be understood; sentences by filter.
    """
    found: list[Condition] = []
    errors: dict[str, list[str]] = {}
    custom: dict[str, list[tuple[str, str]]] = {}
    for name, value in given.items():
        text = texts.clean_line(str(value))
        if not text or name == "in_bin":
            continue
        if name.startswith(CUSTOM):
            key, _, part = name.removeprefix(CUSTOM).partition(".")
            custom.setdefault(key, []).append((part, text))
            continue
        try:
            if name not in _BUILT_IN:
                raise Invalid(Message("There is no filter “%(name)s”.", name=name[:60]))
            found.append(_BUILT_IN[name](work, text))
        except Invalid as error:
            errors[name] = [str(error)]
    for key, parts in custom.items():
        try:
            for item in custom_fields.of_filters(work, KIND, key, parts):
                source = None if item.negated else item.ids(work)
                found.append(Condition(CUSTOM + key, item.holds(Company.id), source))
        except Invalid as error:
            errors[".".join(filter(None, (CUSTOM + key, parts[0][0])))] = [str(error)]
    if errors:
        raise Invalid(errors)
    if work.actor.only_assigned:
        found.append(Condition("reach", Company.within_reach(work.actor), _reach(work)))
    return found


def _reach(work: Work) -> Select[int]:
    """What a limited actor may see, each half read from an index of its own."""
    own = select(Company.id).where(Company.own_of(work.actor), Company.deleted_at.is_(None))
    theirs = select(Member.company_id).join(Contact, Contact.id == Member.contact_id)
    both = union(own, theirs.where(Contact.visible_to(work.actor))).subquery()
    return select(both.c[0])


def _status(work: Work, text: str) -> Condition:
    wanted = [statuses.find(work, part).id for part in text.split(",") if part.strip()]
    if len(wanted) == 1:
        return Condition("status", Company.status_id == wanted[0])
    chosen = Company.status_id.in_(wanted)
    return Condition("statuses", chosen, select(Company.id).where(chosen, Company.deleted_at.is_(None)))


def _tag(work: Work, text: str) -> Condition:
    number = keyset.valid_id(text)
    tag = tags.find(work, text) or (work.session.get(Tag, number) if number is not None else None)
    if tag is None:
        near = texts.nearest(text, [item.name for item in tags.all_tags(work)])
        raise Invalid(texts.unknown(Message("There is no tag “%(text)s”.", text=text[:80]), near))
    tagged = (Tagging.tag_id == tag.id, Tagging.object_type == KIND)
    broad = exists().where(*tagged, Tagging.object_id == Company.id)
    return Condition("tag", broad, select(Tagging.object_id).where(*tagged))


def _assigned_to(work: Work, text: str) -> Condition:
    if text == "nobody":
        return Condition("assigned_to", Company.assigned_to_id.is_(None))
    user_id = work.actor.user_id if text == "me" else keyset.valid_id(text)
    if user_id is None:
        user_id = work.session.scalar(select(User.id).where(User.email_key == record_fields.email_key(text)))
    if user_id is None:
        raise Invalid(Message("There is no user “%(text)s”.", text=text[:80]))
    return Condition("assigned_to", Company.assigned_to_id == user_id)


def _source(_work: Work, text: str) -> Condition:
    return Condition("source", Company.source == text[:60])


def _contact_id(_work: Work, text: str) -> Condition:
    number = keyset.valid_id(text)
    if number is None:
        raise Invalid(Message("“%(text)s” is no number of a contact.", text=text[:80]))
    mine = (Member.contact_id == number,)
    broad = exists().where(*mine, Member.company_id == Company.id)
    return Condition("contact_id", broad, select(Member.company_id).where(*mine))


_BUILT_IN: dict[str, Callable[[Work, str], Condition]] = {
    "status": _status,
    "tag": _tag,
    "assigned_to": _assigned_to,
    "source": _source,
    "contact_id": _contact_id,
}
