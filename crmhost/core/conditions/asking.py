"""Conditions as SQL: how many contacts fulfil them, who, and whether one does.

Each condition has two forms: ids of contacts, read from an index of its own, and a test of one contact, looked up while others
are read. SQLite gets the ids of the narrowest and tests the rest; PostgreSQL gets tests, which it turns into joins itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, literal, not_, or_, select, union_all
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import SelectBase

from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..contacts.models import Contact
from ..keyset import opaque
from ..statuses import counts as status_counts
from .trees import Group
from .types import Condition, Sides

#: Up to so many rows the ids of a condition are worth being read first.
COUNTED = 300_000
#: Contacts that are read and sorted, beyond which the list is walked in its order until a page is full.
NARROW = 5_000


@dataclasses.dataclass(frozen=True, eq=False)
class Clause:
    """A condition or a group in SQL, in both forms, each without NULL.

    :param row: asked of a row of ``Contact``.
    :param source: ids of the contacts for which it holds; ``None`` when it has no index of its own.
    """

    row: ColumnElement[bool]
    source: Any = None


@dataclasses.dataclass(frozen=True)
class Question:
    """Conditions, ready to be asked by one actor."""

    work: Work
    group: Group
    whole: ColumnElement[bool]
    needed: tuple[Clause, ...]
    refuted: tuple[Clause, ...]
    #: What was found out already: for its clauses, which of them is the narrowest.
    known: dict[tuple[Clause, ...], Clause | None] = dataclasses.field(default_factory=dict, compare=False)

    # --- parts of queries ---------------------------------------------------------------------------------------------

    @property
    def row(self) -> ColumnElement[bool]:
        """The conditions, asked of a row of ``Contact``."""
        return self.whole

    def ids(self) -> Select[Any]:
        """Ids of the contacts that fulfil them and that the actor may see."""
        return select(Contact.id).where(Contact.visible_to(self.work.actor), *self._driven(self.needed))

    # --- answers ------------------------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many contacts that the actor may see fulfil them."""
        everybody = self._everybody()
        if not self.refuted or everybody is None:
            return self._number(self.needed)
        # Whom none of the conditions fits is found by joins, whom any fits would be asked of everybody.
        return everybody - self._number(self.refuted)

    def _number(self, clauses: Sequence[Clause]) -> int:
        where = (Contact.visible_to(self.work.actor), *self._driven(clauses))
        return self.work.session.scalar(select(func.count()).select_from(Contact).where(*where)) or 0

    def _everybody(self) -> int | None:
        if self.work.actor.only_assigned:
            return None
        return sum(status_counts.kept(self.work).values())

    def first(self, number: int, count: int) -> list[Contact]:
        """Those of them who were added last, the last first.

        :param count: how many there are.
        """
        if not count:
            return []
        session = self.work.session
        if count <= NARROW:
            wanted: ColumnElement[bool] = Contact.id.in_(sorted(session.scalars(self.ids()), reverse=True)[:number])
        else:
            # By their number, near which lies what else is asked of each.
            wanted = and_(Contact.visible_to(self.work.actor), opaque(self.whole))
        return list(session.scalars(select(Contact).where(wanted).order_by(Contact.id.desc()).limit(number)))

    def holds(self, contact_id: int) -> bool:
        """Whether a contact fulfils them."""
        wanted = select(Contact.id).where(Contact.id == contact_id, Contact.visible_to(self.work.actor), self.whole)
        return self.work.session.scalar(wanted) is not None

    # --- which index first ------------------------------------------------------------------------------------------------

    def _driven(self, clauses: Sequence[Clause]) -> list[ColumnElement[bool]]:
        """Clauses that all have to hold; on SQLite the narrowest by its ids."""
        if self.work.session.get_bind().dialect.name != "sqlite":
            return [item.row for item in clauses]
        sources = tuple(item for item in clauses if item.source is not None)
        if sources and sources not in self.known:
            self.known[sources] = self._narrowest(sources)
        first = self.known.get(sources)
        return [Contact.id.in_(item.source) if item is first else item.row for item in clauses]

    def _narrowest(self, clauses: Sequence[Clause]) -> Clause | None:
        parts = []
        for place, item in enumerate(clauses):
            some = item.source.limit(COUNTED).subquery()
            parts.append(select(literal(place), func.count()).select_from(some))
        numbers = dict(cast("Any", self.work.session.execute(union_all(*parts) if len(parts) > 1 else parts[0]).all()))
        place = min(numbers, key=lambda number: numbers[number])
        return clauses[place] if numbers[place] < COUNTED else None


def question(work: Work, group: Group) -> Question:
    """Conditions, ready to be asked.

    :raises Invalid: when a plugin fails to say what its condition means.
    """
    if not group.items:
        raise Invalid(Message("Add at least one condition: without any, everybody would be in."))
    whole = _clause(work, group, turned=False)
    if group.match == "all" or len(group.items) == 1:
        return Question(work, group, whole.row, tuple(_clause(work, item, turned=False) for item in group.items), ())
    refuted = tuple(_clause(work, item, turned=True) for item in group.items)
    return Question(work, group, whole.row, (whole,), refuted)


def each(work: Work, group: Group, contact_id: int) -> list[bool]:
    """Whether a contact fulfils each condition, in the order of :meth:`Group.conditions`."""
    asked = [case((_clause(work, item, turned=False).row, 1), else_=0) for item in group.conditions()]
    row = work.session.execute(select(*asked).where(Contact.id == contact_id)).first()
    return [bool(value) for value in row or [0] * len(asked)]


# --- from trees to clauses ------------------------------------------------------------------------------------------------


def _clause(work: Work, item: Condition | Group, *, turned: bool) -> Clause:
    if isinstance(item, Condition):
        return _leaf(work, item, turned)
    parts = [_clause(work, part, turned=turned).row for part in item.items]
    return Clause(and_(*parts) if (item.match == "all") != turned else or_(*parts))


def _leaf(work: Work, condition: Condition, turned: bool) -> Clause:
    test, negated = condition.asked.test, condition.asked.negated != turned
    kind = condition.type
    if kind.zero and test.fits(0):
        # Who has no figure has 0, which fits: they are all but those whose figure does not fit.
        test, negated = test.turned(), not negated
    found = work.generation.run(
        kind.plugin,
        f"condition {kind.id}",
        kind.where,
        work,
        test,
        default=None,
        gives=(SelectBase, ColumnElement, Sides),
        may_refuse=True,
    )
    if found is None:
        raise Invalid(Message("The condition “%(label)s” does not work at the moment.", label=kind.label))
    if isinstance(found, Sides):
        return Clause(not_(found.row)) if negated else Clause(found.row, found.source)
    if isinstance(found, SelectBase):
        inside = _inside(work, found)
        return Clause(not_(inside)) if negated else Clause(inside, found)
    known = func.coalesce(found, false())
    return Clause(not_(known)) if negated else Clause(found)


def _inside(work: Work, found: Any) -> ColumnElement[bool]:
    """Whether a contact is among ids, looked up for it."""
    plain = isinstance(found, Select) and found._limit_clause is None and found._offset_clause is None
    table = Contact.__table__
    if not plain or any(element is table for element in visitors.iterate(found)):
        return Contact.id.in_(found.correlate(None) if isinstance(found, Select) else found)
    column = found.selected_columns[0]
    if work.session.get_bind().dialect.name != "sqlite" and found._group_by_clauses:
        rows = found.subquery()
        return exists(select(literal(1)).select_from(rows).where(rows.c[0] == Contact.id).correlate(Contact))
    return exists(found.where(column == Contact.id).correlate(Contact))
