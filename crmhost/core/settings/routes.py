"""Settings pages."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...contributions import Setting
from ...errors import CrmError
from ...web.request import current_work, requires, writing
from ...web.toasts import toast
from . import services
from .forms import raw_values, settings_form
from .pages import FIELD_OPTIONS, GENERAL, SettingsPage, settings_pages

blueprint = Blueprint("settings", __name__, url_prefix="/settings")


@blueprint.route("/", methods=["GET", "POST"])
@requires("settings.edit")
def general() -> ResponseReturnValue:
    """The general settings."""
    return _page(GENERAL)


@blueprint.route("/page/<page>", methods=["GET", "POST"])
@requires("settings.edit")
def plugin_page(page: str) -> ResponseReturnValue:
    """The settings of one plugin."""
    if page == GENERAL:
        return redirect(url_for("settings.general"))
    if page == FIELD_OPTIONS and request.method == "GET":
        return redirect(url_for("statuses.field_options"))
    return _page(page)


def _page(name: str) -> ResponseReturnValue:
    work = current_work()
    page: SettingsPage | None = settings_pages(work.generation).get(name)
    if page is None:
        abort(404)
    form = settings_form(work, page.settings)
    if form.is_submitted():
        if form.validate():
            try:
                return _saved(form, page.settings, name)
            except CrmError as error:
                form.take(error)
        return render_template("settings/page.html", form=form, page=page), 422
    return render_template("settings/page.html", form=form, page=page)


def _saved(form: object, settings: Sequence[Setting], name: str) -> ResponseReturnValue:
    with writing() as work:
        changed = services.set_many(work, raw_values(form, settings))  # type: ignore[arg-type]
    toast(_("Saved.") if changed else _("Nothing was changed."), category="ok" if changed else "info")
    if name == GENERAL:
        return redirect(url_for("settings.general"), 303)
    if name == FIELD_OPTIONS:
        return redirect(url_for("statuses.field_options"), 303)
    return redirect(url_for("settings.plugin_page", page=name), 303)
