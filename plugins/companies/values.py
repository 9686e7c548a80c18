"""What companies were worth: other plugins say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import Work

WITH_CONTACTS = "companies.value_with_contacts"


def values_of(work: Work, company_ids: Sequence[int]) -> dict[int, Any]:
    """Company id -> value: the one that a plugin gives, or plugin id -> value when several do."""
    with_contacts = bool(work.settings.get(WITH_CONTACTS))
    answers = work.hooks.call("companies_value", work=work, company_ids=company_ids, with_contacts=with_contacts)
    found: dict[int, dict[str, Any]] = {}
    for answer in answers:
        for company_id, value in (answer.value or {}).items():
            found.setdefault(company_id, {})[answer.plugin] = value
    return {key: next(iter(said.values())) if len(said) == 1 else said for key, said in found.items()}
