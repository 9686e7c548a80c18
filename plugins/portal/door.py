"""The door of the portal: signing in and out, links that were mailed, asking for one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, make_response

from crmhost.api import Actor, CrmError, Invalid, NotFound, limits, mail
from crmhost.web.api import (
    Response,
    client_address,
    current_work,
    gettext,
    guessed,
    local_path,
    public,
    redirect,
    render_template,
    request,
    toast,
    unlisted,
    url_for,
    use_actor,
    writing,
)

from . import entering, frame, sessions, settings
from .entering import Entered

_KINDS = {"sign_in": "Mail me a link to sign in", "password": "Choose a new password", "welcome": "Ask for access"}


def agent() -> str:
    """What the browser calls itself."""
    return request.headers.get("User-Agent", "")


def back() -> str:
    """Where the client wanted to go, when that is a page of the portal."""
    path = local_path(request.values.get("next"))
    return path if path.startswith(f"{frame.PATH}/") else ""


def let_in(entered: Entered) -> Response:
    """Gives the browser the token of its session, always a new one, and leads on."""
    answer = make_response(redirect(back() or url_for("portal.home"), 303))
    stay = sessions.STAYS if "stay" in request.form else None
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    answer.set_cookie(
        frame.COOKIE, entered.token, max_age=stay, httponly=True, samesite="Lax", secure=secure, path=frame.PATH
    )
    answer.delete_cookie(frame.PREVIEW, path=frame.PATH)
    return answer


def _page(template: str, code: int = 200, **context: Any) -> Response:
    answer = unlisted(render_template(f"portal/{template}.html", back=back(), **context))
    answer.status_code = code
    return answer


def _visitor(name: str = "") -> Any:
    return use_actor(Actor("client", name[:200] or gettext("visitor"), address=client_address()))


@public(apart=True)
def sign_in() -> Any:
    """Sign in with e-mail and password."""
    ask = bool(current_work().settings.get(settings.ASK))
    if request.method == "GET":
        return redirect(back() or url_for("portal.home")) if frame.current_visit() else _page("sign_in", ask=ask)
    email, password = request.form.get("email", "").strip()[:254], request.form.get("password", "")[:2000]
    work = _visitor(email)
    stay = "stay" in request.form
    try:
        entered = entering.sign_in(work, email, password, address=client_address(), agent=agent(), stay=stay)
    except limits.TooManyAttempts as error:
        return _page("sign_in", 429, ask=ask, email=email, error=gettext(error.message))
    except Invalid as error:
        return _page("sign_in", 422, ask=ask, email=email, error=gettext(error.message))
    return let_in(entered)


@public(apart=True)
def ask_link() -> Any:
    """Ask for a link. The answer is the same whether somebody has the address or not."""
    work = current_work()
    kind = request.values.get("kind", "sign_in")
    if kind not in _KINDS or (kind == "welcome" and not work.settings.get(settings.ASK)):
        return frame.missing()
    told = {"kind": kind, "title": gettext(_KINDS[kind]), "mails": mail.goes_out(work)}
    if request.method == "GET":
        return _page("ask", **told)
    email = request.form.get("email", "").strip()[:254]
    if "@" not in email:
        return _page("ask", 422, email=email, error=gettext("Give your e-mail address."), **told)
    _visitor(email)
    try:
        with writing() as work:
            entering.ask(work, email, kind, client_address())
    except limits.TooManyAttempts as error:
        return _page("ask", 429, email=email, error=gettext(error.message), **told)
    return _page("ask", email=email, asked=True, **told)


@public(apart=True)
def open_link(token: str) -> Any:
    """A mailed link to sign in: opening it shows a button, so that programs which look at mails don't use it up."""
    found = guessed(lambda: entering.holder(current_work(), token))
    if found is None or found[0].kind == "password":
        return _page("link_over", 404)
    if request.method == "GET":
        return _page("open", email=found[2].email, token=token)
    work = _visitor(found[2].name)
    try:
        with writing() as work:
            entered = entering.enter(work, token, address=client_address(), agent=agent())
    except NotFound:
        return _page("link_over", 404)
    return let_in(entered)


@public(apart=True)
def new_password(token: str) -> Any:
    """Choose a new password, with a mailed link."""
    found = guessed(lambda: entering.holder(current_work(), token))
    if found is None or found[0].kind != "password":
        return _page("link_over", 404)
    email = found[2].email
    if request.method == "GET":
        return _page("new_password", email=email)
    password = request.form.get("password", "")[:2000]
    if password != request.form.get("again", ""):
        return _page("new_password", 422, email=email, error=gettext("The two passwords differ."))
    work = _visitor(found[2].name)
    try:
        with writing() as work:
            entering.choose_password(work, token, password, address=client_address())
    except NotFound:
        return _page("link_over", 404)
    except CrmError as error:
        return _page("new_password", 422, email=email, error=first_sentence(error))
    toast(gettext("Your password was stored. Sign in with it."))
    return redirect(url_for("portal.sign_in"), 303)


def first_sentence(error: CrmError) -> str:
    """What an error says, of several fields the first."""
    errors = getattr(error, "errors", None) or {}
    return str(gettext(next((said[0] for said in errors.values() if said), error.message)))


@public(apart=True)
def sign_out() -> Any:
    """End this session."""
    token = request.cookies.get(frame.COOKIE, "")
    if token:
        with writing() as work:
            sessions.end(work, token)
    answer = make_response(redirect(url_for("portal.sign_in"), 303))
    answer.delete_cookie(frame.COOKIE, path=frame.PATH)
    return answer


@public(apart=True)
def end_preview() -> Any:
    """End looking at the portal as a client."""
    visit = frame.current_visit()
    token = request.cookies.get(frame.PREVIEW, "")
    if token:
        with writing() as work:
            sessions.end(work, token)
    preview = visit is not None and visit.client.preview
    place = f"/contacts/{visit.client.contact_id}" if visit is not None and preview else url_for("portal.sign_in")
    answer = make_response(redirect(place, 303))
    answer.delete_cookie(frame.PREVIEW, path=frame.PATH)
    return answer


@public(apart=True)
def seen() -> Any:
    """The page says that a person has it before them: that is a visit, unless it is a preview."""
    token = request.cookies.get(frame.COOKIE, "")
    visit = frame.current_visit()
    if token and visit is not None and not visit.client.preview:
        with writing() as work:
            sessions.seen(work, token)
    return "", 204


def add_door(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/sign-in", view_func=sign_in, methods=["GET", "POST"])
    add("/sign-out", view_func=sign_out, methods=["POST"])
    add("/link", view_func=ask_link, methods=["GET", "POST"])
    add("/link/<token>", view_func=open_link, methods=["GET", "POST"])
    add("/new-password/<token>", view_func=new_password, methods=["GET", "POST"])
    add("/preview/end", view_func=end_preview, methods=["POST"])
    add("/seen", view_func=seen, methods=["POST"])
