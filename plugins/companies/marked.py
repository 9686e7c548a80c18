"""Companies by their tags and statuses, and who belongs to them, for other plugins."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select

from crmhost.api import Contact, Invalid, Message, Tag, Tagging, Work, keyset, texts

from . import statuses
from .models import KIND, Company, Member


def people(work: Work, *, tag: str = "", status: str = "") -> Select[int]:
    """Ids of the contacts of companies with a tag, or of a status; what the actor may not see is left out.

    :raises Invalid: when there is no such tag or status.
    """
    work.require("companies.view")
    return (
        select(Member.contact_id)
        .join(Company, Company.id == Member.company_id)
        .join(Contact, Contact.id == Member.contact_id)
        .where(Company.visible_to(work.actor), Contact.visible_to(work.actor), _having(work, tag, status))
    )


def addressed(
    work: Work, include: Sequence[tuple[str, str]], exclude: Sequence[tuple[str, str]] = (), *, after: int | None = None
) -> Select[int, str, str]:
    """Id, name and address of companies with one of these tags or statuses, and none of those, that the actor may see.

    :param include, exclude: ``("tag", name)`` or ``("status", name)`` each.
    :param after: gives them by id, those behind this one; without it in no order.
    :raises Invalid: when there is no such tag or status.
    """
    work.require("companies.view")
    taken, kept_out = ([_having(work, **{kind: name}) for kind, name in parts] for parts in (include, exclude))
    chosen = and_(or_(false(), *taken), *(not_(one) for one in kept_out))
    wanted = select(Company.id, Company.name, Company.email).where(Company.visible_to(work.actor))
    if after is None:
        return wanted.where(chosen)
    # Read along the ids: by the index of a status, each part would sort all that have it.
    return wanted.where(Company.id > after, keyset.opaque(chosen)).order_by(Company.id)


def _having(work: Work, tag: str = "", status: str = "") -> ColumnElement[bool]:
    if status:
        return Company.status_id == statuses.find(work, status).id
    number = work.session.scalar(select(Tag.id).where(Tag.name_key == texts.fold(tag)[:80]))
    if number is None:
        raise Invalid({"tag": [Message("There is no tag “%(name)s”.", name=tag[:80])]})
    return Company.id.in_(select(Tagging.object_id).where(Tagging.tag_id == number, Tagging.object_type == KIND))
