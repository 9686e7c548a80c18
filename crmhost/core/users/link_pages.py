"""Pages behind links: taking up an invitation, asking for a new password, choosing it."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...errors import CrmError, NotFound
from ...web.request import client_address, current_work, public, writing
from ...web.state import state
from ...web.toasts import toast
from . import entering, links, openid_settings, services
from .limits import TooManyAttempts
from .models import User


def _chosen() -> tuple[str, list[str]]:
    """The password of the form, and what is wrong with it at once."""
    password = request.form.get("password", "")
    return password, [_("The two passwords differ.")] if password != request.form.get("again", "") else []


@public
def invitation(token: str) -> ResponseReturnValue:
    """Take up an invitation by choosing a password."""
    user = links.invited(current_work(), token)
    if user is None:
        return render_template("users/invitation.html", user=None, errors=[]), 404
    if request.method == "GET":
        return render_template("users/invitation.html", user=user, errors=[])
    from .routes import agent, browser_token, let_in

    password, errors = _chosen()
    if errors:
        return render_template("users/invitation.html", user=user, errors=errors), 422
    browser, opened = browser_token(), ""
    try:
        with writing() as work:
            user = links.accept_invitation(work, token, password)
            if user.totp_at is None and openid_settings.passwords_allowed(work):
                opened = entering.let_in(work, user, client_address(), agent(), browser=browser).token
    except NotFound:
        abort(404)
    except CrmError as error:
        again = links.invited(current_work(), token)
        return render_template("users/invitation.html", user=again, errors=[_(error.message)]), 422
    if not opened:
        return _sign_in_next()
    return let_in(make_response(redirect("/", 303)), opened, stay=False, browser=browser)


def _sign_in_next() -> ResponseReturnValue:
    toast(_("Your password was stored. Sign in with it."))
    return redirect(url_for("users.sign_in"), 303)


@public
def ask_reset() -> ResponseReturnValue:
    """Ask for a link to a new password. The answer is the same whether somebody has the address or not."""
    if request.method == "GET":
        return _reset_page()
    email = request.form.get("email", "").strip()[:254]
    if "@" not in email:
        return _reset_page(email=email, error=_("Give the e-mail with which you sign in.")), 422
    try:
        with writing() as work:
            links.ask_reset(work, email, client_address())
    except TooManyAttempts as error:
        return _reset_page(email=email, error=_(error.message)), 429
    return _reset_page(email=email, asked=True)


def _reset_page(*, email: str = "", error: str = "", asked: bool = False) -> str:
    mails = links.mails_go_out(current_work()) and bool(state().site.config.base_url)
    return render_template("users/forgotten.html", email=email, error=error, asked=asked, mails=mails)


@public
def reset(token: str) -> ResponseReturnValue:
    """Choose a new password, with a link."""
    user: User | None = links.reset_user(current_work(), token)
    if user is None:
        return render_template("users/reset.html", user=None, errors=[]), 404
    if request.method == "GET":
        return render_template("users/reset.html", user=user, errors=[])
    password, errors = _chosen()
    if errors:
        return render_template("users/reset.html", user=user, errors=errors), 422
    try:
        with writing() as work:
            links.reset_password(work.as_actor(services.actor_for(user, client_address())), token, password)
    except NotFound:
        abort(404)
    except CrmError as error:
        again = links.reset_user(current_work(), token)
        return render_template("users/reset.html", user=again, errors=[_(error.message)]), 422
    return _sign_in_next()


def add_link_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/invitation/<token>", view_func=invitation, methods=["GET", "POST"])
    add("/login/forgotten", endpoint="forgotten", view_func=ask_reset, methods=["GET", "POST"])
    add("/reset/<token>", view_func=reset, methods=["GET", "POST"])
