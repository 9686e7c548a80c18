"""Quotes > Templates."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, keyset
from crmhost.web.api import current_work, gettext, redirect, render_template, requires, toast, url_for, writing

from . import templating
from .forms import TemplateForm, offered


def add_template_pages(blueprint: Blueprint) -> None:
    """Adds the pages to those of the quotes."""
    for rule, view in (("/templates", index), ("/templates/new", new), ("/templates/<int:template_id>", edit)):
        methods = ["GET"] if view is index else ["GET", "POST"]
        name = "templates" if view is index else "new_template" if view is new else "template"
        blueprint.add_url_rule(rule, name, view, methods=methods)
    blueprint.add_url_rule("/templates/<int:template_id>/delete", "delete_template", delete, methods=["POST"])


@requires("quotes.templates")
def index() -> Any:
    """All templates."""
    return render_template("quotes/templates.html", templates=templating.all_of(current_work()))


@requires("quotes.templates")
def new() -> Any:
    """Add a template."""
    return _form(None)


@requires("quotes.templates")
def edit(template_id: int) -> Any:
    """Change a template."""
    return _form(template_id)


def _form(template_id: int | None) -> Any:
    work = current_work()
    row = templating.get(work, template_id) if template_id is not None else None
    data = {"name": row.name, "title": row.title, "content": row.content, "version": str(row.version)} if row else {}
    form = TemplateForm(data=data)
    if row is not None:
        form.remember(data)
    form.content.offer(offered(work))
    if form.validate_on_submit():
        given = {name: form[name].data for name in ("name", "title", "content")}
        try:
            with writing() as work:
                templating.save(work, given, template_id, version=keyset.valid_id(form.version.data))
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("Saved."))
            return redirect(url_for("quotes.templates"), 303)
    html = render_template("quotes/template.html", form=form, row=row)
    return html, 422 if form.is_submitted() else 200


@requires("quotes.templates")
def delete(template_id: int) -> Any:
    """Delete a template."""
    with writing() as work:
        templating.delete(work, template_id)
    toast(gettext("The template was deleted."))
    return redirect(url_for("quotes.templates"), 303)
