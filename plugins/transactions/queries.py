"""Which transactions a list, an export or the API shows, in which order, and what they come to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, false, func, or_, select
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
    record_fields,
    search,
    tags,
    texts,
)

from . import counting, kinds
from .models import KIND, Day, Transaction

#: What can be sorted by -> columns, each served by an index.
ORDERS: dict[str, Sequence[Any]] = {
    "date": (Transaction.at, Transaction.id),
    "created_at": (Transaction.created_at, Transaction.id),
    "updated_at": (Transaction.updated_at, Transaction.id),
    "ref": (Transaction.ref_key, Transaction.id),
    "name": (Transaction.name_key, Transaction.id),
    "total": (Transaction.currency, Transaction.total, Transaction.id),
}
#: Transactions that are counted one by one; above it is said “more than”.
MOST_COUNTED = 100_000

Filters = Mapping[str, Sequence[str]]


def split(filters: Mapping[str, str]) -> dict[str, list[str]]:
    """Filters as an address or the API gives them, several values separated by commas, as :func:`matching` takes them."""
    found = {}
    for name, text in filters.items():
        whole = name in ("ref", "q", "payment_method", "source") or name.startswith("custom.")
        found[name] = [text] if whole else [part.strip() for part in str(text).split(",") if part.strip()]
    return found


def matching(work: Work, q: str = "", filters: Filters | None = None, *, in_bin: bool = False) -> Select[Any]:
    """``select(Transaction)`` of what fits and the actor may see.

    :param filters: ``status``, ``type`` (names or ids), ``tag``, ``contact_id``, ``company_id``, ``invoice_id``, ``date_from``,
        ``date_to`` (days of the site's zone, both included), ``total_min``, ``total_max`` (in the main unit), ``currency``,
        ``source``, ``payment_method``, ``ref``, ``custom.KEY``; of several values any may fit.
    :raises Invalid: when a filter is unknown, or its value can't be understood.
    """
    work.require("transactions.view")
    if in_bin:
        found = select(Transaction).where(Transaction.deleted_at.is_not(None))
        found = found.where(Transaction.within_reach(work.actor)) if work.actor.only_assigned else found
    else:
        found = work.visible(Transaction)
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
        return Transaction.id.in_(hits)
    key = texts.fold(q)
    return or_(
        Transaction.ref_key.startswith(key, autoescape=True), Transaction.name_key.startswith(key, autoescape=True)
    )


def _condition(work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    if name.startswith("custom."):
        return or_(*(_custom(work, name.removeprefix("custom."), value) for value in values))
    reader = _FILTERS.get(name)
    if reader is None:
        raise Invalid({name[:100]: [Message("There is no filter “%(name)s”.", name=name[:60])]})
    found: ColumnElement[bool] = reader(work, name, values)
    return found


def _custom(work: Work, key: str, value: str) -> ColumnElement[bool]:
    return custom_fields.condition(work, KIND, key, "equals", value).holds(Transaction.id)


def _status(work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    return Transaction.status_id.in_([kinds.find_status(work, value).id for value in values])


def _type(work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    return Transaction.type_id.in_([kinds.find_type(work, value).id for value in values])


def _tag(_work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    keys = [tags.key_of(texts.clean_line(value)) for value in values]
    tagged = select(Tagging.object_id).join(Tag, Tag.id == Tagging.tag_id)
    return Transaction.id.in_(tagged.where(Tagging.object_type == KIND, Tag.name_key.in_(keys)))


def _owner(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    ids = []
    for value in values:
        number = keyset.valid_id(value)
        if number is None:
            raise Invalid({name: [Message("“%(value)s” is not the number of a record.", value=str(value)[:60])]})
        ids.append(number)
    column = Transaction.invoice_id if name == "invoice_id" else getattr(Transaction, f"counted_{name}")
    return column.in_(ids) if len(ids) > 1 else column == ids[0]


def _day(work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    later = 1 if name.endswith("to") else 0
    text = texts.clean_line(values[0])
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=later)
        bound = record_fields.instant(dt.datetime.combine(day, dt.time()), work.timezone)
    except (ValueError, OverflowError):
        raise Invalid({name: [Message("“%(text)s” is not a day such as 2026-03-31.", text=text[:60])]}) from None
    return Transaction.at < bound if later else Transaction.at >= bound


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
    for currency in work.session.scalars(select(Day.currency).distinct()):
        exact = number.scaleb(money.digits_of(currency))
        bound = int(exact.to_integral_value(ROUND_CEILING if least else ROUND_FLOOR))
        fits = Transaction.total >= bound if least else Transaction.total <= bound
        bounds.append(and_(Transaction.currency == currency, fits))
    return or_(false(), *bounds)


def _same(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    if name == "ref":
        return Transaction.ref_key.in_([texts.fold(value) for value in values])
    if name == "currency":
        return Transaction.currency.in_([texts.clean_line(value).upper() for value in values])
    found: ColumnElement[bool] = getattr(Transaction, name).in_([texts.clean_line(value) for value in values])
    return found


_FILTERS: dict[str, Any] = {
    "status": _status,
    "type": _type,
    "tag": _tag,
    **dict.fromkeys(("contact_id", "company_id", "invoice_id"), _owner),
    **dict.fromkeys(("date_from", "date_to"), _day),
    **dict.fromkeys(("total_min", "total_max"), _amount),
    **dict.fromkeys(("currency", "source", "payment_method", "ref"), _same),
}
FILTERS = tuple(_FILTERS)


# --- what they come to -----------------------------------------------------------------------------------------------


def count(work: Work, chosen: Select[Any]) -> tuple[int, bool]:
    """How many are chosen, and whether that is all of them."""
    some = chosen.with_only_columns(Transaction.id).order_by(None).limit(MOST_COUNTED + 1).subquery()
    number = work.session.scalar(select(func.count()).select_from(some)) or 0
    return min(number, MOST_COUNTED), number <= MOST_COUNTED


def sums(work: Work, chosen: Select[Any]) -> tuple[list[Money], list[Money]] | None:
    """What is chosen comes to, for each currency, that of the site first: totals (refunds taken off), and what of them counts.

    :returns: ``None`` when they are more than :data:`MOST_COUNTED`: to read all would take too long.
    """
    rule = counting.rule(work)
    signed = case((rule.subtracts(), -Transaction.total), else_=Transaction.total)
    whole = sql_cast(func.coalesce(func.sum(signed), 0), BigInteger)
    some = chosen.with_only_columns(Transaction.id).order_by(None).limit(MOST_COUNTED + 1).subquery()
    wanted = (
        select(Transaction.currency, whole, rule.sum(), func.count())
        .join(some, some.c.id == Transaction.id)
        .group_by(Transaction.currency)
    )
    base = str(work.settings.get("site.currency") or "")
    rows = sorted(work.session.execute(wanted), key=lambda row: (row[0] != base, row[0]))
    if sum(row[3] for row in rows) > MOST_COUNTED:
        return None
    return [Money(int(row[1]), row[0]) for row in rows], [Money(int(row[2]), row[0]) for row in rows]


def kept_sums(work: Work) -> list[Money]:
    """What all transactions that count come to, for each currency, that of the site first: from the kept sums of days."""
    work.require("transactions.view")
    base = str(work.settings.get("site.currency") or "")
    rows = work.session.execute(select(Day.currency, func.sum(Day.amount)).group_by(Day.currency))
    return [Money(int(row[1]), row[0]) for row in sorted(rows, key=lambda row: (row[0] != base, row[0]))]


def ids(work: Work, chosen: Select[Any]) -> Iterator[list[int]]:
    """Ids of all that are chosen, in runs."""
    return keyset.id_runs(work.session, chosen.with_only_columns(Transaction.id).order_by(None), Transaction.id)
