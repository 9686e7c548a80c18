"""What is done to many rows of a list: those selected on a page, or all that match; and taking it back."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...core.keyset import valid_id
from ...core.lists import services as lists
from ...errors import CrmError, Forbidden, Invalid, NotFound
from ..i18n import number as number_text
from ..request import current_work, local_path, writing
from ..toasts import toast
from . import Bulk
from .view import TableView

#: Rows that a page of a list is asked for when all are walked.
WALKED = 500
#: Seconds after which the rest is left, so that no request hangs; what is done stays done.
LIMIT = 25.0


def act(view: TableView) -> ResponseReturnValue:
    """Does what a form of the bulk bar asks for, or takes it back, and leads back to the list."""
    back = local_path(request.form.get("back")) or view.path
    undone = request.args.get("undo", "")
    try:
        if undone:
            _take_back(view, undone)
        else:
            _do(view)
    except Forbidden:
        raise
    except CrmError as error:
        toast(_(error.message), category="bad")
    return redirect(back, 303)


def action_of(view: TableView, name: str) -> Bulk:
    """An action that the list offers to its reader.

    :raises NotFound: when it does not.
    """
    found = next((item for item in view.table.bulk if item.id == name and item.run is not None), None)
    if found is None:
        raise NotFound("action", name[:60])
    return found


def _do(view: TableView) -> None:
    name, _sign, choice = request.form.get("do", "").partition(":")
    action = action_of(view, name)
    values = {
        "choice": choice,
        "entry": " ".join(request.form.get(f"entry.{name}", "").replace("\0", "").split())[:200],
    }
    if action.entry and not values["entry"]:
        raise Invalid(_("Fill in “%(label)s” first.", label=action.entry))
    if action.choices and choice not in dict(action.choices):
        raise NotFound("choice", choice[:60])
    ids = chosen(view)
    if not ids:
        toast(_("Nothing was selected."), category="info")
        return
    change, done, left = _run(view, action, ids, values)
    undo = f"{view.path}?{urlencode({'undo': change})}" if change and action.undo is not None else None
    toast(said(action, done), undo, category="ok" if done else "info")
    if left:
        toast(_("There was not time for all of them: select the rest and do it again."), category="warn")


def _run(view: TableView, action: Bulk, ids: Sequence[int], values: dict[str, str]) -> tuple[int, int, bool]:
    """Runs an action in parts; gives the number of the change, 0 if it can't be taken back, how many rows changed, and whether
    there was not time for all.
    """
    assert action.run is not None
    started, change, done = time.monotonic(), 0, 0
    for position, start in enumerate(range(0, len(ids), lists.PART)):
        if position and time.monotonic() - started > LIMIT:
            return change, done, True
        part = ids[start : start + lists.PART]
        with writing() as work:
            result = action.run(work, part, values)
            if result.undo is not None:
                change = change or lists.begin(work, view.table.id, action.id)
                lists.add_part(work, change, position, part, result.number, result.undo)
        done += result.number
    return change, done, False


def _take_back(view: TableView, number: str) -> None:
    work = current_work()
    change = lists.change_of(work, number, view.table.id)
    action = action_of(view, change.action)
    if action.undo is None:
        raise NotFound("action", change.action)
    change_id, done = change.id, 0
    for position in lists.waiting(work, change_id):
        with writing() as work:
            done += lists.take_back(work, change_id, position, action.undo)
    if done:
        toast(ngettext("%(number)s is as it was.", "%(number)s are as they were.", done, number=number_text(done)))
    else:
        toast(_("There is nothing left to take back."), category="info")


def said(action: Bulk, done: int) -> str:
    """The sentence on so many rows that an action changed."""
    if action.said is not None:
        return action.said(done)
    return str(ngettext("%(number)s row was changed.", "%(number)s rows were changed.", done, number=number_text(done)))


# --- which rows ------------------------------------------------------------------------------------------------------


def chosen(view: TableView) -> list[int]:
    """Ids that the form means, each once: those ticked, or all that match the list that it came from."""
    if request.form.get("everything") != "1":
        ids = (number for number in map(valid_id, request.form.getlist("ids")) if number)
        return list(dict.fromkeys(ids))
    return everything(view, request.form.get("list", ""))


def everything(view: TableView, address: str) -> list[int]:
    """Ids of all rows that the list at an address holds.

    They are read before anything is changed, which might move rows in the list.

    :raises Invalid: when the address can't be understood.
    """
    try:
        given = parse_qs(urlsplit(address).query, max_num_fields=200)
    except ValueError as error:
        raise Invalid(_("This selection can't be understood: open the list again and select once more.")) from error
    asked = TableView(view.table, view.work, given, view.path)
    return list(dict.fromkeys(itertools.chain.from_iterable(_runs(asked))))


def _runs(view: TableView) -> Iterator[Sequence[int]]:
    table, query = view.table, dataclasses.replace(view.query, after=None, before=None)
    if table.ids is not None:
        yield from table.ids(view.work, query)
        return
    query = dataclasses.replace(query, limit=WALKED)
    while True:
        page = table.fetch(view.work, query)
        yield [table.row_id(row) for row in page.rows]
        if not page.next:
            return
        query = dataclasses.replace(query, after=page.next)
