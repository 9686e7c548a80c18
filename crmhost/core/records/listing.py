"""Which records of a kind a list, an export or the REST API shows: said once, and read by all three."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Label, Select, SQLColumnExpression, cast, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from ...contributions import Filter as Contributed
from ...errors import Invalid
from ...messages import Message
from ...money import Money
from ...work.unit import Work
from .. import text as texts
from ..contacts import search
from ..fields import services as custom_fields
from ..keyset import KeysetPage, id_runs, page
from .filters import Filter

#: Records that are counted and added up one by one.
MOST = 100_000
_CUSTOM = "custom."
_LONGEST = 200

#: Values by the name of their filter, as an address gives them.
Given = Mapping[str, Sequence[str]]
#: Gives records as the API shows them, in the order given.
Show = Callable[[Work, Sequence[Any]], Sequence[Mapping[str, Any]]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordList:
    """The records of a kind that people list: who may see them, what they are filtered and sorted by.

    :param model: has ``id``, ``deleted_at``, the class method ``visible_to(actor)``, and for what is in the bin too
        ``within_reach(actor)``.
    :param kind: of record, as search and custom fields know it.
    :param permission: what whoever lists them may do.
    :param orders: what can be sorted by -> columns, the id last, each served by an index; see :func:`crmhost.api.keyset.page`.
    :param sort: the order when none is asked for.
    :param filters: name -> what it asks, made by the functions of :mod:`crmhost.api.filters`.
    :param begins: columns with folded text that a search of one or two characters looks at.
    :param whole: filters whose text may hold a comma.
    :param custom: whether ``custom.KEY`` filters by custom fields too.
    :param further: hook by which plugins declare further filters (:class:`crmhost.api.Filter`), whose text may hold a comma.
    :param most: records that are counted one by one.
    """

    model: Any
    kind: str
    permission: str
    orders: Mapping[str, Sequence[InstrumentedAttribute[Any]]]
    sort: str
    filters: Mapping[str, Filter]
    begins: Sequence[InstrumentedAttribute[Any]] = ()
    whole: Collection[str] = ()
    custom: bool = True
    further: str = ""
    most: int = MOST

    def matching(self, work: Work, q: str = "", filters: Given | None = None, *, in_bin: bool = False) -> Select[Any]:
        """``select(model)`` of what fits and the actor may see.

        :param q: parts of words.
        :param in_bin: of what lies in the bin instead.
        :raises Invalid: when a filter is unknown, or its value can't be understood.
        """
        work.require(self.permission)
        found = self.binned(work) if in_bin else work.visible(self.model)
        for name, values in (filters or {}).items():
            if values:
                found = found.where(self._condition(work, name, values))
        return found.where(self.found_by(work, q)) if q.strip() else found

    def binned(self, work: Work) -> Select[Any]:
        """``select(model)`` of what lies in the bin and the actor may see."""
        found = select(self.model).where(self.model.deleted_at.is_not(None))
        return found.where(self.model.within_reach(work.actor)) if work.actor.only_assigned else found

    def page(
        self,
        work: Work,
        chosen: Select[Any],
        sort: str = "",
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> KeysetPage[Any]:
        """A page of what is chosen; see :func:`crmhost.api.keyset.page`."""
        sort = sort or self.sort
        return page(work.session, chosen, self.orders, sort, after=after, before=before, limit=limit)

    def count(self, work: Work, chosen: Select[Any]) -> tuple[int, bool]:
        """How many are chosen, and whether that is all of them."""
        some = chosen.with_only_columns(self.model.id).order_by(None).limit(self.most + 1).subquery()
        number = work.session.scalar(select(func.count()).select_from(some)) or 0
        return min(number, self.most), number <= self.most

    def ids(self, work: Work, chosen: Select[Any]) -> Iterator[list[int]]:
        """Ids of all that are chosen, in runs."""
        return id_runs(work.session, chosen.with_only_columns(self.model.id).order_by(None), self.model.id)

    def runs(self, work: Work, given: Mapping[str, str], *, sort: str = "created_at") -> Iterator[list[Any]]:
        """The records that fit, some at a time, for exports.

        :param given: filters as texts, and ``q``.
        """
        filters = {name: text for name, text in given.items() if name != "q"}
        chosen = self.matching(work, given.get("q", ""), self.split(filters))
        after: str | None = None
        while True:
            found = self.page(work, chosen, sort, after=after, limit=200)
            yield found.rows
            after = found.next
            if after is None:
                return

    def event_data(self, work: Work, event: str, ids: Sequence[int], show: Show) -> dict[int, Mapping[str, Any]] | None:
        """What webhooks are told of the records of an event: an answer for the hook ``rest_api_event_data``.

        :param show: gives records as the API shows them, in the order given.
        :returns: ``None`` for events of other kinds; without the records that the actor may not see.
        """
        if not event.startswith(f"{self.kind}."):
            return None
        if not work.can(self.permission):
            return {}
        if event == f"{self.kind}.erased":
            return {} if work.actor.only_assigned else {key: {"id": key} for key in ids}
        found = select(self.model).where(self.model.id.in_(ids))
        if work.actor.only_assigned:
            found = found.where(self.model.within_reach(work.actor))
        rows = list(work.session.scalars(found))
        return {row.id: record for row, record in zip(rows, show(work, rows), strict=True)}

    def knows(self, work: Work, name: str) -> bool:
        """Whether there is a filter of this name."""
        return name in self.filters or self._is_custom(name) or self._further(work, name) is not None

    def _is_custom(self, name: str) -> bool:
        return self.custom and name.startswith(_CUSTOM)

    def _further(self, work: Work, name: str) -> Contributed | None:
        items: Sequence[Contributed] = work.generation.contributions(self.further) if self.further else ()
        return next((item for item in items if item.id == name), None)

    def split(self, given: Mapping[str, str]) -> dict[str, list[str]]:
        """Filters as the API and exports get them, several values separated by commas, as :meth:`matching` takes them."""
        found = {}
        for name, text in given.items():
            whole = name in self.whole or name not in self.filters
            found[name] = [text] if whole else [part.strip() for part in str(text).split(",") if part.strip()]
        return found

    def found_by(self, work: Work, q: str) -> ColumnElement[bool]:
        """The condition that a record is found by words, or by the beginning of one."""
        wanted = search.words(q)
        hits = search.hits(work, self.kind, wanted, None) if wanted else None
        if hits is not None:
            found: ColumnElement[bool] = self.model.id.in_(hits)
            return found
        key = texts.fold(q)[:_LONGEST]
        return or_(false(), *(column.startswith(key, autoescape=True) for column in self.begins)) if key else false()

    def _condition(self, work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
        if name in self.filters:
            return self.filters[name](work, name, values)
        item = self._further(work, name)
        if item is not None:
            return _holds(work, item, values)
        if not self._is_custom(name):
            raise Invalid({name[:100]: [Message("There is no filter “%(name)s”.", name=name[:60])]})
        key = name.removeprefix(_CUSTOM)
        try:
            asked = [custom_fields.condition(work, self.kind, key, "equals", value) for value in values]
        except Invalid as error:
            raise Invalid({name[:100]: [said for found in error.errors.values() for said in found]}) from error
        return or_(*(one.holds(self.model.id) for one in asked))


def _holds(work: Work, item: Contributed, values: Sequence[str]) -> ColumnElement[bool]:
    work.require(item.permission)
    found = [
        work.generation.run(item.plugin, f"filter {item.id}", item.condition, work, value, may_refuse=True)
        for value in values
    ]
    if any(condition is None for condition in found):
        raise Invalid(Message("The filter “%(label)s” does not work at the moment.", label=item.label))
    return or_(*found)


def money_sums(
    work: Work,
    chosen: Select[Any],
    currency: InstrumentedAttribute[str],
    amounts: Mapping[str, SQLColumnExpression[int]],
    *,
    most: int = MOST,
) -> dict[str, list[Money]] | None:
    """What is chosen comes to: name -> an amount for each currency, that of the site first.

    :param chosen: ``select(model)`` with its conditions.
    :param currency: a column of the model.
    :param amounts: name -> minor units of ``currency``.
    :returns: ``None`` when more than ``most`` records are chosen: to read all would take too long.
    """
    # Each record is read once: to choose ids and look these up takes twice as long.
    each: list[Label[int]] = [amount.label(f"amount{place}") for place, amount in enumerate(amounts.values())]
    some = chosen.with_only_columns(currency.label("currency"), *each).order_by(None).limit(most + 1).subquery()
    columns = [cast(func.coalesce(func.sum(some.c[amount.name]), 0), BigInteger) for amount in each]
    wanted = select(some.c.currency, *columns, func.count()).group_by(some.c.currency)
    base = str(work.settings.get("site.currency") or "")
    rows = sorted(work.session.execute(wanted), key=lambda row: (row[0] != base, row[0]))
    if sum(row[-1] for row in rows) > most:
        return None
    return {name: [Money(int(row[at]), row[0]) for row in rows] for at, name in enumerate(amounts, 1)}
