"""Custom fields in lists: columns, and filters by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from ...web.tables import Cell, TableColumn, TableFilter
from ...work.unit import Work
from ..fields.definitions import definitions
from ..fields.kinds import SORTABLE, Definition, stored
from ..fields.showing import shown
from .cells import NONE
from .records import KIND

#: Kinds whose filter is a range.
_RANGES = {"number": "text", "money": "text", "date": "day"}
#: Classes of columns, for their widths.
_CSS = {
    "number": "c-money",
    "money": "c-money",
    "date": "c-when",
    "yes_no": "c-when",
    "email": "c-mail",
    "url": "c-mail",
}


def custom_columns(
    work: Work,
    object_type: str = KIND,
    custom_of: Callable[[Any], Mapping[str, Any] | None] = lambda row: row.contact.custom,
    *,
    sortable: bool = True,
) -> list[TableColumn]:
    """A column for each custom field of a kind of record, not shown until the reader wants it; encrypted text has none.

    :param custom_of: gives the column ``custom`` of a row of the table.
    :param sortable: whether the table sorts by ``custom.KEY``.
    """
    return [
        TableColumn(
            id=field.name,
            label=field.label,
            cell=_cell(field, custom_of, NONE),
            card_cell=_cell(field, custom_of, ""),
            sort=field.name if sortable and field.ready and field.kind in SORTABLE else "",
            align="end" if field.kind in ("number", "money") else "start",
            css=_CSS.get(field.kind, "c-org"),
            shown=False,
        )
        for field in definitions(work, object_type)
        if field.kind != "encrypted"
    ]


def _cell(
    field: Definition, custom_of: Callable[[Any], Mapping[str, Any] | None], nothing: Cell
) -> Callable[[Any], Cell]:
    def cell(row: Any) -> Cell:
        return shown(field, stored(field, custom_of(row))) or nothing

    return cell


def custom_filters(work: Work, object_type: str = KIND) -> list[TableFilter]:
    """What a list can be filtered by now: a part of a text, a range, yes or no, choices."""
    found: list[TableFilter] = []
    for field in definitions(work, object_type):
        if not field.ready:
            continue
        name, label = field.name, field.label
        if field.kind in _RANGES:
            kind: Any = _RANGES[field.kind]
            about = _("In %(currency)s.", currency=field.currency) if field.kind == "money" else ""
            found += [
                TableFilter(id=f"{name}.from", label=_("%(label)s from", label=label), kind=kind, help=about),
                TableFilter(id=f"{name}.to", label=_("%(label)s up to", label=label), kind=kind, help=about),
            ]
        elif field.kind == "yes_no":
            found.append(TableFilter(id=name, label=label, kind="choice", choices=[("yes", _("Yes")), ("no", _("No"))]))
        elif field.choices:
            pairs = [(choice.key, choice.label) for choice in field.choices]
            found.append(TableFilter(id=name, label=label, kind="choices", choices=pairs))
        else:
            found.append(TableFilter(id=f"{name}.contains", label=_("%(label)s contains", label=label)))
    return found
