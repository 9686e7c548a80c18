"""Settings > Portal: what is arranged on pages of its own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, Invalid, Stale, Work, keyset
from crmhost.web.api import (
    RichTextField,
    TextField,
    VersionedForm,
    both_versions,
    current_work,
    gettext,
    lazy_text,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import arranging, details
from . import pages as known_pages


class PageForm(VersionedForm):
    """A page that the site writes."""

    title = TextField(lazy_text("Name of the page"), render_kw={"autocomplete": "off", "maxlength": 80})
    content = RichTextField(lazy_text("Text"))


def overview(work: Work, page: str) -> str:
    """The part of the page Settings > Portal that leads to these."""
    if page != "portal":
        return ""
    return render_template("portal/staff/overview.html", entries=known_pages.arranged(work), name=_name)


def _name(entry: known_pages.Entry) -> str:
    return entry.label if entry.renamed else gettext(entry.label)


@requires("portal.settings")
def pages() -> Any:
    """Order, names and visibility of the pages."""
    work = current_work()
    problem = ""
    if request.method == "POST":
        try:
            with writing() as work:
                arranging.arrange(work, _arranged())
        except CrmError as error:
            problem = _first(error)
        else:
            toast(gettext("Saved."))
            return redirect(url_for("portal_staff.pages"), 303)
    work = current_work()
    own = {row.slug: row for row in arranging.site_pages(work)}
    html = render_template(
        "portal/staff/pages.html",
        entries=known_pages.arranged(work),
        own=own,
        problem=problem,
        home=known_pages.HOME,
    )
    return html, 422 if problem else 200


def _arranged() -> list[dict[str, object]]:
    form = request.form
    names = form.getlist("id")

    def place(number: int) -> tuple[float, int]:
        try:
            return float(form.get(f"place.{names[number]}", "").replace(",", ".") or number + 1), number
        except ValueError:
            return float(number + 1), number

    order = sorted(range(len(names)), key=place)
    return [
        {"id": names[at], "label": form.get(f"label.{names[at]}", ""), "hidden": f"shown.{names[at]}" not in form}
        for at in order
    ]


def _first(error: CrmError) -> str:
    if error.status in (403, 404):
        raise error
    sentences = [text for some in error.errors.values() for text in some] if isinstance(error, Invalid) else []
    return " ".join(map(gettext, sentences or [error.message]))


@requires("portal.settings")
def new_page() -> Any:
    """Write a page."""
    return _form(None)


@requires("portal.settings")
def edit_page(page_id: int) -> Any:
    """Change a page."""
    return _form(page_id)


def _form(page_id: int | None) -> Any:
    work = current_work()
    row = arranging.page(work, page_id) if page_id is not None else None
    data = {"title": row.title, "content": row.content, "version": str(row.version)} if row is not None else {}
    form = PageForm(data=data)
    if row is not None:
        form.remember(data)
    form.content.offer([(path, gettext(label)) for path, label in arranging.offered(work)])
    back = url_for("portal_staff.pages")
    if form.validate_on_submit():
        try:
            with writing() as work:
                version = keyset.valid_id(form.version.data)
                arranging.save_page(work, form.title.data or "", form.content.data or "", page_id, version=version)
        except Stale:
            fresh = arranging.page(current_work(), page_id or 0)
            now = {"title": fresh.title, "content": fresh.content, "version": str(fresh.version)}
            return both_versions(form, now, name=fresh.title, back=back)
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("Saved."))
            return redirect(back, 303)
    row = arranging.page(current_work(), page_id) if page_id is not None else None
    html = render_template("portal/staff/page_form.html", form=form, row=row)
    return html, 422 if form.is_submitted() else 200


@requires("portal.settings")
def delete_page(page_id: int) -> Any:
    """Delete a page."""
    with writing() as work:
        arranging.delete_page(work, page_id)
    toast(gettext("The page was deleted."))
    return redirect(url_for("portal_staff.pages"), 303)


@requires("portal.settings")
def fields() -> Any:
    """What clients may do with each field of their details."""
    work = current_work()
    if request.method == "POST":
        try:
            with writing() as work:
                wanted = {unit.name: request.form.get(unit.name, unit.policy) for unit in details.units(work)}
                details.choose(work, wanted)
        except CrmError as error:
            toast(_first(error), category="bad")
        else:
            toast(gettext("Saved."))
        return redirect(url_for("portal_staff.fields"), 303)
    return render_template(
        "portal/staff/fields.html",
        units=details.units(work),
        policies={key: gettext(label) for key, label in details.POLICIES.items()},
    )


def add_arranging_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/pages", "pages", pages, methods=["GET", "POST"])
    add("/pages/new", "new_page", new_page, methods=["GET", "POST"])
    add("/pages/<int:page_id>", "edit_page", edit_page, methods=["GET", "POST"])
    add("/pages/<int:page_id>/delete", "delete_page", delete_page, methods=["POST"])
    add("/fields", "fields", fields, methods=["GET", "POST"])
