"""Pages of duplicates: the list, the comparison, and what a merge did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...errors import Conflict, Invalid, NotFound
from ...web.request import current_work, is_fragment, local_path, requires, writing
from ...web.toasts import toast
from ..contacts import queries
from ..contacts import services as contacts
from ..contacts.fields import PHONES
from ..contacts.models import Contact
from ..keyset import valid_id
from . import comparing, duplicates, services
from .keys import KINDS

blueprint = Blueprint("merging", __name__, url_prefix="/contacts")

_FOUND = 10


def kind_names() -> dict[str, str]:
    """What the kinds of keys are called."""
    return {"phone": _("Same phone"), "email": _("Similar e-mail"), "name": _("Same name")}


@blueprint.get("/duplicates")
@requires("contacts.edit")
def index() -> ResponseReturnValue:
    """Groups of contacts that may be one person."""
    work = current_work()
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    names = kind_names()
    page = duplicates.page(work, kind=kind, after=request.args.get("after") or None)
    return render_template(
        "merging/index.html",
        page=page,
        kind=kind,
        names=names,
        kinds=[(label, url_for("merging.index", kind=one), one == kind, None) for one, label in names.items()],
        may=work.can("contacts.delete"),
        first=not request.args.get("after"),
    )


@blueprint.post("/duplicates/apart")
@requires("contacts.edit")
def tell_apart() -> ResponseReturnValue:
    """Remember that contacts are different people."""
    back = local_path(request.form.get("back")) or url_for("merging.index")
    with writing() as work:
        pairs = duplicates.set_distinct(work, _ids(",".join(request.form.getlist("ids"))))
    undo = url_for("merging.forget_apart", pairs=",".join(f"{low}-{high}" for low, high in pairs)) if pairs else None
    toast(_("They are not offered as duplicates any more."), undo)
    return redirect(back, 303)


@blueprint.post("/duplicates/together")
@requires("contacts.edit")
def forget_apart() -> ResponseReturnValue:
    """Forget that contacts are different people."""
    pairs = []
    for text in request.args.get("pairs", "").split(",")[:100]:
        low, _dash, high = text.partition("-")
        numbers = valid_id(low), valid_id(high)
        if numbers[0] and numbers[1]:
            pairs.append((numbers[0], numbers[1]))
    with writing() as work:
        duplicates.forget_distinct(work, pairs)
    toast(_("They are offered as duplicates again."))
    return redirect(url_for("merging.index"), 303)


@blueprint.get("/duplicates/alike")
@requires("contacts.view")
def alike() -> ResponseReturnValue:
    """A hint for the form: who has this name or phone already."""
    values = {name: request.args.get(name, "")[:200] for name in ("first_name", "last_name", *PHONES)}
    found = duplicates.alike(current_work(), values, but=valid_id(request.args.get("but", "")))
    return render_template("merging/alike.html", found=found)


# --- merging ---------------------------------------------------------------------------------------------------------


@blueprint.get("/<int:contact_id>/merge")
@requires("contacts.delete")
def choose(contact_id: int) -> ResponseReturnValue:
    """Find the contact that is the same person as this one."""
    work = current_work()
    contact = contacts.get(work, contact_id)
    work.require("contacts.edit", contact)
    q = request.args.get("q", "")[:200]
    if q:
        listed = queries.page(work, queries.ListQuery(q=q, sort="name", limit=_FOUND + 1)).rows
        found = [one for one in listed if one.id != contact.id][:_FOUND]
    else:
        emails = [row.email for row in contacts.emails_of(work, [contact.id]).get(contact.id, ())]
        found = duplicates.alike(work, vars(contact), emails, but=contact.id)
    return render_template("merging/choose.html", contact=contact, q=q, found=found)


@blueprint.get("/duplicates/compare")
@requires("contacts.delete")
def compare() -> ResponseReturnValue:
    """Contacts side by side."""
    return _comparison(_people(_ids(request.args.get("ids", ""))), {}, "")


@blueprint.post("/duplicates/compare")
@requires("contacts.delete")
def merge() -> ResponseReturnValue:
    """Merge contacts."""
    people = _people(_ids(request.form.get("ids", "")))
    chosen = {name.removeprefix("field."): value for name, value in request.form.items() if name.startswith("field.")}
    if any(request.form.get(f"version.{one.id}", "") != str(one.version) for one in people):
        error = _("Somebody changed one of them meanwhile: look at the values again.")
        return _comparison(people, chosen, error), 409
    winner = people[0].id
    try:
        take = {field: valid_id(value) or 0 for field, value in chosen.items()}
        with writing() as work:
            number = services.merge(work, winner, [one.id for one in people[1:]], take=take).id
    except (Invalid, Conflict) as error:
        return _comparison(_people([one.id for one in people]), chosen, _(error.message)), error.status
    words = ngettext(
        "%(num)d contact was merged into this one.", "%(num)d contacts were merged into this one.", len(people) - 1
    )
    toast(words, url_for("merging.undo", merge_id=number))
    return redirect(url_for("contacts.page", contact_id=winner), 303)


@blueprint.get("/merges/<int:merge_id>")
@requires("contacts.view")
def shown(merge_id: int) -> ResponseReturnValue:
    """What a merge did."""
    work = current_work()
    record = services.get(work, merge_id)
    people = services.people_of(work, record)
    open_ = record.undone_at is None and record.kept and work.now <= services.undo_until(work, record)
    return render_template(
        "merging/merge.html",
        record=record,
        winner=people[record.winner_id],
        losers=[people[number] for number in record.loser_ids if number in people],
        moved=[(_table_name(*place), rows) for place, rows in services.moved(work, record).items()],
        stayed=[(_stayed_name(item), item["rows"], item["why"]) for item in record.stayed],
        until=services.undo_until(work, record),
        may=open_ and work.can("contacts.edit") and work.can("contacts.delete"),
    )


@blueprint.post("/merges/<int:merge_id>/undo")
@requires("contacts.delete")
def undo(merge_id: int) -> ResponseReturnValue:
    """Undo a merge."""
    services.get(current_work(), merge_id)
    try:
        with writing() as work:
            stayed = services.undo(work, merge_id, edited=bool(request.form.get("edited"))).stayed
    except Conflict as error:
        toast(_(error.message), category="bad")
        return redirect(url_for("merging.shown", merge_id=merge_id), 303)
    if not stayed:
        toast(_("The merge was undone. Everything is back where it was."))
    else:
        toast(_("The merge was undone, but for what was changed since. It is listed here."), category="warn")
    return redirect(url_for("merging.shown", merge_id=merge_id), 303)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _ids(text: str) -> list[int]:
    return list(dict.fromkeys(number for number in map(valid_id, text.split(",")[:50]) if number is not None))


def _people(ids: Sequence[int]) -> list[Contact]:
    """The contacts to compare, the one that is to stay first."""
    if not 2 <= len(ids) <= services.MOST:
        raise Invalid(_("Choose 2 to %(most)s contacts to merge.", most=services.MOST))
    found = duplicates.load(current_work(), ids)
    for number in ids:
        if number not in found:
            raise NotFound("contact", number)
    keep = valid_id(request.values.get("keep", "")) or ids[0]
    return sorted((found[number] for number in ids), key=lambda one: (one.id != keep, ids.index(one.id)))


def _comparison(people: Sequence[Contact], chosen: dict[str, str], error: str) -> str:
    work = current_work()
    return render_template(
        "merging/compare_part.html" if is_fragment() else "merging/compare.html",
        people=people,
        lines=comparing.lines(work, people, chosen),
        error=error,
    )


def _table_name(plugin: str, name: str) -> str:
    known = {
        "journal_entry": _("Journal entries"),
        "statuses_history": _("Changes of status"),
        "files_file": _("Files"),
        "mail_message": _("Mails"),
        "contacts_external_id": _("Ids in other systems"),
        "contacts_email": _("E-mail addresses"),
    }
    loaded = current_work().generation.by_id.get(plugin)
    called = loaded.manifest.name if loaded is not None else plugin.replace("_", " ").capitalize()
    return known.get(name) or f"{called}: {name.removeprefix(f'{plugin}_').replace('_', ' ')}"


def _stayed_name(item: Mapping[str, Any]) -> str:
    return comparing.label(item["field"]) if "field" in item else _table_name(item.get("plugin", ""), item["table"])
