"""Which quotes a list, an export or the API shows, in which order, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, case, func

from crmhost.api import Money, RecordList, Work, filters, money_sums

from .models import KIND, Quote
from .states import OPEN, state_named

#: What can be sorted by -> columns, each served by an index.
ORDERS: dict[str, Sequence[Any]] = {
    "date": (Quote.date, Quote.id),
    "created_at": (Quote.created_at, Quote.id),
    "valid_until": (Quote.valid_until, Quote.id),
    "title": (Quote.title_key, Quote.id),
    "value": (Quote.currency, Quote.value, Quote.id),
}

_LIVE = Quote.deleted_at.is_(None)
LIST = RecordList(
    model=Quote,
    kind=KIND,
    permission="quotes.view",
    orders=ORDERS,
    sort="-date",
    filters={
        "status": filters.choice(Quote.state, lambda _work, value: state_named(value)),
        "tag": filters.tag(Quote.id, KIND),
        "contact_id": filters.record(Quote.contact_id),
        "company_id": filters.record(Quote.company_id),
        "owner_id": filters.record(Quote.owner_id),
        "date_from": filters.first_day(Quote.date),
        "date_to": filters.last_day(Quote.date),
        "valid_from": filters.first_day(Quote.valid_until),
        "valid_to": filters.last_day(Quote.valid_until),
        "value_min": filters.least(Quote.value, Quote.currency, _LIVE),
        "value_max": filters.most(Quote.value, Quote.currency, _LIVE),
        "currency": filters.currency(Quote.currency),
        "source": filters.same(Quote.source),
    },
    begins=(Quote.title_key,),
    whole=("source",),
)
matching = LIST.matching


def sums(work: Work, chosen: Select[Any]) -> dict[str, list[Money]] | None:
    """What is chosen comes to: ``total``, ``accepted`` and ``open``, for each currency, that of the site first.

    :returns: ``None`` when too many are chosen.
    """
    amounts = {
        "total": Quote.value,
        "accepted": case((Quote.state == "accepted", Quote.value), else_=0),
        "open": case((Quote.state.in_(OPEN), Quote.value), else_=0),
    }
    return money_sums(work, chosen, Quote.currency, amounts)


def counts(work: Work, column: str, ids: Sequence[int]) -> dict[int, int]:
    """How many quotes contacts (``contact_id``) or companies (``company_id``) have; those without one are left out."""
    owner = getattr(Quote, column)
    rows = work.visible(Quote).with_only_columns(owner, func.count()).where(owner.in_(ids)).group_by(owner)
    return {row[0]: row[1] for row in work.session.execute(rows)}
