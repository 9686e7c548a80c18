"""Answering for a list: the page, its parts, and what is done to its rows."""

from __future__ import annotations

from typing import Any

from flask import g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ...work.unit import Work
from . import Table
from .acting import act
from .editing import ask, save
from .view import TableView


def view_of(table: Table, work: Work) -> TableView:
    """The table as the address of this request asks for it."""
    return TableView(table, work, request.args.to_dict(flat=False), request.path)


def list_page(template: str, table: Table, work: Work, /, **context: Any) -> ResponseReturnValue:
    """The page of a list; only the list itself, its total and sums, or a cell's form, when htmx asks for that.

    A list whose rows can be changed is asked by POST too: its route says ``methods=["GET", "POST"]``.

    :param template: extends ``crmhost/list.html``; gets ``view``.
    """
    view = view_of(table, work)
    if g.get("crmhost_wants_list"):
        g.crmhost_list = view
        return ""
    cell = request.args.get("edit", "")
    if request.method == "POST":
        return save(view, cell) if cell else act(view)
    if cell:
        return ask(view, cell)
    if not request.args and request.method == "GET" and view.default_url:
        return redirect(view.default_url)
    if view.asked:
        return render_template("crmhost/list_total.html", view=view)
    target = request.headers.get("HX-Target", "")
    if target.endswith(f"#{table.id}-list"):
        return render_template("crmhost/list_part.html", view=view, **context)
    answer = make_response(render_template(template, view=view, **context))
    answer.headers["Cache-Control"] = "no-store"
    return answer
