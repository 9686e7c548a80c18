"""Pages of one's own second step: setting it up, recovery codes, switching it off."""

from __future__ import annotations

import segno
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from ...errors import Conflict, Invalid
from ...web.request import client_address, current_person, current_work, writing
from ...web.signin import asks_again, first_things
from ...web.toasts import toast
from . import browsers, entering, openid_settings, second, services
from .limits import TooManyAttempts
from .models import User


def _mine() -> User:
    person = current_person()
    assert person is not None
    return services.get(current_work(), person.id)


def _page(code: int = 200, *, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    work, user = current_work(), _mine()
    waiting = user.totp_at is None and bool(user.totp_secret)
    page = make_response(
        render_template(
            "users/second_step.html",
            user=user,
            picture=_picture(second.address(work, user)) if waiting else "",
            secret=second.secret(work, user) if waiting else "",
            left=second.codes_left(work, user.id),
            trusted=browsers.trusted_count(work, user.id),
            required=user.role.name in second.required_roles(work),
            after_openid=openid_settings.code_after_openid(work),
            errors=errors or {},
        ),
        code,
    )
    page.headers["Cache-Control"] = "no-store"
    return page


def _picture(address: str) -> Markup:
    """The secret as a picture that apps read: dark on light, whatever the page's colours are."""
    drawn = segno.make(address, error="l", micro=False).svg_inline(
        scale=5, border=3, dark="#000", light="#fff", svgclass="crm-qr", lineclass=None
    )
    return Markup(drawn)  # noqa: S704  # made of numbers alone


@first_things
@asks_again
def second_step() -> ResponseReturnValue:
    """What is set, and the next thing to do."""
    return _page()


@first_things
@asks_again
def begin() -> ResponseReturnValue:
    """Makes the secret that the app is to learn."""
    with writing() as work:
        second.begin(work, services.get(work, _mine().id))
    return redirect(url_for("users.second_step"), 303)


@first_things
@asks_again
def switch_on() -> ResponseReturnValue:
    """Switches the second step on, with a first code; shows the recovery codes."""
    try:
        with writing() as work:
            codes = second.confirm(work, services.get(work, _mine().id), request.form.get("code", ""))
    except Invalid as error:
        return _page(422, errors={"code": _(error.message)})
    except Conflict:
        return redirect(url_for("users.second_step"), 303)
    return _codes_page(codes, new=True)


def _codes_page(codes: list[str], *, new: bool = False) -> ResponseReturnValue:
    answer = make_response(render_template("users/recovery_codes.html", codes=codes, new=new))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@asks_again
def new_codes() -> ResponseReturnValue:
    """Ten new recovery codes."""
    if _mine().totp_at is None:
        return redirect(url_for("users.second_step"), 303)
    with writing() as work:
        codes = second.new_recovery_codes(work, services.get(work, _mine().id))
    return _codes_page(codes)


@first_things
@asks_again
def switch_off() -> ResponseReturnValue:
    """Ends the second step for who gives the password, or the setting up of it."""
    person, user = current_person(), _mine()
    assert person is not None
    if user.totp_at is not None and user.password:
        try:
            entering.confirm(current_work(), person.token, request.form.get("password", ""), client_address())
        except TooManyAttempts as error:
            return _page(429, errors={"password": _(error.message)})
        except Invalid as error:
            return _page(422, errors={"password": _(error.message)})
    was_on = user.totp_at is not None
    with writing() as work:
        second.switch_off(work, services.get(work, user.id))
    if was_on:
        toast(_("The second step is off."))
    return redirect(url_for("users.account"), 303)


def distrust() -> ResponseReturnValue:
    """Every browser is asked for a code again."""
    with writing() as work:
        browsers.distrust(work, _mine().id)
    toast(_("Every browser is asked for a code again."))
    return redirect(url_for("users.second_step"), 303)


def add_second_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/account/second-step", view_func=second_step)
    add("/account/second-step/begin", endpoint="second_begin", view_func=begin, methods=["POST"])
    add("/account/second-step/on", endpoint="second_on", view_func=switch_on, methods=["POST"])
    add("/account/second-step/codes", endpoint="second_codes", view_func=new_codes, methods=["POST"])
    add("/account/second-step/off", endpoint="second_off", view_func=switch_off, methods=["POST"])
    add("/account/second-step/ask-everywhere", endpoint="second_distrust", view_func=distrust, methods=["POST"])
