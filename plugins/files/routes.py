"""Pages of the files."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, Invalid, NotFound, Stale, keyset, records
from crmhost.web.api import (
    both_versions,
    current_work,
    gettext,
    list_page,
    record_url,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import access, cells, sending, services, uploads, zipping
from .forms import FileForm, filled
from .lists import bin_table, file_table, zip_answer

blueprint = Blueprint("files", __name__)
blueprint.register_blueprint(sending.blueprint)


@blueprint.route("/", methods=["GET", "POST"])
@requires("files.view")
def index() -> Any:
    """All files."""
    work = current_work()
    return list_page("files/index.html", file_table(work), work)


@blueprint.route("/bin", methods=["GET", "POST"], endpoint="bin")
@requires("files.delete")
def bin_list() -> Any:
    """Deleted files."""
    work = current_work()
    return list_page("files/bin.html", bin_table(work), work)


@blueprint.get("/zip", endpoint="zip")
@requires("files.view")
def zipped() -> Any:
    """Files of a record as a ZIP: those chosen, or all of them."""
    work = current_work()
    object_type, object_id = request.args.get("object_type", "")[:40], request.args.get("object_id", "")
    ids: list[Any] = request.args.getlist("id")
    try:
        if object_type:
            record = access.record_of(work, object_type, keyset.valid_id(object_id) or 0)
            ids = ids or zipping.of_record(work, object_type, record.id)
        return zip_answer(work, ids)
    except Invalid as error:
        toast(sending.sentence(error), category="bad")
    address = record_url(object_type, record.id) if object_type else ""
    return redirect(f"{address}?tab=files" if address else url_for("files.index"), 303)


@blueprint.get("/<int:entry_id>")
@requires("files.view")
def page(entry_id: int) -> Any:
    """One file: preview, versions."""
    work = current_work()
    entry = services.get(work, entry_id)
    record = records.get(work, entry.object_type, entry.object_id)
    versions = services.versions(work, entry)
    wanted = keyset.valid_id(request.args.get("version", ""))
    return render_template(
        "files/page.html",
        entry=entry,
        row=cells.rows(work, [entry])[0],
        versions=[(one, cells.readable(one.size)) for one in versions],
        shown=next((one for one in versions if one.number == wanted), versions[0]),
        part=uploads.PIECE,
        may=access.may_edit(work, entry.object_type, record),
    )


@blueprint.post("/to/<object_type>/<int:object_id>")
@requires("files.edit")
def add(object_type: str, object_id: int) -> Any:
    """Add files of a form, where no script sends them in parts."""
    fields: dict[str, Any] = {name: request.form.get(name, "") for name in ("kind", "description")}
    fields["portal"] = bool(request.form.get("portal"))
    sent = [file for file in request.files.getlist("file") if file.filename]
    try:
        if not sent:
            raise Invalid({"file": ["Choose a file first."]})
        for file in sent:
            prepared = services.stage(
                current_work(), object_type, object_id, file.stream, name=file.filename or "", media_type=file.mimetype
            )
            with writing() as work:
                services.add(work, prepared, **fields)
    except Invalid as error:
        toast(sending.sentence(error), category="bad")
    else:
        toast(gettext("Saved."))
    return redirect(f"{record_url(object_type, object_id)}?tab=files", 303)


@blueprint.post("/<int:entry_id>/versions")
@requires("files.edit")
def add_version(entry_id: int) -> Any:
    """Add a version by a form, where no script sends it in parts."""
    work = current_work()
    entry = services.get(work, entry_id, edit=True)
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Invalid({"file": ["Choose a file first."]})
        prepared = services.stage(
            work, entry.object_type, entry.object_id, file.stream, name=file.filename, media_type=file.mimetype
        )
        with writing() as work:
            services.add_version(work, entry_id, prepared)
    except Invalid as error:
        toast(sending.sentence(error), category="bad")
    return redirect(url_for("files.page", entry_id=entry_id), 303)


@blueprint.route("/<int:entry_id>/edit", methods=["GET", "POST"])
@requires("files.edit")
def edit(entry_id: int) -> Any:
    """Change what is said of a file."""
    work = current_work()
    entry = services.get(work, entry_id, edit=True)
    address = url_for("files.page", entry_id=entry_id)
    form = FileForm(data=filled(entry))
    form.remember(filled(entry))
    form.offer(work, entry)
    if form.validate_on_submit():
        try:
            with writing() as work:
                services.change(work, entry_id, form.values(), version=int(form.version.data or 0) or None)
        except Stale:
            stored = filled(services.get(current_work(), entry_id))
            return both_versions(form, stored, name=gettext("this file"), back=address)
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("Saved."))
            return redirect(address, 303)
    return render_template("files/form.html", form=form, entry=entry), 422 if form.is_submitted() else 200


@blueprint.post("/<int:entry_id>/delete")
@requires("files.delete")
def delete(entry_id: int) -> Any:
    """Move it to the bin."""
    with writing() as work:
        entry = services.get(work, entry_id, edit=True)
        services.to_bin(work, [entry_id])
        back = record_url(entry.object_type, entry.object_id)
        name = entry.name
    toast(gettext("“%(name)s” went to the bin.", name=name), undo_url=url_for("files.restore", entry_id=entry_id))
    return redirect(f"{back}?tab=files" if back else url_for("files.index"), 303)


@blueprint.post("/<int:entry_id>/restore")
@requires("files.delete")
def restore(entry_id: int) -> Any:
    """Bring it back from the bin."""
    with writing() as work:
        if not services.restore(work, [entry_id]):
            raise NotFound("file", entry_id)
    return redirect(url_for("files.page", entry_id=entry_id), 303)
