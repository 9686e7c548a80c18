"""What plugins add to the list of contacts, and to lists of other records in the same way: columns, filters, actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from flask_babel import gettext as _

from ...contributions import BulkAction, Column, Filter
from ...web.tables import Bulk, Cell, TableColumn, TableFilter, TableQuery
from ...work.unit import Work
from . import many
from .cells import NONE


def columns_of(work: Work, hook: str) -> list[Column]:
    """The columns that a hook collects, as far as the reader may see them."""
    items = cast("tuple[Column, ...]", work.generation.contributions(hook))
    return [item for item in items if work.can(item.permission)]


def among(columns: Sequence[Column], query: TableQuery) -> Sequence[Column]:
    """Those that are shown: their cells may cost queries."""
    return [item for item in columns if query.columns is None or item.id in query.columns]


def cells(work: Work, columns: Sequence[Column], ids: Sequence[int]) -> dict[int, dict[str, Cell]]:
    """What stands in columns of plugins: id of a record -> id of a column -> cell. Each is fetched for all rows at once."""
    found: dict[int, dict[str, Cell]] = {}
    for item in columns:
        place = f"column {item.id}"
        values = work.generation.run(item.plugin, place, item.values, work, ids, default={}, gives=Mapping)
        for key, value in values.items():
            found.setdefault(key, {})[item.id] = value
    return found


def column(item: Column) -> TableColumn:
    """A column of a plugin, for rows whose ``extra`` holds its cells."""
    return TableColumn(
        id=item.id,
        label=_(item.label),
        cell=lambda row: row.extra.get(item.id) or NONE,
        sort=item.id if item.sort is not None else "",
        align=item.align,
        css="c-money" if item.align == "end" else "c-org",
        shown=item.shown,
    )


def filters(work: Work, hook: str = "contact_filters") -> list[TableFilter]:
    """The filters of plugins that a hook collects, as far as the reader may use them."""
    found = []
    for item in cast("tuple[Filter, ...]", work.generation.contributions(hook)):
        if not work.can(item.permission):
            continue
        choices: Any = ()
        if item.choices is not None:
            choices = work.generation.run(
                item.plugin, f"filter {item.id}", item.choices, work, default=(), gives=Sequence
            )
        kind: Any = "record" if item.record else "choice" if item.choices is not None else "text"
        pairs = [(str(value), str(label)) for value, label in choices]
        found.append(TableFilter(id=item.id, label=_(item.label), kind=kind, choices=pairs, record=item.record))
    return found


def bulk_actions(work: Work, said: Callable[[int], str]) -> list[Bulk]:
    """The actions of plugins; ``said`` puts their notice in words."""
    found: list[Bulk] = []
    for item in cast("tuple[BulkAction, ...]", work.generation.contributions("contact_bulk_actions")):
        if work.can(item.permission):
            offered: Any = ()
            if item.choices is not None:
                offered = work.generation.run(
                    item.plugin, f"bulk {item.id}", item.choices, work, default=(), gives=Sequence
                )
            found.append(
                Bulk(
                    id=item.id,
                    label=_(item.label),
                    icon=item.icon,
                    choices=list(offered),
                    danger=item.danger,
                    wide=True,
                    run=many.contributed(item),
                    said=said,
                )
            )
    return found
