"""Which campaigns a list or the API shows, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import Invalid, RecordList, Work, filters

from .models import KIND, STATES, Campaign

#: What can be sorted by -> columns, each served by an index.
ORDERS: dict[str, Sequence[Any]] = {
    "updated_at": (Campaign.updated_at, Campaign.id),
    "name": (Campaign.name_key, Campaign.id),
    "created_at": (Campaign.id,),
}


def _state(_work: Work, value: str) -> str:
    if value not in STATES:
        raise Invalid({"state": ["There is no such state of campaigns."]})
    return value


LIST = RecordList(
    model=Campaign,
    kind=KIND,
    permission="mail_campaigns.view",
    orders=ORDERS,
    sort="-updated_at",
    filters={"state": filters.choice(Campaign.state, _state)},
    begins=(Campaign.name_key,),
    custom=False,
)
