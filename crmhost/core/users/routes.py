"""The door: signing in and out, the code of the second step, the password once more."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...errors import Invalid
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
from ...web.signin import KEPT_FIELD, KeptForm, first_things, show_kept
from ...web.state import state
from ...work.unit import Actor
from . import entering, openid_settings, services
from .account import add_account_pages
from .admin import add_user_pages
from .audit_pages import add_audit_pages
from .browsers import new_token
from .entering import SignedIn, TicketGone, TooManyAttempts, key_of
from .link_pages import add_link_pages
from .openid_pages import add_openid_pages
from .second_pages import add_second_pages

blueprint = Blueprint("users", __name__)

#: Cookie by which a browser is known that signed in before; it lets nobody in.
BROWSER = "crmhost_browser"
#: How long the browser keeps the cookie of somebody who wants to stay signed in, and the one by which it is known.
_STAYS = dt.timedelta(days=30)
_KNOWN = dt.timedelta(days=400)


def agent() -> str:
    """What the browser calls itself."""
    return request.headers.get("User-Agent", "")


def sign_in_page(*, kept: KeptForm | None = None, error: str = "", email: str = "") -> str:
    """The sign-in page.

    :param kept: a form that was sent without a sign-in; it is offered again afterwards.
    """
    work = current_work()
    return render_template(
        "users/sign_in.html",
        kept=kept,
        error=error,
        email=email,
        back=local_path(request.values.get("next")) or "",
        provider=openid_settings.provider(work),
        passwords=openid_settings.passwords_allowed(work),
    )


def code_page(ticket: str, back: str, *, kept: KeptForm | None = None, error: str = "", trust: bool = False) -> str:
    """The page that asks for the code of the authenticator app."""
    return render_template("users/code.html", ticket=ticket, back=back, kept=kept, error=error, trust=trust)


def confirm_page(*, kept: KeptForm | None = None, error: str = "") -> str:
    """The page that asks for the password once more, before something dangerous."""
    person = current_person()
    assert person is not None
    work = current_work()
    return render_template(
        "users/confirm.html",
        kept=kept,
        error=error,
        back=local_path(request.values.get("next")) or "",
        user=services.get(work, person.id),
        provider=openid_settings.provider(work),
    )


def browser_token() -> str:
    """The token by which this browser is known, a new one when it has none."""
    known = request.cookies.get(BROWSER, "")
    return known if 20 < len(known) < 100 and known.isascii() else new_token()


def let_in(answer: Response, token: str, *, stay: bool, browser: str = "") -> Response:
    """Gives the browser the token of its session, and the one by which it is known."""
    session.permanent = True
    secure = state().site.config.cookies_secure
    answer.set_cookie(COOKIE, token, max_age=_STAYS if stay else None, httponly=True, samesite="Lax", secure=secure)
    if browser:
        answer.set_cookie(BROWSER, browser, max_age=_KNOWN, httponly=True, samesite="Lax", secure=secure)
    return answer


def go_on(signed_in: SignedIn, browser: str, back: str, kept: KeptForm | None = None) -> ResponseReturnValue:
    """The answer to a step that was right: the page that was wanted, or the question for the code."""
    if not signed_in.token:
        return code_page(signed_in.ticket, back, kept=kept)
    use_actor(services.actor_for(signed_in.user, client_address()))
    answer = (
        redirect(back or "/", 303) if kept is None else make_response(show_kept(kept, _("You are signed in again.")))
    )
    return let_in(make_response(answer), signed_in.token, stay=signed_in.stay, browser=browser)


@blueprint.route("/login", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Sign in with e-mail and password."""
    back = local_path(request.values.get("next"))
    if request.method == "GET":
        return redirect(back or "/") if current_person() else sign_in_page()
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    kept = KeptForm.unpack(request.form.get(KEPT_FIELD, ""))
    work = use_actor(Actor("client", key_of(email)[:200] or _("visitor"), address=client_address()))
    browser = browser_token()
    try:
        signed_in = entering.sign_in(
            work, email, password, client_address(), agent(), browser=browser, stay="stay" in request.form
        )
    except TooManyAttempts as error:
        return sign_in_page(kept=kept, error=_(error.message), email=email), 429
    except Invalid as error:
        return sign_in_page(kept=kept, error=_(error.message), email=email), 422
    return go_on(signed_in, browser, back, kept)


@blueprint.route("/login/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """The second step: the code of the authenticator app, or a recovery code."""
    back = local_path(request.values.get("next"))
    if request.method == "GET":
        return redirect(back or "/" if current_person() else url_for("users.sign_in", next=back or None))
    kept = KeptForm.unpack(request.form.get(KEPT_FIELD, ""))
    ticket = request.form.get("ticket", "")
    given = (request.form.get("code", "").strip() or request.form.get("recovery", ""))[:100]
    trust = "trust" in request.form
    browser = browser_token()
    work = use_actor(Actor("client", _("visitor"), address=client_address()))
    try:
        signed_in = entering.second_step(work, ticket, given, client_address(), agent(), browser=browser, trust=trust)
    except TicketGone as error:
        return sign_in_page(kept=kept, error=_(error.message)), 422
    except TooManyAttempts as error:
        return code_page(ticket, back, kept=kept, error=_(error.message), trust=trust), 429
    except Invalid as error:
        return code_page(ticket, back, kept=kept, error=_(error.message), trust=trust), 422
    return go_on(signed_in, browser, back, kept)


@blueprint.route("/account/confirm", methods=["GET", "POST"])
@first_things
def confirm() -> ResponseReturnValue:
    """The password once more, before something dangerous."""
    person = current_person()
    assert person is not None
    if request.method == "GET":
        return confirm_page()
    kept = KeptForm.unpack(request.form.get(KEPT_FIELD, ""))
    try:
        entering.confirm(current_work(), person.token, request.form.get("password", ""), client_address())
    except TooManyAttempts as error:
        return confirm_page(kept=kept, error=_(error.message)), 429
    except Invalid as error:
        return confirm_page(kept=kept, error=_(error.message)), 422
    if kept is not None:
        return show_kept(kept, _("Thank you."))
    return redirect(local_path(request.form.get("next")) or url_for("users.account"), 303)


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


add_account_pages(blueprint)
add_second_pages(blueprint)
add_link_pages(blueprint)
add_openid_pages(blueprint)
add_user_pages(blueprint)
add_audit_pages(blueprint)
