"""Which invoices a list, an export or the API shows, in which order, and what they come to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy import cast as sql_cast

from crmhost.api import Invalid, Message, Money, Tag, Tagging, Work, custom_fields, keyset, money, search, tags, texts

from . import paying
from .models import KIND, Invoice

#: What can be sorted by -> columns, each served by an index.
ORDERS: dict[str, Sequence[Any]] = {
    "date": (Invoice.date, Invoice.id),
    "due_date": (Invoice.due_date, Invoice.id),
    "created_at": (Invoice.created_at, Invoice.id),
    "number": (Invoice.number_key, Invoice.id),
    "total": (Invoice.currency, Invoice.total, Invoice.id),
    "due": (Invoice.currency, Invoice.due, Invoice.id),
}
#: Invoices that are counted one by one; above it is said “more than”.
MOST_COUNTED = 100_000
#: What the sums of a list are made of.
SUMMED = ("total", "paid", "due")

Filters = Mapping[str, Sequence[str]]


def split(filters: Mapping[str, str]) -> dict[str, list[str]]:
    """Filters as an address or the API gives them, several values separated by commas, as :func:`matching` takes them."""
    found = {}
    for name, text in filters.items():
        whole = name in ("number", "reference", "source") or name.startswith("custom.")
        found[name] = [text] if whole else [part.strip() for part in str(text).split(",") if part.strip()]
    return found


def matching(work: Work, q: str = "", filters: Filters | None = None, *, in_bin: bool = False) -> Select[Any]:
    """``select(Invoice)`` of what fits and the actor may see.

    :param filters: ``status`` (names), ``tag``, ``contact_id``, ``company_id``, ``credits_id``, ``date_from``, ``date_to``,
        ``due_from``, ``due_to`` (days, both included), ``total_min``, ``total_max`` (in the main unit), ``currency``, ``number``,
        ``reference``, ``source``, ``custom.KEY``; of several values any may fit.
    :raises Invalid: when a filter is unknown, or its value can't be understood.
    """
    work.require("invoices.view")
    if in_bin:
        found = select(Invoice).where(Invoice.deleted_at.is_not(None))
        found = found.where(Invoice.within_reach(work.actor)) if work.actor.only_assigned else found
    else:
        found = work.visible(Invoice)
    for name, values in (filters or {}).items():
        if values:
            found = found.where(_condition(work, name, values))
    if q.strip():
        found = found.where(_found_by(work, q))
    return found


def _found_by(work: Work, q: str) -> ColumnElement[bool]:
    wanted = search.words(q)
    hits = search.hits(work, KIND, wanted, None) if wanted else None
    if hits is not None:
        return Invoice.id.in_(hits)
    key = texts.fold(q)
    return Invoice.number_key.startswith(key, autoescape=True) if key else false()


def _condition(work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    if name.startswith("custom."):
        key = name.removeprefix("custom.")
        return or_(*(custom_fields.condition(work, KIND, key, "equals", one).holds(Invoice.id) for one in values))
    reader = _FILTERS.get(name)
    if reader is None:
        raise Invalid({name[:100]: [Message("There is no filter “%(name)s”.", name=name[:60])]})
    found: ColumnElement[bool] = reader(work, name, values)
    return found


def _status(_work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    states = [paying.state_named(value) for value in values]
    return Invoice.state.in_(states) if len(states) > 1 else Invoice.state == states[0]


def _tag(_work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    keys = [tags.key_of(texts.clean_line(value)) for value in values]
    tagged = select(Tagging.object_id).join(Tag, Tag.id == Tagging.tag_id)
    return Invoice.id.in_(tagged.where(Tagging.object_type == KIND, Tag.name_key.in_(keys)))


def _record(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    ids = []
    for value in values:
        number = keyset.valid_id(value)
        if number is None:
            raise Invalid({name: [Message("“%(value)s” is not the number of a record.", value=str(value)[:60])]})
        ids.append(number)
    column = getattr(Invoice, name)
    found: ColumnElement[bool] = column.in_(ids) if len(ids) > 1 else column == ids[0]
    return found


def _day(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    text = texts.clean_line(values[0])
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid({name: [Message("“%(text)s” is not a day such as 2026-03-31.", text=text[:60])]}) from None
    column = Invoice.due_date if name.startswith("due") else Invoice.date
    return column <= day if name.endswith("to") else column >= day


def _amount(work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    """A bound in the main unit, for each currency that there is: they have different digits."""
    wrong = Message("“%(value)s” is not an amount such as 12.50.", value=str(values[0])[:60])
    try:
        number = money.read_decimal(values[0], wrong)
        if number is None or abs(number) > 10**13:
            raise ValueError(wrong)
    except ValueError as error:
        raise Invalid({name: [str(error)]}) from None
    least = name.endswith("min")
    bounds = []
    for currency in _currencies(work):
        exact = number.scaleb(money.digits_of(currency))
        bound = int(exact.to_integral_value(ROUND_CEILING if least else ROUND_FLOOR))
        fits = Invoice.total >= bound if least else Invoice.total <= bound
        bounds.append(and_(Invoice.currency == currency, fits))
    return or_(false(), *bounds)


def _currencies(work: Work) -> Iterator[str]:
    """The currencies of all invoices, one look into an index for each."""
    last = ""
    while True:
        beyond = select(func.min(Invoice.currency)).where(Invoice.currency > last, Invoice.deleted_at.is_(None))
        found = work.session.scalar(beyond)
        if found is None:
            return
        yield found
        last = found


def _same(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    if name == "number":
        return Invoice.number_key.in_([texts.fold(value) for value in values])
    if name == "currency":
        return Invoice.currency.in_([texts.clean_line(value).upper() for value in values])
    found: ColumnElement[bool] = getattr(Invoice, name).in_([texts.clean_line(value) for value in values])
    return found


_FILTERS: dict[str, Any] = {
    "status": _status,
    "tag": _tag,
    **dict.fromkeys(("contact_id", "company_id", "credits_id"), _record),
    **dict.fromkeys(("date_from", "date_to", "due_from", "due_to"), _day),
    **dict.fromkeys(("total_min", "total_max"), _amount),
    **dict.fromkeys(("currency", "number", "reference", "source"), _same),
}
FILTERS = tuple(_FILTERS)


# --- what they come to ------------------------------------------------------------------------------------------------


def count(work: Work, chosen: Select[Any]) -> tuple[int, bool]:
    """How many are chosen, and whether that is all of them."""
    some = chosen.with_only_columns(Invoice.id).order_by(None).limit(MOST_COUNTED + 1).subquery()
    number = work.session.scalar(select(func.count()).select_from(some)) or 0
    return min(number, MOST_COUNTED), number <= MOST_COUNTED


def sums(work: Work, chosen: Select[Any]) -> dict[str, list[Money]]:
    """What is chosen comes to: ``total``, ``paid`` and ``due``, for each currency, that of the site first."""
    columns = [sql_cast(func.coalesce(func.sum(getattr(Invoice, name)), 0), BigInteger) for name in SUMMED]
    wanted = chosen.with_only_columns(Invoice.currency, *columns).order_by(None).group_by(Invoice.currency)
    base = str(work.settings.get("site.currency") or "")
    rows = sorted(work.session.execute(wanted), key=lambda row: (row[0] != base, row[0]))
    return {name: [Money(int(row[at]), row[0]) for row in rows] for at, name in enumerate(SUMMED, 1)}


def ids(work: Work, chosen: Select[Any]) -> Iterator[list[int]]:
    """Ids of all that are chosen, in runs."""
    return keyset.id_runs(work.session, chosen.with_only_columns(Invoice.id).order_by(None), Invoice.id)
