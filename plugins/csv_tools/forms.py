"""What the pages send."""

from __future__ import annotations

import dataclasses
from typing import Any

from crmhost.web.api import request

from .exporting import DELIMITERS as EXPORT_DELIMITERS
from .sniff import DELIMITERS, ENCODINGS


@dataclasses.dataclass(frozen=True)
class Choices:
    """What was chosen on the preview of an import.

    :param format: parts of the format that a person chose; empty when nothing was.
    :param mapping: field of each column; ``None`` when it is to be guessed anew.
    """

    format: dict[str, Any]
    mapping: list[str] | None
    dates: dict[str, str]
    match_by: str
    mode: str
    start: bool


def read_choices(columns: int, format_now: dict[str, Any]) -> Choices:
    """The choices in the form that was sent.

    :param columns: number of columns that the form showed.
    :param format_now: the format that it showed: when another is chosen, the columns are no longer the same.
    """
    form = request.form
    format_: dict[str, Any] = {}
    if form.get("encoding") in ENCODINGS:
        format_["encoding"] = form["encoding"]
    if form.get("delimiter") in DELIMITERS:
        format_["delimiter"] = form["delimiter"]
    if form.get("header") in ("yes", "no"):
        format_["header"] = form["header"] == "yes"
    same = all(format_now.get(name) == value for name, value in format_.items())
    mapping = [form.get(f"column-{index}", "")[:120] for index in range(columns)] if same else None
    dates = {name.removeprefix("dates-"): form[name] for name in form if name.startswith("dates-")}
    return Choices(
        format_, mapping, dates, form.get("match_by", ""), form.get("mode", ""), same and form.get("action") == "start"
    )


@dataclasses.dataclass(frozen=True)
class ExportChoices:
    """What was chosen on the export page."""

    kind: str
    filters: dict[str, str]
    columns: list[str]
    delimiter: str
    mark: bool


def read_export(columns: list[str]) -> ExportChoices:
    """The choices in the form that was sent.

    :param columns: names of the columns that the form showed.
    """
    form = request.form
    chosen = set(form.getlist("columns"))
    names = [name for name in columns if name in chosen]
    filters = {name.removeprefix("f-"): ",".join(form.getlist(name)).strip() for name in form if name.startswith("f-")}
    delimiter = form.get("delimiter", ",")
    return ExportChoices(
        form.get("kind", ""),
        {name: text for name, text in filters.items() if text},
        [] if len(names) == len(columns) else names,
        delimiter if delimiter in EXPORT_DELIMITERS else ",",
        form.get("mark") == "yes",
    )
