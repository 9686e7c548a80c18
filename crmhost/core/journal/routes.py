"""Pages of the journal: writing, changing and removing entries of a record, and the feed of the whole site."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as __
from itsdangerous import BadData, URLSafeTimedSerializer

from ...errors import CrmError, Invalid, Stale
from ...web.forms import AreaField, ChoiceField, MomentField
from ...web.forms.versions import VersionedForm, both_versions
from ...web.request import current_work, is_fragment, local_path, requires, writing
from ...web.tables.pages import list_page
from ...web.toasts import toast
from ...work.unit import Work
from ..keyset import valid_id
from ..records import services as records
from ..records.links import record_url
from . import services
from .listing import table
from .models import JournalEntry
from .panel import BY, days_of, journal_panel, lines_of, list_context
from .reading import By, Entries
from .types import manual_types, types

blueprint = Blueprint("journal", __name__, url_prefix="/journal")

#: Text that fits on one line is the summary of an entry, longer text its comment.
_SHORT = 200
#: Seconds for which a removed entry can be brought back.
_UNDO = 600
#: Longest text that an Undo carries.
_CARRIED = 2_000


class EntryForm(VersionedForm):
    """An entry of a person."""

    type = ChoiceField(__("Type"))
    text = AreaField(__("What happened"), render_kw={"rows": 3})
    outcome = AreaField(__("Reply or outcome"), render_kw={"rows": 2})
    at = MomentField(__("When it happened"))


def _by() -> By:
    wanted = request.values.get("by", "all")
    return next((by for by in BY if by == wanted), "all")


def _texts(text: str | None) -> dict[str, str]:
    text = text or ""
    short = len(text) <= _SHORT and "\n" not in text
    return {"summary": text if short else "", "comment": "" if short else text}


def text_of(entry: JournalEntry) -> str:
    """The text of an entry as one field shows it."""
    return "\n".join(part for part in (entry.summary, entry.comment) if part)


def _panel(object_type: str, object_id: int, code: int = 200, **named: Any) -> ResponseReturnValue:
    """The panel for htmx, else the way back to the record's page."""
    if is_fragment():
        return journal_panel(current_work(), object_type, object_id, by=_by(), **named), code
    return redirect(_record_url(object_type, object_id), 303)


def _record_url(object_type: str, object_id: int) -> str:
    back = local_path(request.form.get("back"))
    if back:
        return back
    return record_url(object_type, object_id) or url_for("journal.index")


# --- of one record ---------------------------------------------------------------------------------------------------


@blueprint.get("/of/<object_type>/<int:object_id>")
@requires("journal.view")
def entries(object_type: str, object_id: int) -> ResponseReturnValue:
    """Entries of a record: another choice of them, or earlier ones."""
    work = current_work()
    by, after = _by(), request.args.get("after") or None
    found = services.entries(work, object_type, object_id, after=after, by=by)
    template = "journal/more.html" if after else "journal/list.html"
    return render_template(template, **list_context(work, object_type, object_id, found, by))


@blueprint.post("/of/<object_type>/<int:object_id>")
@requires("journal.edit")
def add(object_type: str, object_id: int) -> ResponseReturnValue:
    """Write an entry."""
    services.require_visible(current_work(), object_type, object_id)
    form = EntryForm()
    form.type.offer((item.name, item.label) for item in manual_types(current_work()))
    if form.validate():
        texts = _texts(form.text.data)
        try:
            with writing() as work:
                services.add(
                    work,
                    object_type,
                    object_id,
                    form.type.data,
                    summary=texts["summary"],
                    comment=texts["comment"],
                    outcome=form.outcome.data or "",
                    at=form.at.data,
                    extra=_extra(work),
                )
        except Invalid as error:
            form.general.extend(_(sentence) for some in error.errors.values() for sentence in some)
    if form.problems:
        said = " ".join(problem.message for problem in form.problems)
        if not is_fragment():
            toast(said, category="bad")
        typed = {name: request.form.get(name, "") for name in ("type", "text", "outcome", "at")}
        typed |= _extra(current_work())
        return _panel(object_type, object_id, 422, typed={**typed, "error": said})
    return _panel(object_type, object_id)


def _extra(work: Work) -> dict[str, str]:
    """What stands in the fields that plugins put into the form."""
    owners = work.generation.by_id
    return {name: value for name, value in request.form.items() if "." in name and name.partition(".")[0] in owners}


