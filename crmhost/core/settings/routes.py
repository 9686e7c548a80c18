"""Settings pages."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...contributions import Setting
from ...errors import CrmError, Invalid
from ...web.request import current_work, public, requires, writing
from ...web.toasts import toast
from . import logo, services
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


@blueprint.post("/logo")
@requires("settings.edit")
def change_logo() -> ResponseReturnValue:
    """Give the site a logo, or take it away."""
    try:
        if request.form.get("do") == "remove":
            with writing() as work:
                logo.remove(work)
            toast(_("The logo was removed."))
        else:
            sent = request.files.get("logo")
            if sent is None or not sent.filename:
                raise Invalid({"logo": ["Choose a picture first."]})
            staged = logo.stage(current_work(), sent.stream)
            with writing() as work:
                logo.keep(work, staged)
            toast(_("The logo was saved."))
    except CrmError as error:
        toast(_(error.message), category="bad")
    return redirect(url_for("settings.general"), 303)


@blueprint.get("/logo/<name>.png")
@public
def show_logo(name: str) -> ResponseReturnValue:
    """A logo, for everybody. What has an address never changes: browsers keep it."""
    work = current_work()
    content = logo.picture(work, name)
    if content is None:
        abort(404)
    answer = Response(content, mimetype=logo.MEDIA_TYPE)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


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
