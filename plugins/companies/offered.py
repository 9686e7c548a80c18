"""The service “companies”, see ``api.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select

from crmhost.api import Contact, CrmError, Work

from . import marked, members, placeholders, queries, services, statuses
from .models import Company, Member


class CompaniesService:
    """Companies for other plugins."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, company_id: int) -> Company:
        return services.get(self._work, company_id)

    def create(self, fields: Mapping[str, Any], *, source: str) -> Company:
        return services.create(self._work, fields, source=source)

    def names(self, company_ids: Sequence[int]) -> Mapping[int, str]:
        wanted = select(Company.id, Company.name).where(
            Company.id.in_(company_ids), Company.visible_to(self._work.actor)
        )
        return {row[0]: row[1] for row in self._work.session.execute(wanted)}

    def find(self, text: str, limit: int = 20) -> Sequence[Company]:
        return queries.page(self._work, queries.CompanyQuery(q=text, limit=limit)).rows

    def of_contacts(self, contact_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
        found = members.companies_of(self._work, contact_ids)
        return {key: [item.company_id for item in items] for key, items in found.items()}

    def placeholders(self) -> Sequence[tuple[str, str]]:
        return placeholders.labels(self._work)

    def placeholder_values(self, company_id: int | None) -> Mapping[str, Any]:
        try:
            company = services.get(self._work, company_id) if company_id is not None else None
        except CrmError:
            company = None
        return placeholders.values(self._work, company)

    def join_many(self, wanted: Sequence[tuple[int, str]]) -> None:
        members.join_many(self._work, wanted)

    def statuses(self) -> Sequence[str]:
        return [status.name for status in statuses.all_statuses(self._work)]

    def people(self, *, tag: str = "", status: str = "") -> Select[int]:
        return marked.people(self._work, tag=tag, status=status)

    def addressed(
        self,
        include: Sequence[tuple[str, str]],
        exclude: Sequence[tuple[str, str]] = (),
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> Sequence[tuple[int, str, str]]:
        wanted = marked.addressed(self._work, include, exclude, after=after)
        return [(row[0], row[1], row[2]) for row in self._work.session.execute(wanted.limit(limit))]

    def count_addressed(self, include: Sequence[tuple[str, str]], exclude: Sequence[tuple[str, str]] = ()) -> int:
        wanted = marked.addressed(self._work, include, exclude).with_only_columns(func.count())
        return self._work.session.scalar(wanted) or 0

    def visible(self) -> Select[int]:
        self._work.require("companies.view")
        return select(Company.id).where(Company.visible_to(self._work.actor))

    def emails(self, company_ids: Sequence[int]) -> Mapping[int, str]:
        wanted = select(Company.id, Company.email).where(
            Company.id.in_(company_ids), Company.visible_to(self._work.actor)
        )
        return {row[0]: row[1] for row in self._work.session.execute(wanted)}

    def contacts_of(self, company_ids: Sequence[int]) -> Select[int]:
        return (
            select(Member.contact_id)
            .join(Contact, Contact.id == Member.contact_id)
            .where(Member.company_id.in_(company_ids), Contact.visible_to(self._work.actor))
        )
