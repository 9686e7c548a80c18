"""What is done to contacts that are selected in the list or in the bin."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...web.request import current_work, local_path, requires, writing
from ...web.tables.acting import act, chosen
from ...web.tables.view import TableView
from ...web.toasts import toast
from ..keyset import valid_id
from ..merging.services import MOST
from . import services
from .lists import contact_table

#: Contacts of the bin that are restored or erased in one go.
RUN = 1_000


@requires("contacts.view")
def bulk() -> ResponseReturnValue:
    """Do something with the contacts that are selected."""
    work = current_work()
    view = TableView(contact_table(work), work, {}, url_for("contacts.index"))
    return _compare(view) if request.form.get("do") == "merge" else act(view)


def _compare(view: TableView) -> ResponseReturnValue:
    """To the comparison of the contacts that are selected, when they are few enough to be looked at."""
    ids = chosen(view)
    if not 2 <= len(ids) <= MOST:
        toast(_("Select 2 to %(most)s contacts to merge them.", most=MOST), category="info")
        return redirect(local_path(request.form.get("back")) or view.path, 303)
    return redirect(url_for("merging.compare", ids=",".join(map(str, ids))), 303)


@requires("contacts.delete")
def bin_bulk() -> ResponseReturnValue:
    """Restore or erase contacts of the bin."""
    ids = list(dict.fromkeys(number for number in map(valid_id, request.form.getlist("ids")) if number))[:RUN]
    if not ids:
        toast(_("Nothing was selected."), category="info")
        return redirect(url_for("contacts.bin"), 303)
    if request.form.get("do") == "restore":
        return redirect(url_for("contacts.restore", ids=",".join(map(str, ids))), 307)
    if request.form.get("do") != "erase":
        abort(404)
    erased = 0
    for contact_id in ids:
        with writing() as work:
            if services.get(work, contact_id, in_bin=True).deleted_at is not None:
                services.erase(work, contact_id)
                erased += 1
    toast(ngettext("%(num)d contact was erased for good.", "%(num)d contacts were erased for good.", erased))
    return redirect(url_for("contacts.bin"), 303)


def add_bulk_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    blueprint.add_url_rule("/bulk", view_func=bulk, methods=["POST"])
    blueprint.add_url_rule("/bin/bulk", view_func=bin_bulk, methods=["POST"])
