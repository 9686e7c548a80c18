"""What is kept follows each change, in the transaction of the change itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, or_, select

from crmhost.api import Change, Tagging, Work
from plugins.transactions.api import KIND, Transaction

from . import buying, summing
from .days import Span
from .models import Sum

#: What of a transaction some figure depends on.
_FIELDS = frozenset({
    "type_id", "status_id", "currency", "total", "fee", "tax", "discount", "at", "day", "counted_contact_id",
    "counted_company_id", "source", "tags", "lines",
})  # fmt: skip
#: Told by a hook of its own, since it may come about when the changes of a unit of work are told already.
COUNTED = "transaction.counted"
_OWNERS = ("counted_contact_id", "counted_company_id")
_SETTINGS = frozenset({"site.timezone", "transactions.included_statuses", "transactions.statuses"})
_MERGES = ("contact.merged", "contact.unmerged")
#: Key of the session's notes: companies whose transactions lose a contact that is erased.
_ERASED = "sales_dashboard.erased"
_SOME = 500


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Brings what is kept up to date with the changes of a unit of work."""
    if _counts_otherwise(changes):
        summing.rebuild(work)
        return
    told = (change for change in changes if change.object_type == KIND and change.name != COUNTED)
    follow_transactions(work, list(told))
    _people(work, changes)
    _tags(work, changes)


def _counts_otherwise(changes: Sequence[Change]) -> bool:
    """Whether other transactions count now, or stand on other days."""
    for change in changes:
        if change.name == "setting.changed":
            # The transactions stand on their days again: what waited for it goes on.
            if _SETTINGS & change.after.keys() or change.after.get("transactions.fresh"):
                return True
        elif change.name in ("transaction_type.changed", "transaction_type.deleted"):
            return True
    return False


# --- transactions ----------------------------------------------------------------------------------------------------


def follow_transactions(work: Work, changes: Sequence[Change]) -> None:
    """Brings what is kept up to date with changes of transactions."""
    touched = [change for change in changes if _matters(change)]
    now = _now(work, {change.object_id for change in touched if change.name != "transaction.created"})
    sums: set[dt.date] = set()
    parts: set[dt.date] = set()
    customers: dict[int, Span | None] = {}
    for change in touched:
        before, after = change.before, now.get(change.object_id, change.after)
        days = {_day(after.get("day")), _day(before.get("day"))} - {None}
        tagged = change.name == "transaction.tagged" or set(change.after) == {"tags"}
        (parts if tagged else sums).update(day for day in days if day is not None)
        if tagged or not days:
            continue
        span = min(days), max(days)  # type: ignore[type-var]  # None was taken out
        for name, sign in zip(_OWNERS, (1, -1), strict=True):
            for number in (after.get(name), before.get(name)):
                if number is not None:
                    _widen(customers, sign * number, span)  # type: ignore[arg-type]
    summing.mark(work, sums)
    summing.mark(work, parts - sums, parts=True)
    buying.retake(work, customers)


def _matters(change: Change) -> bool:
    # What is erased was in the bin, and counted nowhere.
    if change.name in ("transaction.updated", COUNTED):
        return bool(_FIELDS & {*change.before, *change.after})
    return change.name != "transaction.erased"


def _now(work: Work, ids: set[int]) -> dict[int, Mapping[str, Any]]:
    wanted = sorted(ids)
    found: dict[int, Mapping[str, Any]] = {}
    columns = (Transaction.id, Transaction.day, Transaction.counted_contact_id, Transaction.counted_company_id)
    for start in range(0, len(wanted), _SOME):
        rows = work.session.execute(select(*columns).where(Transaction.id.in_(wanted[start : start + _SOME])))
        found |= {row.id: dict(row._mapping) for row in rows}
    return found


def _day(given: Any) -> dt.date | None:
    return dt.date.fromisoformat(given) if isinstance(given, str) else given


def _widen(customers: dict[int, Span | None], number: int, span: Span) -> None:
    known = customers.get(number, span)
    assert known is not None
    customers[number] = min(known[0], span[0]), max(known[1], span[1])


# --- people ----------------------------------------------------------------------------------------------------------


def _people(work: Work, changes: Sequence[Change]) -> None:
    moved: dict[str, set[int]] = {"contact": set(), "company": set()}
    customers: set[int] = set()
    for change in changes:
        if change.name in _MERGES:
            ids = {change.object_id, *(change.after or change.before)["loser_ids"]}
            customers |= ids
            moved["contact"] |= ids
        elif change.name == "contact.erased":
            customers |= {change.object_id, *work.session.info.pop(_ERASED, ())}
        elif change.name in ("contact.updated", "company.updated", "company.erased") and _placed(change):
            moved[change.object_type].add(change.object_id)
    for kind, column in (("contact", Transaction.counted_contact_id), ("company", Transaction.counted_company_id)):
        for some in _chunks(moved[kind]):
            summing.mark_parts(work, _days().where(column.in_(some)))
    buying.retake(work, dict.fromkeys(customers))


def _placed(change: Change) -> bool:
    """Whether country or owner may be others now; a change that does not say what changed may be any."""
    told = {*change.before, *change.after}
    return not told or bool(told & {"address1", "assigned_to_id", "assigned_to"})


def _days() -> Select[Any]:
    return select(Transaction.day).distinct()


def _chunks(ids: set[int]) -> Iterator[list[int]]:
    numbers = sorted(ids)
    return (numbers[start : start + _SOME] for start in range(0, len(numbers), _SOME))


def before_erasing(work: Work, contact_id: int) -> None:
    """Notes what counts to a company, or to nobody, once a contact is gone."""
    mine = Transaction.counted_contact_id == contact_id
    summing.mark_parts(work, _days().where(mine))
    companies = select(Transaction.counted_company_id).where(mine, Transaction.counted_company_id.is_not(None))
    found = {-int(number or 0) for number in work.session.scalars(companies.distinct())}
    work.session.info.setdefault(_ERASED, set()).update(found)


# --- tags ------------------------------------------------------------------------------------------------------------


def _tags(work: Work, changes: Sequence[Change]) -> None:
    gone: set[str] = set()
    back: set[int] = set()
    for change in changes:
        if change.name == "tag.merged":
            gone.add(str(change.before["loser_id"]))
        elif change.name == "tag.deleted":
            gone.add(str(change.object_id))
        elif change.name == "tag.restored":
            back.add(change.object_id)
    if gone:
        # Days that are out of date hold what is not among the sums.
        kept = select(Sum.start).where(Sum.dimension == "tag", Sum.grain == "day", Sum.key.in_(sorted(gone)))
        summing.mark_parts(work, kept.distinct())
    if back:
        carry = select(Tagging.object_id).where(Tagging.object_type == KIND, or_(Tagging.tag_id.in_(sorted(back))))
        summing.mark_parts(work, _days().where(Transaction.id.in_(carry)))
