"""The door: signing in and out, taking up an invitation."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...errors import CrmError, Invalid, NotFound
from ...web.request import (
    COOKIE,
    client_address,
    current_person,
    current_work,
    local_path,
    public,
    use_actor,
    writing,
)
from ...web.signin import KEPT_FIELD, KeptForm, show_kept
from ...web.state import state
from ...work.unit import Actor
from . import services
from .account import add_account_pages
from .admin import add_user_pages
from .audit_pages import add_audit_pages
from .sessions import TooManyAttempts, key_of

blueprint = Blueprint("users", __name__)

#: How long the browser keeps the cookie of somebody who wants to stay signed in.
_STAYS = dt.timedelta(days=30)


def sign_in_page(*, kept: KeptForm | None = None, error: str = "", email: str = "") -> str:
    """The sign-in page.

    :param kept: a form that was sent without a sign-in; it is offered again afterwards.
    """
    back = local_path(request.values.get("next")) or ""
    return render_template("users/sign_in.html", kept=kept, error=error, email=email, back=back)


def let_in(answer: Response, token: str, *, stay: bool) -> Response:
    """Gives the browser the token of its session."""
    answer.set_cookie(
        COOKIE,
        token,
        max_age=_STAYS if stay else None,
        httponly=True,
        samesite="Lax",
        secure=state().site.config.cookies_secure,
    )
    return answer


@blueprint.route("/login", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Sign in with e-mail and password."""
    back = local_path(request.values.get("next")) or "/"
    if request.method == "GET":
        return redirect(back) if current_person() else sign_in_page()
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    kept = KeptForm.unpack(request.form.get(KEPT_FIELD, ""))
    work = use_actor(Actor("client", key_of(email)[:200] or _("visitor"), address=client_address()))
    try:
        user, token = services.sign_in(work, email, password, client_address(), request.headers.get("User-Agent", ""))
        actor = services.actor_for(user, client_address())
    except TooManyAttempts as error:
        said = _("Signing in failed too often. Try again in %(minutes)s minutes.", minutes=error.minutes)
        return sign_in_page(kept=kept, error=said, email=email), 429
    except Invalid as error:
        return sign_in_page(kept=kept, error=_(error.message), email=email), 422
    session.permanent = True
    use_actor(actor)
    answer = redirect(back, 303) if kept is None else make_response(show_kept(kept, _("You are signed in again.")))
    return let_in(make_response(answer), token, stay="stay" in request.form)


@blueprint.post("/logout")
@public
def sign_out() -> ResponseReturnValue:
    """End this session."""
    token = request.cookies.get(COOKIE)
    if token:
        with writing() as work:
            services.sign_out(work, token)
    session.clear()
    answer = make_response(redirect(url_for("users.sign_in"), 303))
    answer.delete_cookie(COOKIE)
    return answer


@blueprint.route("/invitation/<token>", methods=["GET", "POST"])
@public
def invitation(token: str) -> ResponseReturnValue:
    """Take up an invitation by choosing a password."""
    user = services.invited(current_work(), token)
    if user is None:
        return render_template("users/invitation.html", user=None, errors=[]), 404
    if request.method == "GET":
        return render_template("users/invitation.html", user=user, errors=[])
    password, email = request.form.get("password", ""), user.email
    if password != request.form.get("again", ""):
        return render_template("users/invitation.html", user=user, errors=[_("The two passwords differ.")]), 422
    try:
        with writing() as work:
            user = services.accept_invitation(work, token, password)
            opened = services.open_session(work, user, client_address(), request.headers.get("User-Agent", ""))
    except NotFound:
        abort(404)
    except CrmError as error:
        again = services.find_by_email(current_work(), email)
        return render_template("users/invitation.html", user=again, errors=[_(error.message)]), 422
    session.permanent = True
    return let_in(make_response(redirect("/", 303)), opened, stay=False)


add_account_pages(blueprint)
add_user_pages(blueprint)
add_audit_pages(blueprint)
