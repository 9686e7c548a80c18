"""Which quotes a list, an export or the API shows, in which order, and what they come to."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Any

from babel import Locale
from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy import cast as sql_cast

from crmhost.api import (
    Invalid,
    Message,
    Money,
    Tag,
    Tagging,
    Work,
    custom_fields,
    keyset,
    money,
    search,
    tags,
    texts,
)

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
#: Quotes that are counted one by one; above it is said “more than”.
MOST_COUNTED = 100_000

Filters = Mapping[str, Sequence[str]]


def split(filters: Mapping[str, str]) -> dict[str, list[str]]:
    """Filters as an address or the API gives them, several values separated by commas, as :func:`matching` takes them."""
    found = {}
    for name, text in filters.items():
        whole = name == "source" or name.startswith("custom.")
        found[name] = [text] if whole else [part.strip() for part in str(text).split(",") if part.strip()]
    return found


def matching(work: Work, q: str = "", filters: Filters | None = None, *, in_bin: bool = False) -> Select[Any]:
    """``select(Quote)`` of what fits and the actor may see.

    :param filters: ``status``, ``tag``, ``contact_id``, ``company_id``, ``owner_id``, ``date_from``, ``date_to``, ``valid_from``,
        ``valid_to`` (days, both included), ``value_min``, ``value_max`` (in the main unit), ``currency``, ``source``,
        ``custom.KEY``; of several values any may fit.
    :raises Invalid: when a filter is unknown, or its value can't be understood.
    """
    work.require("quotes.view")
    if in_bin:
        found = select(Quote).where(Quote.deleted_at.is_not(None))
        found = found.where(Quote.within_reach(work.actor)) if work.actor.only_assigned else found
    else:
        found = work.visible(Quote)
    for name, values in (filters or {}).items():
        if values:
            found = found.where(_condition(work, name, values))
    if q.strip():
        wanted = search.words(q)
        hits = search.hits(work, KIND, wanted, None) if wanted else None
        start = Quote.title_key.startswith(texts.fold(q)[:200], autoescape=True)
        found = found.where(Quote.id.in_(hits) if hits is not None else start)
    return found


def _condition(work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    if name.startswith("custom."):
        key = name.removeprefix("custom.")
        return or_(*(custom_fields.condition(work, KIND, key, "equals", value).holds(Quote.id) for value in values))
    reader = _FILTERS.get(name)
    if reader is None:
        raise Invalid({name[:100]: [Message("There is no filter “%(name)s”.", name=name[:60])]})
    found: ColumnElement[bool] = reader(name, values)
    return found


def _status(_name: str, values: Sequence[str]) -> ColumnElement[bool]:
    return Quote.state.in_([state_named(value) for value in values])


def _tag(_name: str, values: Sequence[str]) -> ColumnElement[bool]:
    keys = [tags.key_of(texts.clean_line(value)) for value in values]
    tagged = select(Tagging.object_id).join(Tag, Tag.id == Tagging.tag_id)
    return Quote.id.in_(tagged.where(Tagging.object_type == KIND, Tag.name_key.in_(keys)))


def _number(name: str, values: Sequence[str]) -> ColumnElement[bool]:
    ids = []
    for value in values:
        number = keyset.valid_id(value)
        if number is None:
            raise Invalid({name: [Message("“%(value)s” is not the number of a record.", value=str(value)[:60])]})
        ids.append(number)
    column = getattr(Quote, name)
    found: ColumnElement[bool] = column.in_(ids) if len(ids) > 1 else column == ids[0]
    return found


def _day(name: str, values: Sequence[str]) -> ColumnElement[bool]:
    text = texts.clean_line(values[0])
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid({name: [Message("“%(text)s” is not a day such as 2026-03-31.", text=text[:60])]}) from None
    column = Quote.valid_until if name.startswith("valid") else Quote.date
    found: ColumnElement[bool] = column >= day if name.endswith("from") else column <= day
    return found


def _amount(name: str, values: Sequence[str]) -> ColumnElement[bool]:
    """A bound in the main unit, for each number of digits that currencies have."""
    wrong = Message("“%(value)s” is not an amount such as 12.50.", value=str(values[0])[:60])
    try:
        number = money.read_decimal(values[0], wrong)
        if number is None or abs(number) > 10**13:
            raise ValueError(wrong)
    except ValueError as error:
        raise Invalid({name: [str(error)]}) from None
    least = name.endswith("min")
    bounds = []
    for digits, codes in _unusual().items():
        bound = int(number.scaleb(digits).to_integral_value(ROUND_CEILING if least else ROUND_FLOOR))
        among = Quote.currency.in_(codes) if codes else Quote.currency.not_in(sum(_unusual().values(), ()))
        bounds.append(and_(among, Quote.value >= bound if least else Quote.value <= bound))
    return or_(*bounds)


@functools.cache
def _unusual() -> dict[int, tuple[str, ...]]:
    """Number of digits -> the currencies that have so many; of two, which most have, none are listed."""
    found: dict[int, tuple[str, ...]] = {2: ()}
    for code in sorted(Locale("en").currencies):
        digits = money.digits_of(code)
        if digits != 2:
            found[digits] = (*found.get(digits, ()), code)
    return found


def _same(name: str, values: Sequence[str]) -> ColumnElement[bool]:
    cleaned = [texts.clean_line(value) for value in values]
    found: ColumnElement[bool] = getattr(Quote, name).in_(
        [value.upper() for value in cleaned] if name == "currency" else cleaned
    )
    return found


_FILTERS: dict[str, Any] = {
    "status": _status,
    "tag": _tag,
    **dict.fromkeys(("contact_id", "company_id", "owner_id"), _number),
    **dict.fromkeys(("date_from", "date_to", "valid_from", "valid_to"), _day),
    **dict.fromkeys(("value_min", "value_max"), _amount),
    **dict.fromkeys(("currency", "source"), _same),
}
FILTERS = tuple(_FILTERS)


# --- what they come to -----------------------------------------------------------------------------------------------


def count(work: Work, chosen: Select[Any]) -> tuple[int, bool]:
    """How many are chosen, and whether that is all of them."""
    some = chosen.with_only_columns(Quote.id).order_by(None).limit(MOST_COUNTED + 1).subquery()
    number = work.session.scalar(select(func.count()).select_from(some)) or 0
    return min(number, MOST_COUNTED), number <= MOST_COUNTED


def sums(work: Work, chosen: Select[Any]) -> dict[str, list[Money]]:
    """What is chosen comes to: ``total``, ``accepted`` and ``open``, for each currency, that of the site first."""

    def added(condition: ColumnElement[bool] | None = None) -> Any:
        value = Quote.value if condition is None else case((condition, Quote.value), else_=0)
        return sql_cast(func.coalesce(func.sum(value), 0), BigInteger)

    names = {"total": None, "accepted": Quote.state == "accepted", "open": Quote.state.in_(OPEN)}
    wanted = chosen.with_only_columns(Quote.currency, *(added(some) for some in names.values()))
    base = str(work.settings.get("site.currency") or "")
    rows = work.session.execute(wanted.order_by(None).group_by(Quote.currency))
    found = sorted(rows, key=lambda row: (row[0] != base, row[0]))
    return {name: [Money(int(row[place]), row[0]) for row in found] for place, name in enumerate(names, 1)}


def ids(work: Work, chosen: Select[Any]) -> Iterator[list[int]]:
    """Ids of all that are chosen, in runs."""
    return keyset.id_runs(work.session, chosen.with_only_columns(Quote.id).order_by(None), Quote.id)


def counts(work: Work, column: str, ids: Sequence[int]) -> dict[int, int]:
    """How many quotes contacts (``contact_id``) or companies (``company_id``) have; those without one are left out."""
    owner = getattr(Quote, column)
    rows = work.visible(Quote).with_only_columns(owner, func.count()).where(owner.in_(ids)).group_by(owner)
    return {row[0]: row[1] for row in work.session.execute(rows)}
