"""For tests: clients of a site who are signed in to the portal."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from crmhost.api import Contact, passwords
from crmhost.site import Site
from crmhost.testing import PASSWORD, Host
from plugins.portal import frame, sessions
from plugins.portal.models import Account


def account(site: Host | Site, contact_id: int, *, password: str = PASSWORD, **fields: Any) -> int:
    """Gives a contact access with a password that they chose; gives the number of the account."""
    with site.work() as work, work.begin():
        found = work.session.scalar(select(Account).where(Account.contact_id == contact_id))
        made = found or Account(contact_id=contact_id, created_at=work.now)
        made.password = passwords.hash_password(password) if password else ""
        for name, value in fields.items():
            setattr(made, name, value)
        work.session.add(made)
        work.session.flush()
        return int(made.id)


def sign_in(site: Host, contact_id: int, **fields: Any) -> FlaskClient:
    """The browser of a contact who is signed in; they get access when they have none."""
    browser = site.client("")
    browser.set_cookie(frame.COOKIE, session_token(site, contact_id, **fields), path=frame.PATH)
    return browser


def session_token(site: Host | Site, contact_id: int, **fields: Any) -> str:
    """What the cookie of a contact who is signed in holds."""
    number = account(site, contact_id, **fields)
    with site.work() as work, work.begin():
        mine = work.session.get_one(Account, number)
        contact = work.session.get_one(Contact, contact_id)
        return sessions.open_session(work, mine, contact, way="password")


def rules(app: Flask) -> list[tuple[Rule, str]]:
    """Each address below the portal with each method that it takes, but for what catches all others."""
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{frame.PATH}/") and rule.endpoint != "portal.anything"
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
