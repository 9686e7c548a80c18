"""Who a campaign goes to: tags, statuses, segments and everybody, each taken in or kept out."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, select, true

from crmhost.api import Contact, Invalid, Message, NotFound, Status, Tag, Tagging, Work, keyset, mail, texts

from . import choices, of_companies

if TYPE_CHECKING:
    from plugins.segments.api import Segments

_SIDES = ("include", "exclude")
_MOST = 50
#: Contacts that one step of planning takes.
STEP = 2_000
#: Of a preview, the first people that are shown, and how many are sorted out at most to say who is left out.
SHOWN, SORTED = 5, 20_000
#: Recipients of a preview by whom the text is tried out.
SAMPLE = 200


@dataclasses.dataclass(frozen=True)
class Preview:
    """Who a campaign would reach now.

    :param count: contacts and companies of the audience, before anybody is left out; ``companies`` of them are companies.
    :param reached: how many get a mail; of a large audience, as many as the share of those that were looked at.
    :param left_out: reason -> how many of those that were looked at.
    :param looked: how many were looked at for ``left_out``: all, or the first 20,000 contacts and companies each.
    :param sample: the first 200 contacts, and ``addressed`` the first 200 companies, that get it.
    """

    count: int
    reached: int
    left_out: Mapping[str, int]
    looked: int
    sample: Sequence[mail.mailings.Recipient]
    companies: int = 0
    addressed: Sequence[mail.mailings.Recipient] = ()

    @property
    def first(self) -> Sequence[mail.mailings.Recipient]:
        """The first people and companies, to be shown."""
        return [*self.sample[:SHOWN], *self.addressed[:SHOWN]]


def clean(work: Work, given: Any) -> dict[str, Any]:
    """An audience as it is stored; each part names something that is there.

    :raises Invalid: for the field ``audience``.
    """
    if not isinstance(given, Mapping):
        raise Invalid({"audience": ["Give an object with include and exclude, a list each."]})
    found: dict[str, Any] = of_companies.clean_way(given.get("companies"))
    for side in _SIDES:
        parts = given.get(side) or []
        if not isinstance(parts, (list, tuple)) or len(parts) > _MOST:
            raise Invalid({"audience": [Message("%(side)s takes a list of at most 50 parts.", side=side)]})
        kept = [_part(work, part) for part in parts]
        found[side] = [part for place, part in enumerate(kept) if part not in kept[:place]]
    return found


def _part(work: Work, part: Any) -> dict[str, Any]:
    if not isinstance(part, Mapping) or len(part) != 1:
        raise Invalid(
            {
                "audience": [
                    'A part is {"all": true}, or one of tag, status, segment, company_tag, company_status with a value.'
                ]
            }
        )
    (kind, value), *_ = part.items()
    if kind == "all":
        return {"all": True}
    if kind in ("tag", "company_tag"):
        if kind == "company_tag":
            of_companies.service(work)
        wanted = select(Tag.name).where(Tag.name_key == texts.fold(str(value))[:80])
        name = work.session.scalar(wanted)
        if name is None:
            raise Invalid({"audience": [Message("There is no tag “%(name)s”.", name=str(value)[:80])]})
        return {kind: name}
    if kind == "status":
        named = select(Status.name).where(Status.name_key == texts.fold(str(value))[:80])
        name = work.session.scalar(named)
        if name is None:
            raise Invalid({"audience": [Message("There is no status “%(name)s”.", name=str(value)[:80])]})
        return {"status": name}
    if kind == "company_status":
        for name in of_companies.service(work).statuses():
            if texts.fold(name) == texts.fold(str(value)):
                return {"company_status": name}
        raise Invalid({"audience": [Message("There is no company status “%(name)s”.", name=str(value)[:80])]})
    if kind == "segment":
        number = keyset.valid_id(value)
        try:
            _segments(work).get(number or 0)
        except NotFound as error:
            raise Invalid({"audience": ["One of the segments is gone: choose another one."]}) from error
        return {"segment": number}
    raise Invalid({"audience": [Message("“%(kind)s” is no kind of audience.", kind=str(kind)[:40])]})


def _segments(work: Work) -> Segments:
    found: Segments | None = work.service("segments")
    if found is None:
        raise Invalid({"audience": ["Segments are switched off: enable the extension, or choose tags."]})
    return found


def condition(work: Work, audience: Mapping[str, Any]) -> ColumnElement[bool]:
    """The audience as a condition on contacts that the actor may see; nobody when it goes to addresses of companies alone.

    :raises Invalid: when nobody is included, or a part can't be asked now: never wider, never narrower by accident.
    """
    include, exclude = ([(part, _asked(work, part)) for part in audience.get(side) or ()] for side in _SIDES)
    if not include:
        raise Invalid({"audience": ["Choose who gets the campaign."]})
    addresses = of_companies.way(audience) == of_companies.ADDRESS
    people = [asked for part, asked in include if not (addresses and set(part) & set(of_companies.PARTS))]
    taken = or_(false(), *people) if len(people) != 1 else people[0]
    return and_(taken, *(not_(asked) for _part_, asked in exclude)) if exclude else taken


def _asked(work: Work, part: Mapping[str, Any]) -> ColumnElement[bool]:
    part = _part(work, part)
    if "all" in part:
        return true()
    if "segment" in part:
        return Contact.id.in_(_segments(work).contacts(part["segment"]))
    (kind, name), *_ = part.items()
    if kind in of_companies.PARTS:
        return Contact.id.in_(of_companies.service(work).people(**{of_companies.PARTS[kind]: name}))
    if "status" in part:
        return Contact.status_id.in_(select(Status.id).where(Status.name == part["status"]))
    named = select(Tag.id).where(Tag.name == part["tag"]).scalar_subquery()
    return exists().where(Tagging.tag_id == named, Tagging.object_type == "contact", Tagging.object_id == Contact.id)


def _people(work: Work, audience: Mapping[str, Any]) -> Any:
    alive = work.visible(Contact).where(condition(work, audience))
    return alive.with_only_columns(Contact.id, Contact.email, Contact.first_name, Contact.last_name)


def step(work: Work, audience: Mapping[str, Any], after: int, limit: int) -> list[mail.mailings.Recipient]:
    """The next contacts of the audience, by id."""
    wanted = _people(work, audience).where(Contact.id > after).order_by(Contact.id).limit(limit)
    return [
        mail.mailings.Recipient(row.id, row.email, " ".join(part for part in (row.first_name, row.last_name) if part))
        for row in work.session.execute(wanted)
    ]


def count(work: Work, audience: Mapping[str, Any]) -> int:
    """How many contacts and companies are in the audience."""
    return _count(work, audience) + of_companies.count(work, audience)


def _count(work: Work, audience: Mapping[str, Any]) -> int:
    some = work.visible(Contact).where(condition(work, audience)).with_only_columns(func.count())
    return work.session.scalar(some) or 0


def preview(work: Work, audience: Mapping[str, Any], topic_id: int | None = None) -> Preview:
    """Who would get a campaign now, and who is left out and why.

    :param topic_id: what it is about; who does not want that is left out.
    :raises Invalid: see :func:`condition`.
    """
    work.require("mail_campaigns.view")
    left, seen = Counter[str](), set[str]()
    people = _side(work, audience, (step, _count), topic_id, left, seen)
    companies = _side(work, audience, (of_companies.step, of_companies.count), topic_id, left, seen)
    return Preview(
        people.count + companies.count,
        people.reached + companies.reached,
        left,
        people.looked + companies.looked,
        people.sample,
        companies.count,
        companies.sample,
    )


_Asked = tuple[
    Callable[[Work, Mapping[str, Any], int, int], list[mail.mailings.Recipient]],
    Callable[[Work, Mapping[str, Any]], int],
]


def _side(
    work: Work, audience: Mapping[str, Any], asked: _Asked, topic_id: int | None, left: Counter[str], seen: set[str]
) -> Preview:
    """The contacts or the companies of an audience; ``left`` and ``seen`` hold those that were looked at before."""
    next_of, count_of = asked
    first: list[mail.mailings.Recipient] = []
    looked, fitting = 0, 0
    for some in _steps(work, audience, next_of, SORTED):
        unwanted = choices.unwanted(work, topic_id, [one.email for one in some])
        fit, out = mail.mailings.sort_out(work, some, unwanted=unwanted)
        looked += len(some)
        left.update(one.reason for one in out)
        for one in fit:
            key = one.email.casefold()
            if key in seen:
                left["duplicate"] += 1
                continue
            seen.add(key)
            fitting += 1
            if len(first) < SAMPLE:
                first.append(one)
    number = looked if looked < SORTED else count_of(work, audience)
    reached = fitting if looked == number else round(number * fitting / looked)
    return Preview(number, reached, left, looked, first)


def _steps(
    work: Work,
    audience: Mapping[str, Any],
    next_of: Callable[[Work, Mapping[str, Any], int, int], list[mail.mailings.Recipient]],
    most: int,
) -> Iterator[list[mail.mailings.Recipient]]:
    """An audience in runs, so many at most."""
    after, seen = 0, 0
    while seen < most:
        wanted = min(STEP, most - seen)
        some = next_of(work, audience, after, wanted)
        if some:
            yield some
        if len(some) < wanted:
            return
        after, seen = some[-1].record[1], seen + len(some)
