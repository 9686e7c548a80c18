"""Pages of one's own account: password, language, open sessions."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext, refresh

from ...errors import Invalid
from ...web.i18n import language_names
from ...web.request import client_address, current_person, current_work, writing
from ...web.signin import asks_again
from ...web.state import state
from ...web.toasts import toast
from . import browsers, entering, openid, second, services
from .limits import TooManyAttempts
from .models import User, UserSession
from .sessions import end_session, number_of
from .tickets import hashed


def _mine() -> User:
    person = current_person()
    assert person is not None
    return services.get(current_work(), person.id)


def _token() -> str:
    person = current_person()
    assert person is not None
    return person.token


def _page(code: int = 200, *, errors: list[str] | None = None) -> ResponseReturnValue:
    work, user = current_work(), _mine()
    page = render_template(
        "users/account.html",
        user=user,
        role=user.role,
        sessions=services.sessions(work, user),
        here=hashed(_token()),
        number_of=number_of,
        left=second.codes_left(work, user.id) if user.totp_at else 0,
        linked=openid.linked(work, user.id),
        languages=language_names(state().catalogues.languages()),
        errors=errors or [],
        browser=browser_of,
    )
    return page, code


def account() -> ResponseReturnValue:
    """The page."""
    return _page()


@asks_again
def change_password() -> ResponseReturnValue:
    """Choose another password; other sessions end."""
    new, current = request.form.get("password", ""), request.form.get("current", "")
    if new != request.form.get("again", ""):
        return _page(422, errors=[_("The two passwords differ.")])
    mine, keep = _mine().id, _token()
    try:
        if _mine().password:
            # Limited as signing in is: nobody guesses it at a screen that was left open.
            entering.confirm(current_work(), keep, current, client_address())
        with writing() as work:
            services.set_password(work, mine, new, current=current, keep=keep)
    except TooManyAttempts as error:
        return _page(429, errors=[_(error.message)])
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


def sign_out_one() -> ResponseReturnValue:
    """End one other session."""
    number = request.form.get("session", "")
    with writing() as work:
        ended = end_session(work, services.get(work, _mine().id), number)
    if ended is not None:
        toast(_("%(browser)s was signed out.", browser=browser_of(ended)))
    return redirect(url_for("users.account"), 303)


def browser_of(session: UserSession) -> str:
    """What to call the browser of a session."""
    return browser_name(session.agent)


def browser_name(agent: str) -> str:
    """What to call a browser by its User-Agent: “Firefox on Linux”."""
    browser, system = browsers.called(agent)
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return browser or str(_("Unknown browser"))


def add_account_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/account", view_func=account)
    add("/account/password", view_func=change_password, methods=["POST"])
    add("/account/language", view_func=choose_language, methods=["POST"])
    add("/account/sessions", view_func=sign_out_elsewhere, methods=["POST"])
    add("/account/sessions/end", endpoint="sign_out_one", view_func=sign_out_one, methods=["POST"])
