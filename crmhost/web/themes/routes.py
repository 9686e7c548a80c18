"""The Themes page."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ..request import current_work, local_path, requires, writing
from ..state import state
from ..static import published
from ..switching import remember
from ..templating import plain
from ..toasts import toast
from . import services
from .files import OWNER, ThemeError
from .looks import COOKIE, previewed
from .services import PERMISSION, Listed

blueprint = Blueprint("themes", __name__, url_prefix="/themes")


@blueprint.get("/")
@requires(PERMISSION)
def index() -> str:
    """All themes."""
    work = current_work()
    return render_template(
        "themes/index.html",
        themes=services.catalogue(work, plain),
        active=services.active(work),
        previewed=previewed(),
        picture_url=_picture_url,
        folder=state().site.config.home / "themes",
    )


def _picture_url(listed: Listed) -> str:
    if listed.theme is None or not listed.picture:
        return ""
    return published.add(OWNER + listed.id, listed.theme.static, listed.theme.made) + listed.picture


@blueprint.post("/<theme>/activate")
@requires(PERMISSION)
def activate(theme: str) -> ResponseReturnValue:
    """Makes a theme the site's; it can be undone."""
    try:
        with writing() as work:
            before = services.activate(work, theme, plain)
    except ThemeError as error:
        toast(_(error.message), category="bad")
        return redirect(url_for("themes.index"), 303)
    undo = url_for("themes.activate", theme=before) if before != theme else None
    toast(_("The theme is active, for everybody."), undo)
    return remember(_without_preview(), state().site.wanted().number)


@blueprint.post("/<theme>/preview")
@requires(PERMISSION)
def preview(theme: str) -> ResponseReturnValue:
    """Shows a theme to who asks alone, on every page, until they end it."""
    services.find(current_work(), theme)
    answer = make_response(redirect(local_path(request.form.get("back")) or "/", 303))
    secure = state().site.config.cookies_secure
    answer.set_cookie(COOKIE, theme, httponly=True, samesite="Lax", secure=secure)
    return answer


@blueprint.post("/preview/end")
@requires(PERMISSION)
def end_preview() -> ResponseReturnValue:
    """Shows the site's own theme again."""
    return _without_preview()


def _without_preview() -> Response:
    answer = make_response(redirect(url_for("themes.index"), 303))
    answer.delete_cookie(COOKIE)
    return answer