@blueprint.route("/<int:entry_id>", methods=["GET", "POST"])
@requires("journal.edit")
def edit(entry_id: int) -> ResponseReturnValue:
    """Change an entry."""
    work = current_work()
    entry = services.get(work, entry_id)
    if entry.by_system:
        abort(404)
    kinds = {item.name: item.label for item in manual_types(work)}
    kinds.setdefault(entry.type, _(getattr(types(work).get(entry.type), "label", entry.type)))
    stored = _stored(entry)
    form = EntryForm(data=stored)
    form.type.offer((name, _(label)) for name, label in kinds.items())
    form.remember(stored)
    object_type, object_id = entry.object_type, entry.object_id
    if form.is_submitted() and form.validate():
        fields = {"type": form.type.data, **_texts(form.text.data), "outcome": form.outcome.data, "at": form.at.data}
        if form.text.data == text_of(entry):
            fields = {name: value for name, value in fields.items() if name not in ("summary", "comment")}
        try:
            with writing() as work:
                services.edit(work, entry_id, fields, version=valid_id(form.version.data))
        except Stale:
            return _both_versions(form, entry_id)
        except CrmError as error:
            if error.status in (403, 404):
                raise
            form.general.append(_(error.message))
        else:
            return _panel(object_type, object_id)
    entry = services.get(current_work(), entry_id)
    template = "journal/edit_part.html" if is_fragment() else "journal/edit.html"
    page = render_template(template, form=form, entry=entry, back=_record_url(object_type, object_id))
    if not form.is_submitted():
        return page
    return page, 422, {"HX-Retarget": f"#entry-{entry_id}"}


def _stored(entry: JournalEntry) -> dict[str, Any]:
    """What the form shows of an entry."""
    fields = {"type": entry.type, "text": text_of(entry), "outcome": entry.outcome, "at": entry.at}
    return {**fields, "version": str(entry.version)}


def _both_versions(form: EntryForm, entry_id: int) -> ResponseReturnValue:
    work = current_work()
    entry = services.get(work, entry_id)
    back = _record_url(entry.object_type, entry.object_id)
    part = "journal/versions_part.html" if is_fragment() else ""
    answer = both_versions(form, _stored(entry), name=_("this entry"), back=back, template=part)
    return (*answer, {"HX-Retarget": f"#entry-{entry_id}"}) if part else answer


@blueprint.post("/<int:entry_id>/pin")
@requires("journal.edit")
def pin(entry_id: int) -> ResponseReturnValue:
    """Pin an entry to the top, or take it down."""
    with writing() as work:
        entry = services.pin(work, entry_id, request.form.get("pinned") == "1")
        of = (entry.object_type, entry.object_id)
    return _panel(*of)


@blueprint.post("/<int:entry_id>/remove")
@requires("journal.edit")
def remove(entry_id: int) -> ResponseReturnValue:
    """Remove an entry; the toast brings it back."""
    entry = services.get(current_work(), entry_id)
    object_type, object_id = entry.object_type, entry.object_id
    kept = {name: getattr(entry, name) for name in ("type", "summary", "comment", "outcome", "pinned", "data")}
    kept |= {"object_type": object_type, "object_id": object_id, "at": entry.at.isoformat()}
    with writing() as work:
        services.remove(work, entry_id)
    undo = None
    if len(entry.comment) + len(entry.outcome) <= _CARRIED:
        undo = url_for("journal.bring_back", kept=_serializer().dumps(kept))
    toast(_("The entry was removed."), undo)
    return _panel(object_type, object_id)


@blueprint.post("/bring-back")
@requires("journal.edit")
def bring_back() -> ResponseReturnValue:
    """Write a removed entry again."""
    try:
        kept = _serializer().loads(request.args.get("kept", ""), max_age=_UNDO)
    except BadData:
        raise Invalid(_("It is too late to bring this entry back.")) from None
    object_type, object_id = str(kept.pop("object_type")), int(kept.pop("object_id"))
    kept["at"] = dt.datetime.fromisoformat(kept["at"])
    kind = kept.pop("type")
    with writing() as work:
        services.add(work, object_type, object_id, kind, **kept)
    return redirect(_record_url(object_type, object_id), 303)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="crmhost-journal-undo")


# --- of the whole site -----------------------------------------------------------------------------------------------


@blueprint.get("/")
@requires("journal.view")
def index() -> ResponseReturnValue:
    """What happened lately, everywhere."""
    work = current_work()
    return list_page("journal/index.html", table(work), work)


def feed_context(work: Work, found: Entries) -> dict[str, Any]:
    """Days of a feed with the names of the records concerned; the dashboard's activity box takes it too."""
    lines = lines_of(work, found.rows)
    wanted: dict[str, set[int]] = {}
    for line in lines:
        wanted.setdefault(line.entry.object_type, set()).add(line.entry.object_id)
    said = records.titles(work, wanted)
    return {
        "days": days_of(work, lines),
        "lines": lines,
        "subjects": {key: (title, record_url(*key)) for key, title in said.items()},
    }
