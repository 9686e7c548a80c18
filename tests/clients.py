"""For tests: clients of a site who are signed in to the portal."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from crmhost.api import Actor, Contact, contacts, passwords
from crmhost.site import Site
from crmhost.testing import PASSWORD, Host
from plugins.portal import arranging, details, entering, frame, sessions
from plugins.portal.api import Client
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


def door(site: Site) -> dict[str, str]:
    """Addresses that contact 7 opens by mailed links, by a name for each, and by one that is over."""
    with site.work() as work, work.begin():
        mine = work.session.scalars(select(Account).where(Account.contact_id == 7)).one()
        contact = work.session.get_one(Contact, 7)
        kinds = {"open_link": "sign_in", "new_password": "password"}
        tokens = {name: entering.new_token(work, mine, contact, kind) for name, kind in kinds.items()}
    found = {"open_link": f"link/{tokens['open_link']}", "new_password": f"new-password/{tokens['new_password']}"}
    return {f"portal-{name}": f"{frame.PATH}/{path}" for name, path in {**found, "link_over": "link/none"}.items()}


def some(site: Site) -> None:
    """Contact 7 has access, wants details changed, and finds a page that the site wrote."""
    with site.work() as work, work.begin():
        work.session.add(Account(contact_id=7, created_at=work.now, last_at=work.now))
        details.choose(work, {"last_name": "ask", "address1": "ask", "status": "read", "tags": "read"})
        text = "<p>Dear {{ contact.first_name }},</p><ul><li>by train to the old station,</li><li>then left.</li></ul>"
        arranging.save_page(work, "How to find us", text)
        contact = contacts.get(work, 7)
        me = Client(7, contact.name, contact.email, "", Actor("client", contact.name, contact_ids=frozenset({7})))
        wanted = {"last_name": "Park-Lovelace", "address1_line1": "12 Rue de la République", "address1_city": "Lyon"}
        shown = {"last_name": contact.last_name, "address1_line1": "", "address1_city": ""}
        details.save(work.as_actor(me.actor), me, wanted, shown, version=None)
