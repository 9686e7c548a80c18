"""What is done to many contacts at once: those selected on a page, or all that match, in runs of a thousand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import cast
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...contributions import BulkAction
from ...errors import CrmError, Invalid, NotFound
from ...host.hookcall import run_isolated
from ...web.i18n import number as number_text
from ...web.request import current_work, local_path, requires, writing
from ...web.tables.view import TableView
from ...web.toasts import toast
from ...work.unit import Work
from ..keyset import valid_id
from ..merging.services import MOST
from . import queries, services
from .lists import contact_table, list_query

#: Contacts changed in one transaction.
RUN = 1_000
#: Seconds after which the rest is left, so that no request hangs; what is done stays done.
LIMIT = 25.0

Step = Callable[[Work, Sequence[int]], int]


def _chosen() -> Iterator[list[int]]:
    """Ids that the form means, in runs: those ticked, or all that match the list it came from."""
    if request.form.get("everything") != "1":
        ids = [number for number in map(valid_id, request.form.getlist("ids")) if number]
        unique = list(dict.fromkeys(ids))
        yield from (unique[start : start + RUN] for start in range(0, len(unique), RUN))
        return
    work = current_work()
    parts = urlsplit(request.form.get("list", ""))
    view = TableView(contact_table(work), work, parse_qs(parts.query), parts.path)
    query = list_query(view.query)
    yield from queries.ids(work, query, RUN)


def _step(work: Work, wanted: str) -> tuple[Step, str]:
    """What to do with each run, from the button that was pressed; and what it is called."""
    name, _sign, choice = wanted.partition(":")
    if name == "status":
        return lambda work, ids: services.set_status(work, ids, choice), name
    if name == "assign":
        return lambda work, ids: services.assign(work, ids, valid_id(choice)), name
    if name == "tag":
        tag = [request.form.get("entry.tag", "").strip()]
        if not tag[0]:
            raise Invalid(_("Type the name of the tag first."))
        if choice == "remove":
            return lambda work, ids: services.tag(work, ids, remove=tag), name
        return lambda work, ids: services.tag(work, ids, add=tag), name
    if name == "delete":
        return services.to_bin, name
    for item in cast("tuple[BulkAction, ...]", work.generation.contributions("contact_bulk_actions")):
        if item.id == name:
            work.require(item.permission)
            return _contributed(item, choice), name
    raise NotFound("action", name)


def _contributed(item: BulkAction, choice: str) -> Step:
    values = {"choice": choice, **{name: value for name, value in request.form.items() if name.startswith("entry.")}}

    def step(work: Work, ids: Sequence[int]) -> int:
        failed = object()
        said = run_isolated(
            item.plugin, f"bulk {item.id}", item.run, work, ids, values, default=failed, may_refuse=True
        )
        if said is failed:
            raise CrmError(
                _("The extension “%(plugin)s” failed at this; nothing of this run was changed.", plugin=item.plugin)
            )
        if said:
            toast(str(said))
        return len(ids)

    return step


@requires("contacts.view")
def bulk() -> ResponseReturnValue:
    """Do something with the contacts that are selected."""
    back = local_path(request.form.get("back")) or url_for("contacts.index")
    if request.form.get("do") == "merge":
        return _compare(back)
    try:
        step, name = _step(current_work(), request.form.get("do", ""))
        done, ids, left = _run(step)
    except Invalid as error:
        toast(_(error.message), category="bad")
        return redirect(back, 303)
    _say(name, done, ids, left)
    return redirect(back, 303)


def _compare(back: str) -> ResponseReturnValue:
    """To the comparison of the contacts that are selected, when they are few enough to be looked at."""
    ids = next(_chosen(), [])
    if not 2 <= len(ids) <= MOST:
        toast(_("Select 2 to %(most)s contacts to merge them.", most=MOST), category="info")
        return redirect(back, 303)
    return redirect(url_for("merging.compare", ids=",".join(map(str, ids))), 303)


def _run(step: Step) -> tuple[int, list[int], bool]:
    """Runs a step over everything chosen; gives how many changed, the ids, and whether some were left for lack of time."""
    started = time.monotonic()
    done, seen = 0, list[int]()
    for ids in _chosen():
        if seen and time.monotonic() - started > LIMIT:
            return done, seen, True
        with writing() as work:
            done += step(work, ids)
        seen += ids
    return done, seen, False


def _say(name: str, done: int, ids: Sequence[int], left: bool) -> None:
    from .routes import say_deleted

    if not ids:
        toast(_("Nothing was selected."), category="info")
    elif name == "delete" and done:
        say_deleted(ids, done)
    elif done or name in ("status", "assign", "tag"):
        words = ngettext(
            "%(number)s contact was changed.", "%(number)s contacts were changed.", done, number=number_text(done)
        )
        toast(words, category="ok" if done else "info")
    if left:
        toast(_("There was not time for all of them: select the rest and do it again."), category="warn")


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
