"""Lists: declared columns, filters and bulk actions; the host gives the rest.

Sorting, column choice, saved views, search as you type, selection over all matches, keyset paging with a total that comes
after the page, phone cards. The whole state of a list is in its address.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ...work.unit import Work

__all__ = [
    "Bulk",
    "BulkDone",
    "Cell",
    "CellEdit",
    "Table",
    "TableColumn",
    "TableCount",
    "TableFilter",
    "TablePage",
    "TableQuery",
    "TableSum",
]

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
    :param columns: ids of the columns that are shown, for rows whose cells cost queries; ``None`` when all may be.
    """

    q: str = ""
    filters: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    sort: str = ""
    after: str | None = None
    before: str | None = None
    limit: int = DEFAULT_SIZE
    columns: frozenset[str] | None = None


@dataclasses.dataclass(frozen=True)
class TablePage:
    """Rows of one page with the cursors of its neighbours.

    :param note: what the reader should know of the page.
    :param refresh: seconds after which the list looks again by itself; 0 for never.
    """

    rows: Sequence[Any]
    next: str | None = None
    previous: str | None = None
    note: Cell = ""
    refresh: int = 0


@dataclasses.dataclass(frozen=True)
class TableCount:
    """How many rows match; not ``exact`` means “more than that”."""

    number: int
    exact: bool = True


@dataclasses.dataclass(frozen=True)
class TableSum:
    """A sum over all that matches, shown below the list.

    :param values: as they are shown, such as ``["€1,250.00", "$318.00"]``: one for each currency.
    """

    label: str
    values: Sequence[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CellEdit:
    """How a cell is changed where it stands.

    :param value: gives what a row holds now, as text: one of the choices, a day as ``2026-03-31``.
    :param save: gets a begun work, the id of the row and the new text; it refuses by raising :class:`crmhost.api.Invalid` or
        another :class:`crmhost.api.CrmError`, whose sentence stands at the field then.
    :param choices: pairs of value and label, where ``kind`` is ``choice``.
    :param help: a line below the field.
    :param may: whether the reader may change it in a row; ``save`` checks it all the same.
    """

    value: Callable[[Any], str]
    save: Callable[[Work, int, str], object]
    kind: Literal["choice", "text", "number", "day"] = "choice"
    choices: Choices = ()
    help: str = ""
    may: Callable[[Any], bool] = lambda _row: True


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column.

    :param cell: gives what stands in it for a row: text, or markup.
    :param sort: what to sort by; empty when it can't be sorted.
    :param css: class of the column, for its width.
    :param fixed: always shown, in its place.
    :param shown: shown until the reader chooses otherwise.
    :param card_cell: what stands on a phone card, when that differs.
    :param edit: how the cell is changed in the list; what ``cell`` gives then holds no link or button. The table needs ``row``.
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
    edit: CellEdit | None = None

    def on_card(self, row: Any) -> Cell:
        """What stands on a phone card for a row."""
        return (self.card_cell or self.cell)(row)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableFilter:
    """A filter.

    :param kind: how it is asked: one or several of ``choices``, a text, a number, a day, a record that is picked.
    :param record: of which kind (:class:`crmhost.api.RecordKind`) where ``kind`` is ``record``; the value is its id then. While
        that kind's plugin is off, or the reader may not see its records, the filter is not asked for.
    :param words: how its chip reads, with ``{value}`` for the values; the label and the values when empty.
    :param quick: it has a button of its own beside the search, while it is not in force.
    """

    id: str
    label: str
    kind: Literal["choice", "choices", "text", "number", "day", "record"] = "text"
    choices: Choices = ()
    record: str = ""
    words: str = ""
    help: str = ""
    quick: bool = False


@dataclasses.dataclass(frozen=True)
class BulkDone:
    """What an action did.

    :param number: of rows that changed.
    :param undo: JSON-able; what the action's ``undo`` needs to take this back. ``None`` when it can't be.
    :param message: sentence of the notice, where the action's ``said`` can't know it.
    """

    number: int
    undo: Any = None
    message: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bulk:
    """An action on the selected rows, or on all that match.

    :param run: gets a begun work, ids of rows (at most 1,000, each once) and what was chosen: ``choice``, ``entry``. It leaves
        alone what the actor may not change, or what is gone, and refuses by raising a :class:`crmhost.api.CrmError`.
    :param answer: instead of ``run``, for what changes nothing: gets the work and the ids, gives what the browser gets, such as a
        file to be saved; it refuses by raising a :class:`crmhost.api.CrmError`.
    :param undo: gets a begun work and what ``run`` gave as ``undo``; leaves alone what changed since; gives how many rows it was.
    :param said: gives the sentence of the notice for a number of rows; a plain one when empty.
    :param choices: pairs of value and label, of which one is chosen first.
    :param entry: label of a text that is asked for; ``known`` are texts offered with it.
    :param confirm: question asked before, with ``detail`` below it.
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
    run: Callable[[Work, Sequence[int], Mapping[str, str]], BulkDone] | None = None
    answer: Callable[[Work, Sequence[int]], ResponseReturnValue] | None = None
    undo: Callable[[Work, Any], int] | None = None
    said: Callable[[int], str] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """A list.

    :param id: name under which columns and views are remembered.
    :param fetch: gives a page of rows.
    :param count: counts what matches; may be slow, it is asked after the page.
    :param sums: sums over what matches; may be slow, they are asked after the page, together with the count.
    :param ids: ids of all that match, in runs of any size, for actions on all of them; the pages are walked when there is none.
    :param row: gives one row by its id, for cells that are changed in the list; raises :class:`crmhost.api.NotFound`.
    :param export: kind of the :class:`crmhost.api.Exporter` that writes what the list shows; its filters are the list's.
    :param sorts: further things to sort by, besides the columns: key -> label.
    :param group: heading that a row stands under, such as its day; shown where it differs from that of the row before.
    :param card: columns of a phone card: the title's, the one at its right, then lines of columns under it.
    :param bulk_url: where the selection is sent when that is not the list's own address.
    :param empty: title, text, address and label of the button of an empty list.
    """

    id: str
    label: str
    columns: Sequence[TableColumn]
    fetch: Callable[[Work, TableQuery], TablePage]
    count: Callable[[Work, TableQuery], TableCount] | None = None
    sums: Callable[[Work, TableQuery], Sequence[TableSum]] | None = None
    ids: Callable[[Work, TableQuery], Iterable[Sequence[int]]] | None = None
    row: Callable[[Work, int], Any] | None = None
    export: str = ""
    filters: Sequence[TableFilter] = ()
    sort: str = ""
    sorts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    search: str = ""
    row_id: Callable[[Any], int] = lambda row: int(row.id)
    row_name: Callable[[Any], str] = str
    group: Callable[[Any], str] | None = None
    card: tuple[str, str, Sequence[Sequence[str]]] = ("", "", ())
    bulk: Sequence[Bulk] = ()
    bulk_url: str = ""
    empty: tuple[str, str, str, str] = ("", "", "", "")
    all_label: str = ""
    views: bool = True
