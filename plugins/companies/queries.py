"""The list of companies: filtered, searched, sorted and paged in time that does not grow with their number.

What few match is found by its own index and sorted here; what many match is asked of each row while the index of the order is
read. Which of the two is found out by looking for the first few thousand.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, with_expression
from sqlalchemy.orm.attributes import set_committed_value

from crmhost.api import Invalid, Message, Work, custom_fields, keyset, search

from . import members, statuses
from .filters import CUSTOM, NARROW, Condition, conditions
from .models import KIND, Company

#: Companies that a search sorts; of a commoner word the first so many are shown.
HITS = 1_000
#: Up to here a count is exact.
COUNTED = 10_000
LARGEST_PAGE = 500
_LAST = "\U0010ffff"


@dataclasses.dataclass(frozen=True)
class CompanyQuery:
    """What a list shows.

    :param q: text to search by.
    :param filters: status (names or ids, comma-separated), tag, assigned_to (id, e-mail, “me”, “nobody”), source, contact_id,
        in_bin (“1”), and of custom fields ``custom.KEY``, also with ``.from``, ``.to``, ``.contains`` and ``.empty`` behind it.
    :param sort: name, email, status (in it by name), created_at, updated_at or ``custom.KEY``; with “-” in front the other way
        round. The bin is always sorted by the time of deleting.
    """

    q: str = ""
    filters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    sort: str = "name"
    after: str | None = None
    before: str | None = None
    limit: int = 50


@dataclasses.dataclass(frozen=True)
class Page:
    """One page of a list. ``note`` says when not all hits of a search were looked at."""

    rows: list[Company]
    next: str | None
    previous: str | None
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Count:
    """How many companies match; when not ``exact``, at least so many."""

    number: int
    exact: bool


@dataclasses.dataclass(frozen=True)
class _Sort:
    columns: tuple[InstrumentedAttribute[Any], ...]
    kinds: tuple[type, ...]
    #: Filters that have an index together with this order.
    served: tuple[str, ...] = ()

    def select(self) -> Select[Any]:
        """The values that are sorted by, and the id."""
        return select(*self.columns, Company.id)


SORTS = {
    "name": _Sort((Company.name_key,), (str,), ("status",)),
    "email": _Sort((Company.email_key,), (str,)),
    "status": _Sort((Company.status_id, Company.name_key), (int, str), ("status",)),
    "created_at": _Sort((Company.created_at,), (dt.datetime,), ("status", "assigned_to", "source")),
    "updated_at": _Sort((Company.updated_at,), (dt.datetime,)),
}
_DELETED = _Sort((Company.deleted_at,), (dt.datetime,))


def page(work: Work, query: CompanyQuery, *, people: bool = False) -> Page:
    """One page of companies that the actor may see, each with its status and the user it is assigned to.

    :param people: whether the attribute ``people`` is to say how many belong to each.
    :raises Invalid: when a filter, the order or a cursor can't be understood.
    """
    work.require("companies.view")
    return _Listing(work, query, people=people).page()


def count(work: Work, query: CompanyQuery) -> Count:
    """How many companies a list holds: exact up to 10,000."""
    work.require("companies.view")
    return _Listing(work, query).count()


def ids(work: Work, query: CompanyQuery, size: int = 1_000) -> Iterator[list[int]]:
    """Ids of all companies in a list, in runs of at most ``size``, by id: for what is done to all matches, and for exports.

    Companies may be changed between two runs; one that no longer matches is left out.
    """
    work.require("companies.view")
    return _Listing(work, query).ids(size)


class _Listing:
    def __init__(self, work: Work, query: CompanyQuery, *, people: bool = False) -> None:
        self.work = work
        self.people = people
        self.query = query
        self.limit = max(1, min(query.limit, LARGEST_PAGE))
        self.words = search.words(query.q)
        self.conditions = conditions(work, query.filters)
        self.in_bin = bool(query.filters.get("in_bin"))
        self.note = ""
        name = query.sort or "name"
        self.name = name.removeprefix("-")
        self.descending = name.startswith("-")
        self.sort = self._order()
        self.live: ColumnElement[bool] = Company.deleted_at.is_(None)
        if self.in_bin:
            self.live, self.sort = Company.deleted_at.is_not(None), _DELETED
            self.name, self.descending = "deleted_at", True

    def _order(self) -> _Sort | custom_fields.ValueOrder:
        if self.name in SORTS:
            return SORTS[self.name]
        if self.name.startswith(CUSTOM):
            return custom_fields.order(self.work, KIND, Company, self.name)
        raise Invalid({"sort": [Message("The list can't be sorted by “%(name)s”.", name=self.name[:60])]})

    def page(self) -> Page:
        backwards = self.query.before is not None
        given = self.query.before if backwards else self.query.after
        cursor = self._read(given) if given else None
        down = self.descending != backwards
        few = self.few()
        found = self._walk(cursor, backwards) if few is None else self._pick(few, cursor, down)
        more, rows = len(found) > self.limit, found[: self.limit]
        if backwards:
            rows.reverse()
        has_next, has_previous = (bool(rows), more) if backwards else (more, cursor is not None and bool(rows))
        return Page(
            rows,
            self._cursor(rows[-1]) if has_next else None,
            self._cursor(rows[0]) if has_previous else None,
            self.note,
        )

    def _read(self, cursor: str) -> tuple[Any, ...]:
        if isinstance(self.sort, custom_fields.ValueOrder):
            return self.sort.read(cursor)
        return keyset.decode(self.name, cursor, (*self.sort.kinds, int))

    def _cursor(self, company: Company) -> str:
        if isinstance(self.sort, custom_fields.ValueOrder):
            return self.sort.write(company)
        return keyset.encode(self.name, (*(getattr(company, column.key) for column in self.sort.columns), company.id))

    def _walk(self, cursor: tuple[Any, ...] | None, backwards: bool) -> list[Company]:
        """Reads the index of the order until the page is full."""
        shown, down = self._shown(), self.descending != backwards
        where = [item.broad if item is shown else keyset.opaque(item.broad) for item in self.conditions]
        if isinstance(self.sort, custom_fields.ValueOrder):
            found: list[Company] = []
            for part in self.sort.parts([self.live, *where], (), cursor, self.descending, backwards):
                found += self._load(part.limit(self.limit + 1 - len(found)))
                if len(found) > self.limit:
                    break
            return found
        keys = (*self.sort.columns, Company.id)
        statement = select(Company).where(self.live, *where)
        if cursor is not None:
            statement = statement.where(keyset.beyond(keys, cursor, descending=down))
        ordered = statement.order_by(*(key.desc() if down else key.asc() for key in keys))
        return self._load(ordered.limit(self.limit + 1))

    def _pick(self, few: list[tuple[Any, ...]], cursor: tuple[Any, ...] | None, down: bool) -> list[Company]:
        """The rows of a page from sort values and ids that are all known."""
        rank: Callable[[tuple[Any, ...]], Any] = tuple
        if isinstance(self.sort, custom_fields.ValueOrder):
            rank = self.sort.rank(self.descending)
        ordered = sorted(few, key=rank, reverse=down)
        if cursor is not None:
            edge = rank(cursor)
            ordered = [row for row in ordered if (rank(row) < edge if down else rank(row) > edge)]
        wanted = [row[-1] for row in ordered[: self.limit + 1]]
        loaded = {company.id: company for company in self._load(select(Company).where(Company.id.in_(wanted)))}
        return [loaded[key] for key in wanted if key in loaded]

    def _load(self, statement: Select[Company]) -> list[Company]:
        statement = statement.options(joinedload(Company.assigned_to))
        if self.people:
            counting = with_expression(Company.people, members.counted(self.work))
            statement = statement.options(counting).execution_options(populate_existing=True)
        found = list(self.work.session.scalars(statement))
        known = {status.id: status for status in statuses.all_statuses(self.work)}
        for company in found:
            set_committed_value(company, "status", known[company.status_id])
        return found

    def _shown(self) -> Condition | None:
        """The one condition that stands in the index of the order, if any."""
        return next((item for item in self.conditions if item.name in self.sort.served), None)

    def few(self) -> list[tuple[Any, ...]] | None:
        """Sort value and id of every row, if they are few enough to be sorted here; ``None`` if they are not."""
        if self.words:
            return self._hits()
        if all(item is self._shown() for item in self.conditions):
            return None
        return self._narrow()

    def _narrow(self) -> list[tuple[Any, ...]] | None:
        keys: set[int] | None = None
        for item in self.conditions:
            source = item.source
            if source is None and item.name in ("status", "assigned_to", "source"):
                source = select(Company.id).where(item.broad, self.live)
            if source is None:
                continue
            found = set(self.work.session.scalars(source.limit(NARROW + 1)))
            if len(found) <= NARROW:
                keys = found if keys is None else keys & found
        return None if keys is None else self._among(sorted(keys))

    def _among(self, keys: Sequence[int]) -> list[tuple[Any, ...]]:
        """Sort values and ids of those of these companies that match."""
        where = [self.live, *(keyset.opaque(item.broad) for item in self.conditions)]
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(keys), 500):
            some = Company.id.in_(keys[start : start + 500])
            chosen = self.sort.select().where(some, *where)
            rows += [tuple(row) for row in self.work.session.execute(chosen)]
        return rows

    def _hits(self) -> list[tuple[Any, ...]]:
        found = self._found(HITS + 1)
        rows = self._among(found[:HITS])
        if len(found) > HITS:
            self.note = Message(
                "More than %(hits)s companies match; these are the first %(hits)s. Type more to find the others.",
                hits=HITS,
            )
        return rows

    def _found(self, limit: int | None) -> list[int]:
        """Ids of the companies that the words find."""
        if self.in_bin:
            # What lies in the bin is not in the search table.
            text = Company.name_key + " " + Company.email_key
            where = [text.contains(word, autoescape=True) for word in self.words]
            newest = select(Company.id).where(self.live, *where).order_by(Company.deleted_at.desc(), Company.id.desc())
            return list(self.work.session.scalars(newest.limit(limit)))
        hits = search.hits(self.work, KIND, self.words, limit)
        if hits is not None:
            return list(self.work.session.scalars(hits))
        first, others = self.words[0], self.words[1:]
        found: dict[int, None] = {}
        for column in (Company.name_key, Company.email_key):
            rest = [keyset.opaque(column.contains(word, autoescape=True)) for word in others]
            wanted = select(Company.id).where(column >= first, column < first + _LAST, self.live, *rest)
            found |= dict.fromkeys(self.work.session.scalars(wanted.order_by(column, Company.id).limit(limit)))
        return list(found)[:limit]

    def count(self) -> Count:
        rows = self.few()
        if rows is not None:
            return Count(len(rows), not self.note)
        where = (keyset.opaque(item.broad) if item.source is not None else item.broad for item in self.conditions)
        some = select(Company.id).where(self.live, *where).limit(COUNTED + 1)
        number = self.work.session.scalar(select(func.count()).select_from(some.subquery())) or 0
        return Count(min(number, COUNTED), number <= COUNTED)

    def ids(self, size: int) -> Iterator[list[int]]:
        if self.words:
            hits = sorted(self._found(None))
            for start in range(0, len(hits), size):
                found = sorted(row[-1] for row in self._among(hits[start : start + size]))
                if found:
                    yield found
            return
        last = 0
        where = [keyset.opaque(item.broad) for item in self.conditions]
        while True:
            wanted = select(Company.id).where(Company.id > last, self.live, *where).order_by(Company.id).limit(size)
            found = list(self.work.session.scalars(wanted))
            if not found:
                return
            yield found
            last = found[-1]
