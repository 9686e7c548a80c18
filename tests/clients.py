"""For tests: clients of a site who are signed in to the portal."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from crmhost.api import Contact, passwords
from crmhost.testing import PASSWORD, Host
from plugins.portal import frame, sessions
from plugins.portal.models import Account


def account(site: Host, contact_id: int, *, password: str = PASSWORD, **fields: Any) -> int:
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
    number = account(site, contact_id, **fields)
    with site.work() as work, work.begin():
        mine = work.session.get_one(Account, number)
        contact = work.session.get_one(Contact, contact_id)
        token = sessions.open_session(work, mine, contact, way="password")
    browser = site.client("")
    browser.set_cookie(frame.COOKIE, token, path=frame.PATH)
    return browser
