"""What the address of a list says: search, filters, order, place; and the addresses that lead on from there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from urllib.parse import urlencode

from . import DEFAULT_SIZE, SIZES, Table, TableColumn, TableFilter, TableQuery

#: Longest text searched for and longest value of a filter.
_LONGEST = 200


@dataclasses.dataclass(frozen=True)
class Chip:
    """A filter in force, as it is shown."""

    label: str
    text: str
    without: str


class ListAddress:
    """The query of a table and its addresses; nothing is read for it.

    :param arguments: the query of the address.
    """

    def __init__(self, table: Table, arguments: Mapping[str, Sequence[str]], path: str) -> None:
        self.table = table
        self.path = path
        self.arguments = arguments
        known = {item.id: item for item in table.filters}
        self.filters = {
            name: [value[:_LONGEST] for value in values if value.strip()]
            for name, values in arguments.items()
            if name in known and any(value.strip() for value in values)
        }
        self.q = value_of(arguments, "q")[:_LONGEST].strip()
        wanted = value_of(arguments, "sort")
        self.sort = wanted if wanted.removeprefix("-") in self.sort_labels else table.sort
        size = value_of(arguments, "rows")
        self.size = int(size) if size.isdigit() and int(size) in SIZES else DEFAULT_SIZE
        self.after = value_of(arguments, "after") or None
        self.before = value_of(arguments, "before") or None
        at = value_of(arguments, "at")
        self.at = (
            min(int(at), 10**9) if at.isascii() and at.isdigit() and len(at) < 11 and (self.after or self.before) else 0
        )
        self.view_name = value_of(arguments, "view")[:80]
        #: What is asked for after the page: “1” for the total and the sums, “sums” for these alone.
        self.asked = value_of(arguments, "count")

    @cached_property
    def sort_labels(self) -> dict[str, str]:
        """What can be sorted by, with labels."""
        return {**{column.sort: column.label for column in self.table.columns if column.sort}, **self.table.sorts}

    @property
    def query(self) -> TableQuery:
        """What to fetch."""
        return TableQuery(self.q, self.filters, self.sort, self.after, self.before, self.size)

    @property
    def narrowed(self) -> bool:
        """Whether a search or a filter is in force."""
        return bool(self.q or self.filters)

    def sort_value(self, column: TableColumn) -> str:
        """What the head of a column sorts by when it is pressed."""
        return f"-{column.sort}" if self.sort == column.sort else column.sort

    def sort_sign(self, column: TableColumn) -> str:
        """“ascending” or “descending” for the column that is sorted by, else empty."""
        if not column.sort or self.sort.removeprefix("-") != column.sort:
            return ""
        return "descending" if self.sort.startswith("-") else "ascending"

    @property
    def chips(self) -> list[Chip]:
        """The filters in force."""
        chips = []
        for item in self.table.filters:
            values = self.filters.get(item.id)
            if values:
                chips.append(Chip(item.label, self._said(item, values), self.url(**{item.id: None})))
        return chips

    def labels_of(self, item: TableFilter) -> Mapping[str, str]:
        """What the values of a filter are called."""
        return dict(item.choices)

    def _said(self, item: TableFilter, values: Sequence[str]) -> str:
        labels = self.labels_of(item)
        text = ", ".join(labels.get(value, value) for value in values)
        return item.words.replace("{value}", text) if item.words else text

    @property
    def state(self) -> list[tuple[str, str]]:
        """The query as fields of a form, without the place in the list."""
        pairs = [("q", self.q)] if self.q else []
        pairs += [(name, value) for name, values in self.filters.items() for value in values]
        if self.sort != self.table.sort:
            pairs.append(("sort", self.sort))
        if self.size != DEFAULT_SIZE:
            pairs.append(("rows", str(self.size)))
        if self.view_name:
            pairs.append(("view", self.view_name))
        return pairs

    def state_without(self, *names: str) -> list[tuple[str, str]]:
        """The same without some fields."""
        return [pair for pair in self.state if pair[0] not in names]

    def url(self, **changes: str | int | None) -> str:
        """Address of the list with some things changed; ``None`` takes a thing away. It leads to the first page."""
        pairs = [pair for pair in self.state if pair[0] not in changes]
        pairs += [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.all_url

    @property
    def all_url(self) -> str:
        """Address of the list with everything."""
        return self.path

    @property
    def here(self) -> str:
        """Address of what is shown, with the place in the list."""
        place: dict[str, str | int | None] = {"after": self.after, "before": self.before, "at": self.at or None}
        return self.url(**{name: value for name, value in place.items() if value})


def value_of(arguments: Mapping[str, Sequence[str]], name: str) -> str:
    """A part of the address; empty when it is not there."""
    values = arguments.get(name) or ("",)
    return values[0].replace("\0", "")
