"""What the pages send."""

from __future__ import annotations

import dataclasses
from typing import Any

from crmhost.web.api import request

from .exporting import DELIMITERS as EXPORT_DELIMITERS
from .sniff import DELIMITERS, ENCODINGS


def read_format() -> dict[str, Any]:
    """Parts of the format in the form that was sent; those that are none are left out."""
    form = request.form
    format_: dict[str, Any] = {}
    if form.get("encoding") in ENCODINGS:
        format_["encoding"] = form["encoding"]
    if form.get("delimiter") in DELIMITERS:
        format_["delimiter"] = form["delimiter"]
    if form.get("header") in ("yes", "no"):
        format_["header"] = form["header"] == "yes"
    return format_


def read_mapping(columns: int) -> list[str]:
    """The field of each column in the form that was sent."""
    return [request.form.get(f"column-{index}", "")[:120] for index in range(columns)]


def read_prefixed(prefix: str) -> dict[str, str]:
    """The fields of the form whose names begin so, without that."""
    return {name.removeprefix(prefix): text for name, text in request.form.items() if name.startswith(prefix)}


@dataclasses.dataclass(frozen=True)
class ExportChoices:
    """What was chosen on the export page."""

    kind: str
    filters: dict[str, str]
    columns: list[str]
    delimiter: str
    mark: bool


def read_criteria() -> dict[str, str]:
    """Which records are meant, by filter: from the form when it was sent, else from the address of a list that led here."""
    if request.method == "POST":
        return _filters()
    names = (name for name in request.args if name not in _OWN)
    found = {name.removeprefix("f-"): ",".join(request.args.getlist(name)).strip()[:500] for name in names}
    return {name: text for name, text in found.items() if text}


#: Parts of the address of the page that are no filters.
_OWN = ("kind", "job", "view", "sort", "after", "before", "rows", "columns")


def _filters() -> dict[str, str]:
    form = request.form
    filters = {name.removeprefix("f-"): ",".join(form.getlist(name)).strip() for name in form if name.startswith("f-")}
    return {name: text for name, text in filters.items() if text}


def read_export(columns: list[str]) -> ExportChoices:
    """The choices in the form that was sent.

    :param columns: names of the columns that the form showed.
    """
    form = request.form
    chosen = set(form.getlist("columns"))
    names = [name for name in columns if name in chosen]
    delimiter = form.get("delimiter", ",")
    return ExportChoices(
        form.get("kind", ""),
        _filters(),
        [] if len(names) == len(columns) else names,
        delimiter if delimiter in EXPORT_DELIMITERS else ",",
        form.get("mark") == "yes",
    )
