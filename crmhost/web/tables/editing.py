"""Cells that are changed where they stand."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...core.keyset import valid_id
from ...errors import CrmError, Forbidden, NotFound
from ..request import current_work, is_fragment, local_path, writing
from ..toasts import toast
from . import CellEdit, TableColumn
from .view import TableView


def ask(view: TableView, name: str) -> ResponseReturnValue:
    """The small form of a cell."""
    if not is_fragment():
        return redirect(view.path)
    column, edit = _column(view, name)
    row = _row(view)
    if not edit.may(row):
        raise Forbidden("", _("This can't be changed here."))
    return _form(view, column, edit, row, edit.value(row))


def save(view: TableView, name: str) -> ResponseReturnValue:
    """Saves a cell; the answer is the cell as it is now. By an Undo: what was there before, if nobody changed it since."""
    column, edit = _column(view, name)
    row = _row(view)
    number, before = view.table.row_id(row), edit.value(row)
    undo = "was" in request.args
    value = (request.args if undo else request.form).get("value", "").replace("\0", "")[:2000]
    if undo and before != request.args["was"]:
        toast(_("It was changed again meanwhile, so it stays as it is."), category="info")
        return redirect(_back(view), 303)
    try:
        if edit.kind == "choice" and value not in dict(edit.choices):
            raise NotFound("choice", value[:60])
        with writing() as work:
            edit.save(work, number, value)
    except Forbidden:
        raise
    except CrmError as error:
        if not is_fragment():
            toast(_(error.message), category="bad")
            return redirect(_back(view), 303)
        return _form(view, column, edit, row, value, _(error.message)), 422
    row = _row(view)
    after = edit.value(row)
    if undo:
        toast(_("It is as it was."))
        return redirect(_back(view), 303)
    if after != before:
        asked = {"edit": column.id, "id": number, "value": before, "was": after}
        toast(_("Saved."), f"{view.path}?{urlencode(asked)}")
    if not is_fragment():
        return redirect(_back(view), 303)
    return render_template("crmhost/cell_saved.html", view=view, column=column, row=row)


def _back(view: TableView) -> str:
    """Where the reader came from, if that was this list."""
    came = request.referrer or ""
    mine = came.removeprefix(request.host_url.rstrip("/"))
    return local_path(mine) if mine.partition("?")[0] == view.path else view.path


def _column(view: TableView, name: str) -> tuple[TableColumn, CellEdit]:
    for column in view.table.columns:
        if column.id == name and column.edit is not None and view.table.row is not None:
            return column, column.edit
    raise NotFound("column", name[:60])


def _row(view: TableView) -> Any:
    number = valid_id(request.args.get("id"))
    if number is None or view.table.row is None:
        raise NotFound("row", request.args.get("id", "")[:20])
    return view.table.row(current_work(), number)


def _form(view: TableView, column: TableColumn, edit: CellEdit, row: Any, value: str, problem: str = "") -> str:
    url = f"{view.path}?{urlencode({'edit': column.id, 'id': view.table.row_id(row)})}"
    parts = {"view": view, "column": column, "edit": edit, "url": url, "value": value, "problem": problem}
    return render_template("crmhost/cell_edit.html", **parts)
