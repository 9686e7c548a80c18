"""Hooks of the companies, for plugins that name ``companies`` under ``[requires] optional``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import Box, Column, Tab, Vital
from crmhost.hooks import hookspec


@hookspec("declare", gives=Vital)
def companies_vitals() -> Sequence[Vital]:
    """Figures below a company's name; ``value`` gets the work and the company."""
    return []


@hookspec("declare", gives=Box)
def companies_boxes() -> Sequence[Box]:
    """Boxes of a company's page; ``render`` gets the work and the company."""
    return []


@hookspec("declare", gives=Tab)
def companies_tabs() -> Sequence[Tab]:
    """Tabs beside the journal of a company's page; ``render`` and ``count`` get the work and the company.

    ``url_for("companies.page", company_id=…, tab=id)`` leads to one.
    """
    return []


@hookspec("declare", gives=Column)
def companies_columns() -> Sequence[Column]:
    """Further columns of the list of companies; ``values`` gets the work and the ids of all companies of a page at once."""
    return []


@hookspec("collect")
def companies_value(work: Any, company_ids: Sequence[int], with_contacts: bool) -> Mapping[int, Any] | None:
    """What companies were worth so far: id -> JSON-able value, for the member ``value`` of companies in the API.

    Called once for all companies of an answer. ``with_contacts`` says whether what their people bought counts too, as the
    setting “companies.value_with_contacts” has it. When several plugins answer, their values stand under the plugins' ids.
    """


@hookspec("guard")
def companies_before_delete(work: Any, company_ids: Sequence[int]) -> None:
    """Raise :class:`crmhost.api.Vetoed` to keep companies from going to the bin."""


@hookspec("action")
def companies_erase(work: Any, company_id: int) -> None:
    """Remove what is held on a company that is erased for good, beyond rows that go by ``ondelete="CASCADE"``.

    Called inside the transaction, before its row goes.
    """
