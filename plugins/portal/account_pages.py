"""The client's own account: password, language, where they are signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, limits
from crmhost.web.api import (
    browser_name,
    client_address,
    current_work,
    gettext,
    language_choices,
    ngettext,
    redirect,
    render_template,
    request,
    toast,
    url_for,
    writing,
)

from . import entering, frame, sessions
from .api import Client
from .door import first_sentence
from .models import Account


def _page(code: int = 200, error: str = "") -> Any:
    visit = frame.current_visit()
    assert visit is not None
    work, account = current_work(), visit.account
    return (
        render_template(
            "portal/account.html",
            client=visit.client,
            account=account,
            first=visit.must_change,
            sessions=sessions.open_ones(work, account.id) if account is not None else [],
            here=visit.session.id,
            languages=language_choices(),
            browser=browser_name,
            error=error,
        ),
        code,
    )


def account(client: Client) -> Any:  # noqa: ARG001
    """The page."""
    return _page()


def change_password(client: Client) -> Any:
    """Choose another password; other browsers are signed out."""
    visit, new = frame.current_visit(), request.form.get("password", "")[:2000]
    assert visit is not None
    assert visit.account is not None
    assert client.account_id is not None
    # The session began with the mailed password: it is known that this is the client.
    current = request.form.get("current", "")[:2000] if visit.account.password and not visit.must_change else None
    if new != request.form.get("again", ""):
        return _page(422, gettext("The two passwords differ."))
    keep = request.cookies.get(frame.COOKIE, "")
    try:
        entering.change_password(
            current_work(), client.account_id, new, current=current, keep=keep, address=client_address()
        )
    except limits.TooManyAttempts as error:
        return _page(429, gettext(error.message))
    except CrmError as error:
        return _page(422, first_sentence(error))
    toast(gettext("Your password was changed. Other browsers were signed out."))
    return redirect(url_for("portal.home" if visit.must_change else "portal.account"), 303)


def choose_language(client: Client) -> Any:
    """Choose the language of the portal, and of mails from it."""
    wanted = request.form.get("language", "")
    if wanted and wanted not in dict(language_choices()):
        wanted = ""
    with writing() as work:
        mine = work.session.get_one(Account, client.account_id)
        mine.locale = wanted
    return redirect(url_for("portal.account"), 303)


def sign_out_elsewhere(client: Client) -> Any:
    """End all other sessions."""
    keep = request.cookies.get(frame.COOKIE, "")
    assert client.account_id is not None
    with writing() as work:
        number = sessions.end_all(work, [client.account_id], but=keep)
        if number:
            work.audit("portal.signed_out_elsewhere", "contact", client.contact_id, after={"sessions": number})
    toast(ngettext("%(num)d other browser was signed out.", "%(num)d other browsers were signed out.", number))
    return redirect(url_for("portal.account"), 303)


def add_account_pages(blueprint: Blueprint, for_clients: Callable[..., Callable[..., Any]]) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/account", "account", for_clients(account, first=True))
    add("/account/password", "change_password", for_clients(change_password, first=True), methods=["POST"])
    add("/account/language", "choose_language", for_clients(choose_language, first=True), methods=["POST"])
    add("/account/sessions", "sign_out_elsewhere", for_clients(sign_out_elsewhere), methods=["POST"])
