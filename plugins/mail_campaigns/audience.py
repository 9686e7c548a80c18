"""Who a campaign goes to: tags, statuses, segments and everybody, each taken in or kept out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, true

from crmhost.api import Contact, Invalid, Message, NotFound, Status, Tag, Tagging, Work, keyset, mail, texts

from . import choices

if TYPE_CHECKING:
    from plugins.companies.api import Companies
    from plugins.segments.api import Segments

_SIDES = ("include", "exclude")
_MOST = 50
#: Parts that mean the people of companies -> what the companies have.
OF_COMPANIES = {"company_tag": "tag", "company_status": "status"}
#: Contacts that one step of planning takes.
STEP = 2_000
#: Of a preview, the first people that are shown, and how many are sorted out at most to say who is left out.
SHOWN, SORTED = 5, 20_000
#: Recipients of a preview by whom the text is tried out.
SAMPLE = 200


@dataclasses.dataclass(frozen=True)
class Preview:
    """Who a campaign would reach now.

    :param count: contacts of the audience, before anybody is left out.
    :param left_out: reason -> how many of the contacts that were looked at.
    :param looked: how many of the contacts were looked at for ``left_out``: all, or the first 20,000.
    :param sample: the first 200 recipients.
    """

    count: int
    left_out: Mapping[str, int]
    looked: int
    sample: Sequence[mail.mailings.Recipient]

    @property
    def first(self) -> Sequence[mail.mailings.Recipient]:
        """The first recipients, to be shown."""
        return self.sample[:SHOWN]

    @property
    def reached(self) -> int:
        """How many get a mail; of a large audience, as many as the share of those that were looked at."""
        fit = self.looked - sum(self.left_out.values())
        return fit if self.looked == self.count else round(self.count * fit / self.looked)


def clean(work: Work, given: Any) -> dict[str, list[dict[str, Any]]]:
    """An audience as it is stored; each part names something that is there.

    :raises Invalid: for the field ``audience``.
    """
    if not isinstance(given, Mapping):
        raise Invalid({"audience": ["Give an object with include and exclude, a list each."]})
    found: dict[str, list[dict[str, Any]]] = {}
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
            _companies(work)
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
        for name in _companies(work).statuses():
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


def _companies(work: Work) -> Companies:
    companies: Companies | None = work.service("companies")
    if companies is None:
        raise Invalid({"audience": ["Companies are switched off: enable the extension, or choose other people."]})
    if not work.can("companies.view"):
        raise Invalid({"audience": ["You may not see companies: choose other people, or ask somebody who may."]})
    return companies


def condition(work: Work, audience: Mapping[str, Any]) -> ColumnElement[bool]:
    """The audience as a condition on contacts that the actor may see.

    :raises Invalid: when nobody is included, or a part can't be asked now: never wider, never narrower by accident.
    """
    include, exclude = ([_asked(work, part) for part in audience.get(side) or ()] for side in _SIDES)
    if not include:
        raise Invalid({"audience": ["Choose who gets the campaign."]})
    taken = or_(*include) if len(include) > 1 else include[0]
    return and_(taken, *(not_(one) for one in exclude)) if exclude else taken


def _asked(work: Work, part: Mapping[str, Any]) -> ColumnElement[bool]:
    part = _part(work, part)
    if "all" in part:
        return true()
    if "segment" in part:
        return Contact.id.in_(_segments(work).contacts(part["segment"]))
    (kind, name), *_ = part.items()
    if kind in OF_COMPANIES:
        return Contact.id.in_(_companies(work).people(**{OF_COMPANIES[kind]: name}))
    if "status" in part:
        return Contact.status_id.in_(select(Status.id).where(Status.name == part["status"]))
    named = select(Tag.id).where(Tag.name == part["tag"]).scalar_subquery()
    return exists().where(Tagging.tag_id == named, Tagging.object_type == "contact", Tagging.object_id == Contact.id)


def _people(work: Work, audience: Mapping[str, Any]) -> Any:
    alive = work.visible(Contact).where(condition(work, audience))
    return alive.with_only_columns(Contact.id, Contact.email, Contact.first_name, Contact.last_name)


def step(work: Work, audience: Mapping[str, Any], after: int, limit: int = STEP) -> list[mail.mailings.Recipient]:
    """The next contacts of the audience, by id."""
    wanted = _people(work, audience).where(Contact.id > after).order_by(Contact.id).limit(limit)
    return [
        mail.mailings.Recipient(row.id, row.email, " ".join(part for part in (row.first_name, row.last_name) if part))
        for row in work.session.execute(wanted)
    ]


def steps(work: Work, audience: Mapping[str, Any], most: int) -> Iterator[list[mail.mailings.Recipient]]:
    """The contacts of the audience in runs, so many at most."""
    after, seen = 0, 0
    while seen < most:
        wanted = min(STEP, most - seen)
        some = step(work, audience, after, wanted)
        if some:
            yield some
        if len(some) < wanted:
            return
        after, seen = some[-1].contact_id, seen + len(some)


def count(work: Work, audience: Mapping[str, Any]) -> int:
    """How many contacts are in the audience."""
    some = work.visible(Contact).where(condition(work, audience)).with_only_columns(func.count())
    return work.session.scalar(some) or 0


def preview(work: Work, audience: Mapping[str, Any], topic_id: int | None = None) -> Preview:
    """Who would get a campaign now, and who is left out and why.

    :param topic_id: what it is about; who does not want that is left out.
    :raises Invalid: see :func:`condition`.
    """
    work.require("mail_campaigns.view")
    first: list[mail.mailings.Recipient] = []
    left: dict[str, int] = {}
    looked, seen = 0, set[str]()
    for some in steps(work, audience, SORTED):
        unwanted = choices.unwanted(work, topic_id, [one.email for one in some])
        fit, out = mail.mailings.sort_out(work, some, unwanted=unwanted)
        looked += len(some)
        for one in fit:
            key = one.email.casefold()
            if key in seen:
                left["duplicate"] = left.get("duplicate", 0) + 1
            elif len(first) < SAMPLE:
                first.append(one)
            seen.add(key)
        for one_out in out:
            left[one_out.reason] = left.get(one_out.reason, 0) + 1
    number = looked if looked < SORTED else count(work, audience)
    return Preview(number, left, looked, first)
