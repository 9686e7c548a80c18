"""A list as one reader sees it now: the query in the address, their columns and views, the rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from flask import render_template
from flask_babel import gettext
from markupsafe import Markup, escape

from ...core.jobs.showing import job_progress
from ...core.keyset import valid_id
from ...core.lists import services as lists
from ...core.lists import views
from ...core.records import picking
from ...core.users.services import preference
from ...work import jobs
from ...work.unit import Work
from ..i18n import number
from . import Cell, Table, TableColumn, TableCount, TableFilter, TablePage, TableSum
from .address import ListAddress, value_of
from .picked import PickedRecords

#: Parts of the address that say where in the list one is, and not what it shows.
_PLACE = ("after", "before", "at", "count")
#: In the place of a view's name: everything, although the list opens with a view.
EVERYTHING = "-"


@dataclasses.dataclass(frozen=True)
class SavedView:
    """A view that the reader can choose: a name and an address."""

    key: str
    name: str
    url: str
    current: bool
    changed: bool
    shared: bool
    default: bool


class TableView(ListAddress):
    """A table with its query, rows and addresses.

    :param arguments: the query of the address.
    """

    def __init__(self, table: Table, work: Work, arguments: Mapping[str, Sequence[str]], path: str) -> None:
        super().__init__(table, arguments, path)
        self._buttons: dict[str, tuple[str, str, str]] = {}
        self.work = work
        #: Those that the reader can be asked for.
        self.offered = [
            item for item in table.filters if not item.record or picking.kind(work, item.record) is not None
        ]
        self.picked = PickedRecords(work, [item for item in self.offered if item.record], self.filters)

    # --- what it shows ------------------------------------------------------------------------------------------------

    @cached_property
    def page(self) -> TablePage:
        """The rows; none while a filter can't be understood."""
        if self.picked.wrong:
            return TablePage((), note=" ".join(self.picked.wrong.values()))
        title, side, lines = self.table.card
        shown = frozenset(column.id for column in self.columns).union((title, side), *lines)
        return self.table.fetch(self.work, dataclasses.replace(self.query, columns=shown))

    @property
    def first(self) -> int:
        """Number of the first row of the page, from 1."""
        return self.at + 1

    @property
    def last(self) -> int:
        """Number of the last row of the page."""
        return self.at + len(self.page.rows)

    @cached_property
    def _arranged(self) -> Mapping[str, Any]:
        self._all_views  # noqa: B018  # reads the preferences along
        kept = preference(self.work, f"columns.{self.table.id}", None)
        return kept if isinstance(kept, dict) else {}

    @cached_property
    def all_columns(self) -> list[TableColumn]:
        """Every column, in the reader's order: fixed ones first."""
        place = {name: number for number, name in enumerate(self._arranged.get("order", ()))}
        fixed = [column for column in self.table.columns if column.fixed]
        free = [column for column in self.table.columns if not column.fixed]
        return [*fixed, *sorted(free, key=lambda column: place.get(column.id, len(place)))]

    @cached_property
    def columns(self) -> list[TableColumn]:
        """The columns shown."""
        chosen = self._arranged.get("shown")
        return [
            column
            for column in self.all_columns
            if column.fixed or (column.shown if not isinstance(chosen, list) else column.id in chosen)
        ]

    @cached_property
    def card_columns(self) -> tuple[TableColumn | None, TableColumn | None, list[list[TableColumn]]]:
        """Columns of a phone card: title, at its right, lines."""
        by_id = {column.id: column for column in self.table.columns}
        title, side, lines = self.table.card
        found = [[by_id[name] for name in line if name in by_id] for line in lines]
        return (
            by_id.get(title, self.columns[0] if self.columns else None),
            by_id.get(side),
            [line for line in found if line],
        )

    def card_lines(self, row: Any) -> list[list[Cell]]:
        """What stands under the title of a row's card; lines with nothing in them are left out."""
        lines = [[self.card_cell(column, row) for column in line] for line in self.card_columns[2]]
        return [line for line in lines if any(line)]

    @cached_property
    def groups(self) -> list[str]:
        """For each row the heading above it; empty where that of the row before goes on."""
        if self.table.group is None:
            return [""] * len(self.page.rows)
        heads = [self.table.group(row) for row in self.page.rows]
        return [head if not at or head != heads[at - 1] else "" for at, head in enumerate(heads)]

    def cell(self, column: TableColumn, row: Any) -> Cell:
        """What stands in the table for a row, as a button where it can be changed."""
        return self._changeable(column, row, column.cell(row), "")

    def card_cell(self, column: TableColumn, row: Any) -> Cell:
        """What stands on a phone card for a row."""
        return self._changeable(column, row, column.on_card(row), "-card")

    def _changeable(self, column: TableColumn, row: Any, cell: Cell, place: str) -> Cell:
        if column.edit is None or (place and not cell) or not column.edit.may(row):
            return cell
        number = self.table.row_id(row)
        if column.id not in self._buttons:
            self._buttons[column.id] = self._button(column)
        begin, ask, end = self._buttons[column.id]
        # Put together by hand, from escaped parts: a page has hundreds of them.
        inside = escape(cell) or '<span class="quiet">–</span>'
        return Markup(f"{begin}{number}{place}{ask}{number}{end}{inside}</button>")  # noqa: S704

    def _button(self, column: TableColumn) -> tuple[str, str, str]:
        """A cell's button around the two places of the row's id."""
        menu = escape(f"{self.table.id}-edit")
        begin = f'<button type="button" class="crm-edit" id="{escape(self.cell_id(column, ""))}'
        ask = (
            f'" popovertarget="{menu}" aria-haspopup="dialog" aria-expanded="false" hx-target="#{menu}" hx-swap="innerHTML" '
            f'hx-get="{escape(self.path)}?edit={escape(quote(column.id))}&amp;id='
        )
        return begin, ask, f'" title="{escape(gettext("Change: %(label)s", label=column.label))}">'

    def cell_id(self, column: TableColumn, number: int | str) -> str:
        """Id of a cell's button in the table."""
        return f"{self.table.id}-{column.id}-{number}".replace(".", "-")

    @property
    def edits(self) -> bool:
        """Whether cells can be changed in the list."""
        return any(column.edit for column in self.table.columns)

    @property
    def bulk_url(self) -> str:
        """Where the selection is sent."""
        return self.table.bulk_url or self.path

    def labels_of(self, item: TableFilter) -> Mapping[str, str]:
        """What the values of a filter are called."""
        return self.picked.labels(item) if item.record else super().labels_of(item)

    # --- addresses ----------------------------------------------------------------------------------------------------

    @property
    def all_url(self) -> str:
        """Address of the list with everything, also where it opens with a view."""
        return f"{self.path}?view={EVERYTHING}" if self.default_view else self.path

    @property
    def next_url(self) -> str:
        """Address of the next page; empty on the last."""
        return self.url(after=self.page.next, at=self.at + len(self.page.rows)) if self.page.next else ""

    @property
    def previous_url(self) -> str:
        """Address of the page before; empty on the first."""
        if not self.page.previous:
            return ""
        at = max(0, self.at - self.size)
        return self.url() if not at and self.at else self.url(before=self.page.previous, at=at)

    @property
    def count_url(self) -> str:
        """Where the total and the sums are fetched from; empty when there are none to be fetched."""
        if not self.total_known:
            return self.url(count=1)
        return self.url(count="sums") if self.sums_awaited else ""

    @property
    def whole(self) -> bool:
        """Whether the page holds all that matches."""
        return not self.page.next and not self.page.previous

    @property
    def total_known(self) -> bool:
        """Whether the total is known from the page itself, or can't be counted."""
        if self.table.count is None or self.asked == "sums":
            return True
        return not self.asked and (self.whole or bool(self.page.refresh))

    @property
    def sums_awaited(self) -> bool:
        """Whether there are sums to be fetched after the page."""
        return self.table.sums is not None and bool(self.page.rows)

    # --- views --------------------------------------------------------------------------------------------------------

    @cached_property
    def _all_views(self) -> Sequence[views.View]:
        return views.all_views(self.work, self.table.id) if self.table.views else ()

    @cached_property
    def saved_views(self) -> list[SavedView]:
        """The views that the reader saved, and those that are shared."""
        found = []
        mine = sorted(pair for pair in self.state if pair[0] != "view")
        for item in self._all_views:
            pairs = [pair for pair in parse_qsl(item.query) if pair[0] not in (*_PLACE, "view")]
            current = item.key == self.view_name
            found.append(
                SavedView(
                    item.key,
                    item.name,
                    f"{self.path}?{urlencode([*pairs, ('view', item.key)])}",
                    current,
                    current and sorted(pairs) != mine,
                    item.shared,
                    item.key == self.default_view,
                )
            )
        return found

    @property
    def current_view(self) -> SavedView | None:
        """The view that is shown."""
        return next((view for view in self.saved_views if view.current), None)

    @cached_property
    def default_view(self) -> str:
        """Key of the view that the list opens with; empty for none."""
        return views.default_view(self.work, self.table.id) if self._all_views else ""

    @property
    def default_url(self) -> str:
        """Address of the view that the list opens with; empty for none."""
        return next((view.url for view in self.saved_views if view.default), "") if self.default_view else ""

    @property
    def may_share(self) -> bool:
        """Whether the reader may share views."""
        return views.may_share(self.work)

    @property
    def on_all(self) -> bool:
        """Whether no saved view is shown."""
        return not any(view.current for view in self.saved_views)

    # --- a job ---------------------------------------------------------------------------------------------------------

    @property
    def job_note(self) -> Markup:
        """How far the job is that the address names, and how to take back what it did."""
        number = valid_id(value_of(self.arguments, "job"))
        if number is None:
            return Markup()
        shown = job_progress(number, reload=True)
        if not shown:
            return shown
        result = jobs.get(self.work, number).result or {}
        change = result.get("change") if result.get("path") == self.path else None
        undo = f"{self.path}?{urlencode({'undo': change})}" if change and lists.waiting(self.work, change) else ""
        return Markup(render_template("crmhost/list_job.html", progress=shown, undo=undo))  # noqa: S704  # finished markup

    # --- the total ----------------------------------------------------------------------------------------------------

    @cached_property
    def total(self) -> TableCount:
        """How many rows match."""
        # A list that looks again by itself brings its total along.
        if self.table.count is None or (self.total_known and not self.page.refresh):
            return TableCount(self.at + len(self.page.rows))
        return self.table.count(self.work, self.query)

    @cached_property
    def sums(self) -> Sequence[TableSum]:
        """Sums over all that matches."""
        return self.table.sums(self.work, self.query) if self.table.sums is not None else ()

    @property
    def total_text(self) -> str:
        """The total as text: “12,408”, “10,000+”."""
        return number(self.total.number) + ("" if self.total.exact else "+")
