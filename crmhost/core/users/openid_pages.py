"""Pages of signing in through an OpenID provider, and the settings of how people sign in."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...contributions import Setting
from ...errors import CrmError
from ...messages import Message
from ...web.forms import ChoicesField, Form, Section
from ...web.request import client_address, current_work, local_path, public, requires, use_actor, writing
from ...web.signin import asks_again
from ...web.state import state
from ...web.toasts import toast
from ...work.unit import Actor
from ..settings import services as settings
from ..settings.forms import raw_values, settings_form
from . import openid, openid_settings, second
from .limits import TooManyAttempts
from .openid_protocol import OpenIdError
from .roles import all_roles

#: Cookie with the state that a browser took to the provider and has to bring back.
STATE = "crmhost_openid"
_PATH = "/login/openid"


@public
def leave() -> ResponseReturnValue:
    """Sends the browser to the provider."""
    from .routes import sign_in_page

    back = local_path(request.form.get("next"))
    address = current_work().base_url + url_for("users.openid_back")
    work = use_actor(Actor("client", _("visitor"), address=client_address()))
    try:
        leaving = openid.leave(work, address, back, client_address())
    except TooManyAttempts as error:
        return sign_in_page(error=_(error.message)), 429
    except OpenIdError as error:
        return sign_in_page(error=_(error.message)), error.status
    # A page that leads on, for a form that is answered with an address elsewhere is stopped by the policy of the page before.
    answer = make_response(render_template("users/openid_leave.html", url=leaving.url))
    answer.headers["Cache-Control"] = "no-store"
    answer.set_cookie(
        STATE,
        leaving.state,
        max_age=openid.LASTS,
        path=_PATH,
        httponly=True,
        samesite="Lax",
        secure=state().site.config.cookies_secure,
    )
    return answer


@public
def come_back() -> ResponseReturnValue:
    """Takes the browser that comes back. The protocol wants a GET here, and its state makes it work once."""
    from .routes import agent, browser_token, go_on, sign_in_page

    browser = browser_token()
    work = use_actor(Actor("client", _("visitor"), address=client_address()))
    held = request.cookies.get(STATE, "")
    try:
        came = openid.come_back(work, request.args.to_dict(), held, client_address(), agent(), browser=browser)
    except OpenIdError as error:
        answer = make_response(sign_in_page(error=_(error.message)), error.status)
    else:
        answer = make_response(go_on(came.signed_in, browser, came.back))
    answer.headers["Cache-Control"] = "no-store"
    answer.delete_cookie(STATE, path=_PATH)
    return answer


# --- settings --------------------------------------------------------------------------------------------------------

_PARTS: tuple[tuple[str, str, dict[str, int]], ...] = (
    ("code", Message("Second step"), {second.ROLES: 6}),
    (
        "provider",
        Message("OpenID provider"),
        {
            openid_settings.ISSUER: 6,
            openid_settings.CLIENT: 3,
            openid_settings.SECRET: 3,
            openid_settings.LABEL: 3,
            openid_settings.DOMAINS: 3,
            openid_settings.NEW_USERS: 4,
            openid_settings.ROLE: 2,
            openid_settings.AFTER_OPENID: 6,
        },
    ),
    ("passwords", Message("Passwords"), {openid_settings.PASSWORDS: 6}),
)


def _declared() -> Sequence[Setting]:
    return openid_settings.SETTINGS


def _form() -> Form:
    work = current_work()
    names = [role.name for role in all_roles(work)]
    shown = [setting for setting in _declared() if setting.key != second.ROLES]
    plain = type(settings_form(work, shown))
    roles = ChoicesField(
        _("Roles that need a second step"),
        choices=[(name, _(name)) for name in names],
        description=_("Their users set up an authenticator app before they can go on."),
    )
    sections = [Section(name, _(title), fields) for name, title, fields in _PARTS]
    made = type("SignInForm", (plain,), {second.ROLES: roles, "sections": sections})
    data = {setting.key: work.settings.get(setting.key) for setting in shown if setting.kind != "secret"}
    data[openid_settings.DOMAINS] = ", ".join(data[openid_settings.DOMAINS] or ())
    form: Form = made(data={**data, second.ROLES: second.required_roles(work)})
    return form


@requires(openid_settings.PERMISSION)
@asks_again
def sign_in_settings() -> ResponseReturnValue:
    """How people sign in."""
    form = _form()
    if form.is_submitted() and form.validate():
        try:
            with writing() as work:
                changed = settings.set_many(work, raw_values(form, _declared()))
        except CrmError as error:
            form.take(error)
        else:
            toast(_("Saved.") if changed else _("Nothing was changed."), category="ok" if changed else "info")
            return redirect(url_for("users.sign_in_settings"), 303)
    return _settings_page(form), 422 if form.is_submitted() else 200


def _settings_page(form: Form, *, tried: str = "", failed: str = "") -> str:
    work = current_work()
    return render_template(
        "users/sign_in_settings.html",
        form=form,
        provider=openid_settings.provider(work),
        back=work.base_url + url_for("users.openid_back"),
        base_known=bool(state().site.config.base_url),
        tried=tried,
        failed=failed,
    )


@requires(openid_settings.PERMISSION)
@asks_again
def try_provider() -> ResponseReturnValue:
    """Asks the provider who it is, and shows what came of it."""
    try:
        tried = openid.try_provider(current_work())
    except OpenIdError as error:
        return _settings_page(_form_as_stored(), failed=_(error.reason)), error.status
    return _settings_page(_form_as_stored(), tried=tried)


def _form_as_stored() -> Form:
    form = _form()
    form.process(formdata=None, data={name: field.object_data for name, field in form._fields.items()})
    return form


def add_openid_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add(_PATH, endpoint="openid_leave", view_func=leave, methods=["POST"])
    add(f"{_PATH}/back", endpoint="openid_back", view_func=come_back)
    add("/settings/users/sign-in", view_func=sign_in_settings, methods=["GET", "POST"])
    add("/settings/users/sign-in/try", endpoint="try_openid", view_func=try_provider, methods=["POST"])
