"""Lists: declared columns, filters and bulk actions; the host gives the rest.

Sorting, column choice, saved views, search as you type, selection over all matches, keyset paging with a total that comes
after the page, phone cards. The whole state of a list is in its address.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from markupsafe import Markup

from ...work.unit import Work

__all__ = ["Bulk", "Cell", "Table", "TableColumn", "TableCount", "TableFilter", "TablePage", "TableQuery"]

Cell = str | Markup
Choices = Sequence[tuple[str, str]]

#: Rows on a page.
SIZES = (25, 50, 100, 200)
DEFAULT_SIZE = 50


@dataclasses.dataclass(frozen=True)
class TableQuery:
    """What a list shows.

    :param filters: id of a filter -> values given; of several values any may fit.
    :param sort: key of a column, with ``-`` before it from high to low.
    :param after: cursor of the last row of the page before; ``before`` of the first row of the page after.
    """

    q: str = ""
    filters: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    sort: str = ""
    after: str | None = None
    before: str | None = None
    limit: int = DEFAULT_SIZE


@dataclasses.dataclass(frozen=True)
class TablePage:
    """Rows of one page with the cursors of its neighbours; ``note`` says what the reader should know of it."""

    rows: Sequence[Any]
    next: str | None = None
    previous: str | None = None
    note: str = ""


@dataclasses.dataclass(frozen=True)
class TableCount:
    """How many rows match; not ``exact`` means “more than that”."""

    number: int
    exact: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column.

    :param cell: gives what stands in it for a row: text, or markup.
    :param sort: what to sort by; empty when it can't be sorted.
    :param css: class of the column, for its width.
    :param fixed: always shown, in its place.
    :param shown: shown until the reader chooses otherwise.
    :param card_cell: what stands on a phone card, when that differs.
    """

    id: str
    label: str
    cell: Callable[[Any], Cell]
    sort: str = ""
    align: Literal["start", "end"] = "start"
    css: str = ""
    fixed: bool = False
    shown: bool = True
    card_cell: Callable[[Any], Cell] | None = None

    def on_card(self, row: Any) -> Cell:
        """What stands on a phone card for a row."""
        return (self.card_cell or self.cell)(row)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableFilter:
    """A filter.

    :param kind: how it is asked: one or several of ``choices``, a text, a number, a day.
    :param words: how its chip reads, with ``{value}`` for the values; the label and the values when empty.
    """

    id: str
    label: str
    kind: Literal["choice", "choices", "text", "number", "day"] = "text"
    choices: Choices = ()
    words: str = ""
    help: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bulk:
    """An action on the selected rows; its form sends ``do=ID`` or ``do=ID:CHOICE``.

    :param entry: label of a text field that it needs; the text is sent as ``entry.ID``.
    :param confirm: question asked before.
    """

    id: str
    label: str
    icon: str = ""
    choices: Choices = ()
    entry: str = ""
    known: Sequence[str] = ()
    danger: bool = False
    confirm: str = ""
    detail: str = ""
    wide: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """A list.

    :param id: name under which columns and views are remembered.
    :param fetch: gives a page of rows.
    :param count: counts what matches; may be slow, it is asked after the page.
    :param sorts: further things to sort by, besides the columns: key -> label.
    :param card: columns of a phone card: the title's, the one at its right, then lines of columns under it.
    :param bulk_url: where the selection is sent; empty for none.
    :param empty: title, text, address and label of the button of an empty list.
    """

    id: str
    label: str
    columns: Sequence[TableColumn]
    fetch: Callable[[Work, TableQuery], TablePage]
    count: Callable[[Work, TableQuery], TableCount] | None = None
    filters: Sequence[TableFilter] = ()
    sort: str = ""
    sorts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    search: str = ""
    row_id: Callable[[Any], int] = lambda row: int(row.id)
    row_name: Callable[[Any], str] = str
    card: tuple[str, str, Sequence[Sequence[str]]] = ("", "", ())
    bulk: Sequence[Bulk] = ()
    bulk_url: str = ""
    empty: tuple[str, str, str, str] = ("", "", "", "")
    all_label: str = ""
    views: bool = True
