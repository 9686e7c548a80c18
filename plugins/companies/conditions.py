"""What segments can ask of the companies that contacts belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from crmhost.api import ConditionTest, ConditionType, Message, Work

from . import members
from .models import Company, Member

_GROUP = Message("Companies")


def types() -> list[ConditionType]:
    """All of them."""
    return [
        ConditionType(
            id="company", label="Company", group=_GROUP, where=_named, values=_names, permission="companies.view"
        ),
        ConditionType(
            id="company_count",
            label="Number of companies",
            group=_GROUP,
            kind="count",
            zero=True,
            where=_counted,
            values=lambda work, ids: {key: len(found) for key, found in members.companies_of(work, ids).items()},
            permission="companies.view",
        ),
    ]


def _members() -> Select[Any]:
    return select(Member.contact_id).join(Company, Company.id == Member.company_id).where(Company.deleted_at.is_(None))


def _named(_work: Work, test: ConditionTest) -> Select[Any]:
    return _members().where(test.on(Company.name_key))


def _counted(_work: Work, test: ConditionTest) -> Select[Any]:
    return _members().group_by(Member.contact_id).having(test.on(func.count()))


def _names(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    return {key: [item.name for item in found] for key, found in members.companies_of(work, ids).items()}
