"""Filters of lists in which a record is picked by typing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from flask_babel import gettext

from ...core.keyset import valid_id
from ...core.records import picking
from ...core.records import services as records
from ...errors import Invalid
from ...work.unit import Work
from ..forms.records import pick_attributes
from . import TableFilter


class PickedRecords:
    """The records that the filters of one list name.

    :param items: filters whose value is the id of a record.
    :param filters: id of a filter -> values given; ids of records take the place of what was typed.
    """

    def __init__(self, work: Work, items: Sequence[TableFilter], filters: dict[str, list[str]]) -> None:
        self._work, self._items, self._filters = work, items, filters
        #: What is wrong with a filter: id -> sentence.
        self.wrong: dict[str, str] = {}
        for item in items:
            try:
                given = filters.get(item.id, [])
                filters |= {item.id: [self._number(item.record, text) for text in given]} if given else {}
            except Invalid as error:
                self.wrong[item.id] = gettext(error.message)

    def _number(self, kind: str, text: str) -> str:
        return text if valid_id(text) else str(picking.read(self._work, kind, text))

    @cached_property
    def _titles(self) -> dict[tuple[str, int], str]:
        wanted: dict[str, list[int]] = {}
        for item in self._items:
            ids = [number for text in self._filters.get(item.id, ()) if (number := valid_id(text))]
            wanted.setdefault(item.record, []).extend(ids)
        return records.titles(self._work, {kind: ids for kind, ids in wanted.items() if ids})

    def labels(self, item: TableFilter) -> dict[str, str]:
        """Values of a filter -> what the records are called."""
        return {str(key): title for (kind, key), title in self._titles.items() if kind == item.record}

    def attributes(self, item: TableFilter) -> dict[str, str]:
        """Attributes of the field of a filter."""
        given = self._filters.get(item.id, [""])[0]
        return pick_attributes(item.record, valid_id(given), self.labels(item).get(given, ""), given)
