"""Pages of one's own account: password, language, open sessions."""

from __future__ import annotations

import re

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext, refresh

from ...errors import Invalid
from ...web.i18n import language_names
from ...web.request import current_person, current_work, writing
from ...web.state import state
from ...web.toasts import toast
from . import services
from .models import User, UserSession
from .sessions import hashed


def _mine() -> User:
    person = current_person()
    assert person is not None
    return services.get(current_work(), person.id)


def _token() -> str:
    person = current_person()
    assert person is not None
    return person.token


def _page(code: int = 200, *, errors: list[str] | None = None) -> ResponseReturnValue:
    work = current_work()
    page = render_template(
        "users/account.html",
        user=_mine(),
        role=_mine().role,
        sessions=services.sessions(work, _mine()),
        here=hashed(_token()),
        languages=language_names(state().catalogues.languages()),
        errors=errors or [],
        browser=browser_of,
    )
    return page, code


def account() -> ResponseReturnValue:
    """The page."""
    return _page()


def change_password() -> ResponseReturnValue:
    """Choose another password; other sessions end."""
    new = request.form.get("password", "")
    if new != request.form.get("again", ""):
        return _page(422, errors=[_("The two passwords differ.")])
    mine, keep = _mine().id, _token()
    try:
        with writing() as work:
            services.set_password(work, mine, new, current=request.form.get("current", ""), keep=keep)
    except Invalid as error:
        return _page(422, errors=[_(sentence) for some in error.errors.values() for sentence in some])
    toast(_("Your password was changed. Other browsers were signed out."))
    return redirect(url_for("users.account"), 303)


def choose_language() -> ResponseReturnValue:
    """Choose the language of one's own pages."""
    wanted = request.form.get("language", "")
    with writing() as work:
        services.set_locale(work, wanted if wanted in state().catalogues.languages() else "")
    refresh()
    toast(_("Saved."))
    return redirect(url_for("users.account"), 303)


def sign_out_elsewhere() -> ResponseReturnValue:
    """End all other sessions."""
    keep = _token()
    with writing() as work:
        count = services.sign_out_elsewhere(work, keep)
    toast(ngettext("%(num)d other browser was signed out.", "%(num)d other browsers were signed out.", count))
    return redirect(url_for("users.account"), 303)


def browser_of(session: UserSession) -> str:
    """What to call the browser of a session."""
    agent = session.agent
    browser = next((name for name in ("Firefox", "Edg", "OPR", "Chrome", "Safari") if name in agent), "")
    system = next((name for name in ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux") if name in agent), "")
    known = {"Edg": "Edge", "OPR": "Opera"}.get(browser, browser)
    if known and system:
        return str(_("%(browser)s on %(system)s", browser=known, system=system))
    return known or re.split(r"[\s/(]", agent)[0] or str(_("Unknown browser"))


def add_account_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/account", view_func=account)
    add("/account/password", view_func=change_password, methods=["POST"])
    add("/account/language", view_func=choose_language, methods=["POST"])
    add("/account/sessions", view_func=sign_out_elsewhere, methods=["POST"])
