"""The contact list: filtered, searched, sorted and paged in time that does not grow with the number of contacts.

A filter that finds few contacts is read by its own index and sorted here; one that finds many is asked of each row while the
index of the sort order is read. Which of the two is found out by looking for the first few thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, or_, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from ...errors import Invalid
from ...messages import Message
from ...work.reads import Read
from ...work.unit import Work
from ..fields.definitions import PREFIX
from ..fields.orders import ValueOrder, order
from ..keyset import beyond, opaque
from ..rows import chunks
from ..statuses import services as statuses
from ..users.models import User
from . import search, whole
from .column_sorts import column_sort
from .filters import NARROW, Condition, conditions
from .listing import Count, ListQuery, Page, phone_words
from .models import Contact, SearchDocument
from .records import KIND
from .sorts import RANGES, SORTS, Sort

__all__ = [
    "NARROW",
    "Count",
    "ListQuery",
    "Page",
    "count",
    "count_by_status",
    "ids",
    "page",
    "phone_words",
]

#: Contacts that a search sorts; of a commoner word the first so many are shown.
HITS = 1_000
#: Hits of a search that a broad filter is asked of.
SCANNED = 10_000
LARGEST_PAGE = 500
_LAST = "\U0010ffff"


def page(work: Work, query: ListQuery) -> Page:
    """One page of contacts that the actor may see, each with its status and the user it is assigned to.

    :raises Invalid: when a filter, the order or a cursor can't be understood.
    """
    work.require("contacts.view")
    return Listing(work, query).page()


def count(work: Work, query: ListQuery) -> Count:
    """How many contacts a list holds: exact up to 10,000, and beyond where it is kept anyway."""
    work.require("contacts.view")
    return whole.count(Listing(work, query))


def count_reads(work: Work, query: ListQuery) -> list[Read]:
    """What :func:`count` asks, for pages that ask it together with other things."""
    work.require("contacts.view")
    return whole.reads(Listing(work, query))


def count_by_status(work: Work, filters: Mapping[str, str]) -> dict[int, int]:
    """Status id -> number of contacts in it that the actor may see and the filters let through.

    It is exact, and so as slow as they are many.

    :raises Invalid: when a filter can't be understood.
    """
    work.require("contacts.view")
    where = [item.narrow for item in conditions(work, filters)]
    rows = (
        select(Contact.status_id, func.count()).where(Contact.deleted_at.is_(None), *where).group_by(Contact.status_id)
    )
    return {row[0]: row[1] for row in work.session.execute(rows)}


def matching(work: Work, filters: Mapping[str, str]) -> Select[int]:
    """Ids of the contacts that filters let through and the actor may see, as a part of a query.

    :raises Invalid: when a filter can't be understood.
    """
    work.require("contacts.view")
    where = [item.narrow for item in conditions(work, filters)]
    return select(Contact.id).where(Contact.deleted_at.is_(None), *where)


def ids(work: Work, query: ListQuery, size: int = HITS) -> Iterator[list[int]]:
    """Ids of all contacts in a list, in runs of at most ``size``, by id: for what is done to all matches, and for exports.

    Contacts may be changed between two runs; one that no longer matches is left out.
    """
    work.require("contacts.view")
    return whole.ids(Listing(work, query), size)


class Listing:
    """A list being read: its order, its conditions, and the way that is quicker."""

    def __init__(self, work: Work, query: ListQuery) -> None:
        self.work = work
        self.query = query
        self.limit = max(1, min(query.limit, LARGEST_PAGE))
        self.words = phone_words(query.q)
        self.conditions = conditions(work, query.filters)
        self.in_bin = bool(query.filters.get("in_bin"))
        self.note = ""
        name = "-deleted_at" if self.in_bin else query.sort
        self.descending = name.startswith("-")
        self.sort = self._order(name.removeprefix("-"))
        if self.sort.name == "status" and any(item.name == "status" for item in self.conditions):
            self.sort = SORTS["created_at"]
        self.live: ColumnElement[bool] = Contact.deleted_at.is_(None)
        if self.in_bin:
            self.live = and_(Contact.deleted_at.is_not(None), Contact.merged_into_id.is_(None))

    def _order(self, name: str) -> Sort | ValueOrder:
        if name in SORTS and (name != "deleted_at" or self.in_bin):
            return SORTS[name]
        if name.startswith(PREFIX):
            return order(self.work, KIND, Contact, name)
        contributed = column_sort(self.work, name)
        if contributed is not None:
            return contributed
        raise Invalid({"sort": [Message("The list can't be sorted by “%(name)s”.", name=name[:60])]})

    # --- one page -----------------------------------------------------------------------------------------------------

    def page(self) -> Page:
        """One page."""
        backwards = self.query.before is not None
        given = self.query.before if backwards else self.query.after
        cursor = self.sort.read(given) if given else None
        few = self.few()
        if few is None:
            found = self.walk(cursor, self.descending != backwards, self.limit + 1)
        else:
            found = self._pick(few, cursor, backwards)
        more = len(found) > self.limit
        rows = found[: self.limit]
        if backwards:
            rows.reverse()
        has_next, has_previous = (bool(rows), more) if backwards else (more, cursor is not None and bool(rows))
        return Page(
            rows,
            self.cursor(rows[-1]) if has_next else None,
            self.cursor(rows[0]) if has_previous else None,
            self.note,
        )

    def cursor(self, contact: Contact) -> str:
        """Where in the list a contact stands."""
        return self.sort.write(contact)

    def _pick(self, few: list[tuple[Any, ...]], cursor: tuple[Any, ...] | None, backwards: bool) -> list[Contact]:
        """The rows of a page from sort values and ids that are all known."""
        descending = self.descending != backwards
        rank = self.rank()
        ordered = sorted(few, key=rank, reverse=descending)
        if cursor is not None:
            edge = rank(cursor)
            ordered = [row for row in ordered if (rank(row) < edge if descending else rank(row) > edge)]
        wanted = [row[-1] for row in ordered[: self.limit + 1]]
        loaded = {contact.id: contact for contact in self._load(select(Contact).where(Contact.id.in_(wanted)))}
        return [loaded[key] for key in wanted if key in loaded]

    def rank(self) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
        """What rows of sort values and ids are sorted by here."""
        if self.sort.name != "status":
            return self.sort.rank(self.descending)
        place = {status.id: number for number, status in enumerate(statuses.all_statuses(self.work))}
        return lambda row: (place.get(row[0], len(place)), *row[1:])

    def walk(self, cursor: tuple[Any, ...] | None, descending: bool, limit: int) -> list[Contact]:
        """Reads the index of the order until the page is full."""
        if self.sort.name == "status":
            return self._walk_statuses(cursor, descending, limit)
        if isinstance(self.sort, ValueOrder):
            return self._walk_values(self.sort, cursor, descending, limit)
        return self._read(self.sort.columns, self.where(), cursor, descending, limit)

    def _walk_statuses(self, cursor: tuple[Any, ...] | None, descending: bool, limit: int) -> list[Contact]:
        """One status after the other, in the order that the site gave them."""
        wanted = [status.id for status in statuses.all_statuses(self.work)]
        if descending:
            wanted.reverse()
        if cursor is not None:
            wanted = wanted[wanted.index(cursor[0]) :] if cursor[0] in wanted else []
        found: list[Contact] = []
        for status_id in wanted:
            where = [Contact.status_id == status_id, *self.where()]
            edge = cursor[1:] if cursor is not None and cursor[0] == status_id else None
            found += self._read((Contact.created_at,), where, edge, descending, limit - len(found))
            if len(found) >= limit:
                break
        return found

    def _walk_values(
        self, sort: ValueOrder, cursor: tuple[Any, ...] | None, descending: bool, limit: int
    ) -> list[Contact]:
        """Those with a value of a custom field or a plugin's column, and those without one."""
        on = [item.on for item in self.conditions if item.on is not None and self._serves(item)]
        backwards = descending != self.descending
        found: list[Contact] = []
        for part in sort.parts([self.live, *self.where()], on, cursor, self.descending, backwards):
            found += self._load(part.limit(limit - len(found)))
            if len(found) >= limit:
                break
        return found

    def _read(
        self,
        columns: Sequence[SQLColumnExpression[Any]],
        where: Sequence[ColumnElement[bool]],
        cursor: tuple[Any, ...] | None,
        descending: bool,
        limit: int,
    ) -> list[Contact]:
        return self._load(self.statement(columns, where, cursor, descending, limit))

    def statement(
        self,
        columns: Sequence[SQLColumnExpression[Any]],
        where: Sequence[ColumnElement[bool]],
        cursor: tuple[Any, ...] | None,
        descending: bool,
        limit: int,
    ) -> Select[Contact]:
        """The first rows behind the cursor, by an index."""
        keys = (*columns, Contact.id)
        statement = select(Contact).where(self.live, *where)
        if cursor is not None:
            statement = statement.where(beyond(keys, cursor, descending=descending))
        return statement.order_by(*(key.desc() if descending else key.asc() for key in keys)).limit(limit)

    def _load(self, statement: Select[Contact]) -> list[Contact]:
        # One after the other: of a join inside a join SQLite makes a table of all users first.
        who = joinedload(Contact.assigned_to).joinedload(User.role, innerjoin=False)
        found = list(self.work.session.scalars(statement.options(who)))
        known = {status.id: status for status in statuses.all_statuses(self.work)}
        for contact in found:
            set_committed_value(contact, "status", known[contact.status_id])
        return found

    def where(self) -> list[ColumnElement[bool]]:
        """The filters while an index of the order is read: only those that stand in it are shown to the planner."""
        shown = self._shown()
        rest = (item for item in self.conditions if not self._serves(item))
        return [item.narrow if item.name in shown else opaque(item.broad) for item in rest]

    def _shown(self) -> set[str]:
        first = next((item.name for item in self.conditions if item.name in self.sort.served), "")
        return {first, *RANGES.get(self.sort.name, ())}

    def _serves(self, item: Condition) -> bool:
        """Whether the index of the custom field that is sorted by answers a condition too."""
        return item.on is not None and item.name == self.sort.name

    # --- few rows -----------------------------------------------------------------------------------------------------

    def few(self) -> list[tuple[Any, ...]] | None:
        """Sort values and id of every row, if they are few enough to be sorted here; ``None`` if they are not."""
        if self.words:
            return self.hits()
        shown = self._shown()
        if all(item.wide or item.name in shown or self._serves(item) for item in self.conditions):
            # The index of the order is read in the range of those that it shows; whatever is left is asked of each row.
            return None
        return self._narrow()

    def _narrow(self) -> list[tuple[Any, ...]] | None:
        if all(item.wide for item in self.conditions):
            return None
        where = [opaque(item.broad) if item.wide else item.narrow for item in self.conditions]
        rows = self._keys(self.sort.select().where(self.live, *where).limit(NARROW + 1))
        return rows if len(rows) <= NARROW else None

    def hits(self) -> list[tuple[Any, ...]]:
        if self.in_bin:
            # What lies in the bin is not in the search table.
            return self._hits_in_bin()
        narrow = self._narrow() if self.conditions else None
        if narrow is not None:
            found = self._containing([row[-1] for row in narrow])
            rows = [row for row in narrow if row[-1] in found]
        elif any(len(word) >= search.SHORTEST for word in self.words):
            rows = self._found_by_parts()
        else:
            rows = self._found_by_prefix()
        if len(rows) > HITS:
            self.note = Message(
                "More than %(hits)s contacts match; these are the first %(hits)s. Type more to find the others.",
                hits=HITS,
            )
            rows = rows[:HITS]
        return rows

    def _found_by_parts(self) -> list[tuple[Any, ...]]:
        scanned = SCANNED if self.conditions else HITS + 1
        hits = search.hits(self.work, KIND, self.words, scanned)
        if hits is None:
            return []
        found = (
            hits.cte("hits")
            .prefix_with("MATERIALIZED", dialect="sqlite")
            .prefix_with("MATERIALIZED", dialect="postgresql")
        )
        where = [opaque(item.broad) for item in self.conditions]
        statement = self.sort.select().join(found, found.c[0] == Contact.id).where(self.live, *where)
        return self._keys(statement.limit(HITS + 1))

    def _found_by_prefix(self) -> list[tuple[Any, ...]]:
        """By one or two letters: the beginning of a name or an e-mail address."""
        first, others = self.words[0], self.words[1:]
        columns = (Contact.sort_name, Contact.first_key, Contact.email_key)
        rest = [opaque(or_(*(column.startswith(word, autoescape=True) for column in columns))) for word in others]
        where = [self.live, *rest, *(opaque(item.broad) for item in self.conditions)]
        found: dict[int, tuple[Any, ...]] = {}
        for column in columns:
            wanted = self.sort.select().where(column >= first, column < first + _LAST, *where)
            for row in self._keys(wanted.order_by(column, Contact.id).limit(HITS + 1)):
                found[row[-1]] = row
        return list(found.values())

    def _hits_in_bin(self) -> list[tuple[Any, ...]]:
        text = Contact.sort_name + " " + Contact.first_key + " " + Contact.email_key
        where = [text.contains(word, autoescape=True) for word in self.words]
        where += [item.broad for item in self.conditions]
        return self._keys(self.sort.select().where(self.live, *where).order_by(Contact.deleted_at.desc()).limit(HITS))

    def _containing(self, keys: Sequence[int]) -> set[int]:
        """Which of these contacts hold every word."""
        document, found = SearchDocument, set[int]()
        texts = [document.text.contains(word, autoescape=True) for word in self.words]
        for some in chunks(keys):
            wanted = select(document.object_id).where(document.owner == KIND, document.object_id.in_(some), *texts)
            found.update(self.work.session.scalars(wanted))
        return found

    def _keys(self, statement: Select[Any]) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.work.session.execute(statement)]
