"""Custom fields in the contact list: columns, and filters by kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from ...web.tables import Cell, TableColumn, TableFilter
from ...work.unit import Work
from ..fields.definitions import definitions
from ..fields.kinds import SORTABLE, Definition, stored
from ..fields.showing import shown
from .cells import NONE, Row
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


def custom_columns(work: Work) -> list[TableColumn]:
    """A column for each custom field, not shown until the reader wants it; encrypted text has none."""
    return [
        TableColumn(
            id=field.name,
            label=field.label,
            cell=_cell(field),
            card_cell=_card_cell(field),
            sort=field.name if field.ready and field.kind in SORTABLE else "",
            align="end" if field.kind in ("number", "money") else "start",
            css=_CSS.get(field.kind, "c-org"),
            shown=False,
        )
        for field in definitions(work, KIND)
        if field.kind != "encrypted"
    ]


def _cell(field: Definition) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        return shown(field, stored(field, row.contact.custom)) or NONE

    return cell


def _card_cell(field: Definition) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        return shown(field, stored(field, row.contact.custom))

    return cell


def custom_filters(work: Work) -> list[TableFilter]:
    """What the list can be filtered by now: a part of a text, a range, yes or no, choices."""
    found: list[TableFilter] = []
    for field in definitions(work, KIND):
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
