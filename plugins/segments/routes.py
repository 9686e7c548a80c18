"""Pages of the segments."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import Blueprint

from crmhost.api import Contact, CrmError, Invalid, NotFound, Stale, Work, conditions, contacts, keyset
from crmhost.web.api import (
    Form,
    SwitchField,
    TextField,
    current_work,
    gettext,
    lazy_text,
    link,
    list_page,
    local_path,
    ngettext,
    number,
    picked_record,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import pages, services, sizes, words
from .editor import Editor
from .models import Segment

blueprint = Blueprint("segments", __name__)
#: Contacts of a preview.
FIRST = 5
_DO, _SAVE = "do", "save"


class SegmentForm(Form):
    """What a segment is called, and who sees it."""

    name = TextField(lazy_text("Name"), render_kw={"maxlength": services.LONGEST, "autocomplete": "off"})
    shared = SwitchField(
        lazy_text("Everybody may use it"), description=lazy_text("Otherwise only you see it. Others never change it.")
    )


@dataclasses.dataclass(frozen=True)
class Shown:
    """A preview: how many, the newest, and what stands for exactly these conditions."""

    number: int
    first: list[Contact]
    seal: str


@blueprint.get("/")
@requires("segments.view")
def index() -> Any:
    """All segments."""
    work = current_work()
    return list_page("segments/index.html", pages.segment_table(work), work)


@blueprint.post("/counts")
@requires("segments.view")
def counts() -> Any:
    """The numbers of the list that are older than a minute, counted again."""
    work = current_work()
    work.require("contacts.view")
    segments = services.all_segments(work)
    found = sizes.count_again(work, segments)
    cells = {segment.id: pages.count_cell(work, segment, found[segment.id]) for segment in segments}
    fresh = {key: item for key, item in found.items() if item.at == work.now or sizes.is_fresh(work, item)}
    with writing() as work:
        sizes.keep(work, fresh)
    return render_template("segments/counts.html", cells=cells)


# --- one segment -----------------------------------------------------------------------------------------------------------


@blueprint.get("/<int:segment_id>")
@requires("segments.view")
def page(segment_id: int) -> Any:
    """One segment."""
    work = current_work()
    segment = services.get(work, segment_id)
    told = None
    counted = sizes.now(work, segment)
    if not counted.problem:
        told = words.lines(work, services.group_of(work, segment))
    export = link("csv_tools.export", kind="contacts", segment=segment.id) if work.can("contacts.export") else ""
    return render_template(
        "segments/page.html",
        segment=segment,
        counted=counted,
        words=told,
        may=services.may_change(work, segment),
        export="" if counted.problem else export,
        used=services.users_of(work, [segment.id]),
        chart=pages.history_chart(work, segment),
    )


@blueprint.get("/<int:segment_id>/explain")
@requires("segments.view")
def explain(segment_id: int) -> Any:
    """Why a contact is in the segment, or not."""
    work = current_work()
    segment = services.get(work, segment_id)
    try:
        contact = contacts.get(work, picked_record("contact", request.args.get("contact", "")) or 0)
    except (Invalid, NotFound) as error:
        toast(gettext(error.message), category="warn")
        return redirect(url_for("segments.page", segment_id=segment_id))
    reasons = conditions.explain(work, services.group_of(work, segment), contact.id)
    return render_template(
        "segments/explain.html", segment=segment, contact=contact, line=words.explained(work, reasons)
    )


# --- editing ---------------------------------------------------------------------------------------------------------------


@blueprint.route("/new", methods=["GET", "POST"])
@requires("segments.edit")
def new() -> Any:
    """Add a segment."""
    return _edit(None)


@blueprint.route("/<int:segment_id>/edit", methods=["GET", "POST"])
@requires("segments.edit")
def edit(segment_id: int) -> Any:
    """Change a segment."""
    segment = services.get(current_work(), segment_id)
    if not services.may_change(current_work(), segment):
        current_work().require("segments.manage")
    return _edit(segment)


def _edit(segment: Segment | None) -> Any:
    work = current_work()
    form = SegmentForm(data={"name": segment.name if segment else "", "shared": segment.shared if segment else True})
    if request.method == "GET":
        editor = Editor.of_document(work, segment.conditions if segment else {})
        if not editor.root.items:
            editor.add(editor.root)
        return _page(segment, form, editor, None)
    editor = Editor.of_form(work, request.form)
    action = request.form.get(_DO, _SAVE)
    if action != _SAVE:
        editor.do(action)
        shown = _shown(work, editor, asked=action == "preview")
        return _page(segment, form, editor, shown)
    return _save(segment, form, editor)


def _back() -> str:
    """The page that wanted a segment, such as the audience of a campaign; empty when there is none."""
    return local_path(request.args.get("back"))


def _save(segment: Segment | None, form: SegmentForm, editor: Editor) -> Any:
    fields = {"name": form.name.data or "", "shared": bool(form.shared.data), **editor.document}
    version = keyset.valid_id(request.form.get("version", ""))
    stale = False
    try:
        with writing() as work:
            saved = services.save(
                work,
                fields,
                segment.id if segment else None,
                version=version if segment else None,
                previewed=request.form.get("previewed", ""),
            ).id
    except Stale:
        stale = True
    except Invalid as error:
        unseen = error.errors.pop("preview", None)
        for sentence in editor.take(Invalid({key: some for key, some in error.errors.items() if key != "name"})):
            form.add_problem("", sentence)
        for sentence in error.errors.get("name", ()):
            form.add_problem("name", sentence)
        if any(node.errors for node in editor.root.nodes()):
            form.add_problem("", gettext("Some conditions have to be corrected: they are marked below."))
        elif unseen:
            form.add_problem("", gettext("Look at the preview below first, then save once more."))
    except CrmError as error:
        form.take(error)
    else:
        toast(gettext("Saved."))
        return redirect(_back() or url_for("segments.page", segment_id=saved), 303)
    shown = _shown(current_work(), editor, asked=not any(node.errors for node in editor.root.nodes()))
    newest = services.get(current_work(), segment.id) if segment else None
    return _page(newest, form, editor, shown, stale=stale), 422


def _page(
    segment: Segment | None, form: SegmentForm, editor: Editor, shown: Shown | None, *, stale: bool = False
) -> Any:
    return render_template(
        "segments/edit.html",
        segment=segment,
        form=form,
        editor=editor,
        shown=shown,
        back=_back(),
        stale=stale,
        version=segment.version if segment and (stale or request.method == "GET") else request.form.get("version", ""),
    )


def _shown(work: Work, editor: Editor, *, asked: bool) -> Shown | None:
    """The preview when it was asked for, or was shown for exactly these conditions already; what is wrong goes to the nodes."""
    try:
        group = conditions.read(work, editor.document)
    except Invalid as error:
        if asked:
            editor.take(error)
        return None
    seal = services.seal(group)
    if not asked and request.form.get("previewed", "") != seal:
        return None
    question = conditions.question(work, group)
    found = question.count()
    return Shown(found, question.first(FIRST, found), seal)


@blueprint.post("/part")
@requires("segments.edit")
def part() -> Any:
    """The editor after a button or a list in it was used, with the preview."""
    work = current_work()
    work.require("contacts.view")
    editor = Editor.of_form(work, request.form)
    action = request.form.get(_DO, "")
    focus = editor.do(action) or request.headers.get("HX-Source", "").partition("#")[2]
    shown = _shown(work, editor, asked=action == "preview")
    return render_template("segments/editor.html", editor=editor, shown=shown, focus=focus)


@blueprint.post("/live")
@requires("segments.edit")
def live() -> Any:
    """How many match what is typed so far, in a sentence."""
    work = current_work()
    work.require("contacts.view")
    editor = Editor.of_form(work, request.form)
    try:
        found = conditions.question(work, conditions.read(work, editor.document)).count()
    except Invalid:
        return gettext("Complete the conditions to see how many contacts match.")
    if not found:
        return gettext("No contacts currently.")
    said = ngettext("%(number)s contact matches now.", "%(number)s contacts match now.", found, number=number(found))
    return str(said)


# --- deleting --------------------------------------------------------------------------------------------------------------


@blueprint.post("/<int:segment_id>/delete")
@requires("segments.edit")
def delete(segment_id: int) -> Any:
    """Delete a segment that nothing uses."""
    try:
        with writing() as work:
            services.delete(work, segment_id)
    except CrmError as error:
        if isinstance(error, NotFound):
            raise
        toast(gettext(error.message), category="warn")
        return redirect(url_for("segments.page", segment_id=segment_id), 303)
    toast(gettext("The segment was deleted."), url_for("segments.restore", segment_id=segment_id))
    return redirect(url_for("segments.index"), 303)


@blueprint.post("/<int:segment_id>/restore")
@requires("segments.edit")
def restore(segment_id: int) -> Any:
    """Bring back a segment that was deleted."""
    with writing() as work:
        services.restore(work, segment_id)
    toast(gettext("The segment is back."))
    return redirect(url_for("segments.page", segment_id=segment_id), 303)
