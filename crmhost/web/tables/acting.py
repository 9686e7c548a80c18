"""What is done to many rows of a list: those selected on a page, or all that match; and taking it back."""

from __future__ import annotations

import dataclasses
import itertools
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


def act(view: TableView) -> ResponseReturnValue:
    """Does what a form of the bulk bar asks for, or takes it back, and leads back to the list."""
    back = local_path(request.form.get("back")) or view.path
    undone = request.args.get("undo", "")
    try:
        name = request.form.get("do", "")
        reading = next((item.answer for item in view.table.bulk if item.id == name and item.answer is not None), None)
        if reading is not None and not undone:
            return reading(current_work(), chosen(view))
        job = _take_back(view, undone) if undone else _do(view)
        if job:
            return redirect(f"{view.path}?{urlencode({'job': job})}", 303)
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


def _do(view: TableView) -> int:
    """Does what was asked for; gives the number of the job that does it where there are too many rows for one answer, else 0."""
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
        return 0
    assert action.run is not None
    if len(ids) > lists.PART:
        with writing() as work:
            change = lists.begin(work, view.table.id, action.id)
            lists.plan(work, change, ids)
            return work.enqueue("lists.change", change=change, path=view.path, label=str(action.label), values=values)
    change = 0
    with writing() as work:
        result = action.run(work, ids, values)
        if result.undo is not None and action.undo is not None:
            change = lists.begin(work, view.table.id, action.id)
            lists.add_part(work, change, 0, ids, result.number, result.undo)
    undo = f"{view.path}?{urlencode({'undo': change})}" if change else None
    toast(result.message or said(action, result.number), undo, category="ok" if result.number else "info")
    return 0


def _take_back(view: TableView, number: str) -> int:
    """Takes a change back; gives the number of the job that does it, 0 when it is done."""
    work = current_work()
    change = lists.change_of(work, number, view.table.id)
    action = action_of(view, change.action)
    if action.undo is None:
        raise NotFound("action", change.action)
    change_id, done = change.id, 0
    positions = lists.waiting(work, change_id)
    if len(positions) > 1:
        with writing() as work:
            return work.enqueue(
                "lists.undo", dedupe=str(change_id), change=change_id, path=view.path, label=str(action.label)
            )
    for position in positions:
        with writing() as work:
            done += lists.take_back(work, change_id, position, action.undo)
    if done:
        toast(ngettext("%(number)s is as it was.", "%(number)s are as they were.", done, number=number_text(done)))
    else:
        toast(_("There is nothing left to take back."), category="info")
    return 0


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
