"""The contact list sorted by values of plugins' columns, which stand in tables of theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import BigInteger, and_, select
from sqlalchemy.orm import aliased

from ...contributions import Column
from ...work.unit import Work
from ..fields.orders import ValueOrder
from ..keyset import LARGEST_ID
from .models import Contact

#: Type of a plugin's value -> what stands for “nothing” where values are compared here.
_NOTHING: dict[type, Any] = {
    str: "",
    int: 0,
    dt.date: dt.date.min,
    dt.datetime: dt.datetime.min.replace(tzinfo=dt.UTC),
}


def column_sort(work: Work, name: str) -> ValueOrder | None:
    """The order by a plugin's column, named like it; ``None`` when no column of this name can be sorted by."""
    for item in cast("tuple[Column, ...]", work.generation.contributions("contact_columns")):
        if item.id != name or item.sort is None or not work.can(item.permission):
            continue
        model: Any = aliased(item.sort.value.class_)
        value, owner = getattr(model, item.sort.value.key), getattr(model, item.sort.contact.key)
        more = (
            work.generation.run(
                item.plugin, f"sort {item.id}", item.sort.where, work, model, default=None, gives=Sequence
            )
            if item.sort.where is not None
            else ()
        )
        nothing = _NOTHING.get(item.sort.value.type.python_type)
        if more is None or nothing is None:
            return None
        mine = and_(value.is_not(None), *more)

        def of(contact: Contact, value: Any = value, mine: Any = mine, owner: Any = owner) -> Any:
            return work.session.scalar(select(value).where(mine, owner == contact.id))

        largest = 2**63 - 1 if isinstance(item.sort.value.type, BigInteger) else LARGEST_ID
        return ValueOrder(
            name=name, model=Contact, column=value, rows=model, owner=owner, mine=mine, value_of=of, nothing=nothing,
            largest=largest,
        )  # fmt: skip
    return None
