"""Mails that let a client in: written and handed over here, past the log of mails, which others may read."""

from __future__ import annotations

import datetime as dt
import secrets
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from crmhost.api import SYSTEM, Contact, ContactEmail, JobContext, Work, mail, passwords, users
from crmhost.web.api import paper_html

from . import accounts, entering, settings
from .models import Account

#: Letters of a temporary password: none that is mistaken for another. Twelve of them hold 58 bits.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
#: How long a temporary password lets somebody in.
TEMPORARY = dt.timedelta(days=7)


def send(
    job: JobContext, kind: str, account_id: int = 0, email: str = "", address: str = "", base_url: str = ""
) -> dict[str, Any] | None:
    """The job ``portal.mail``: makes the link or password, and mails it.

    :param kind: welcome (access was given), reset (a temporary password), sign_in and password (links that clients ask for).
    :param email: of who asks, which may be nobody's.
    :param base_url: of the site, as the user who gives access reached it; a stranger's word is not taken for it.
    """
    work = job.work
    base = work.base_url or base_url
    if not mail.goes_out(work) or urlsplit(base).scheme not in ("http", "https"):
        return {"message": "Nothing was mailed: mails do not leave this site, or its address is not known."}
    with work.begin():
        found = _whom(work, kind, account_id, email)
        if found is None:
            return None
        account, contact = found
        told: dict[str, Any] = {
            "kind": kind,
            "email": contact.email,
            "address": address,
            "site": _site(work),
            "base": base,
        }
        if kind == "reset" or (kind == "welcome" and work.settings.get(settings.WELCOME) == "password"):
            told["password"] = _temporary(work, account)
            told["link"] = f"{base}/portal/sign-in"
        else:
            path = "new-password" if kind == "password" else "link"
            told["link"] = f"{base}/portal/{path}/{entering.new_token(work, account, contact, kind)}"
        language = account.locale or str(work.settings.get("site.language") or "en")
        to, name, number = contact.email, contact.name, contact.id
        work.audit("portal.mailed", "contact", number, after={"kind": kind, "asked_from": address})
    html = paper_html(work, "portal/mail.html", language=language, **told)
    subject, _, body = html.partition("<!-- body -->")
    work.session.rollback()
    mail.hand_over(work, to=to, to_name=name, subject=" ".join(unescape(subject).split()), html=body)
    return {"message": "Sent."}


def _site(work: Work) -> str:
    return str(work.settings.get("site.name") or "crmhost")


def _whom(work: Work, kind: str, account_id: int, email: str) -> tuple[Account, Contact] | None:
    if account_id:
        account = work.session.get(Account, account_id, with_for_update=True)
        whose = work.session.get(Contact, account.contact_id) if account is not None else None
        if account is None or whose is None or not (account.enabled and whose.email) or whose.deleted_at is not None:
            return None
        return account, whose
    if kind != "welcome":
        return entering.find(work, email)
    key = users.key_of(email)
    contact = work.session.scalar(
        select(Contact)
        .join(ContactEmail, ContactEmail.contact_id == Contact.id)
        .where(ContactEmail.email_key == key, ContactEmail.main, ContactEmail.active, Contact.deleted_at.is_(None))
    )
    made = accounts.asked_for(work.as_actor(SYSTEM), contact) if contact is not None else None
    return (made, contact) if made is not None and contact is not None else None


def _temporary(work: Work, account: Account) -> str:
    """A new temporary password, of which only the hash is kept."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(12))
    password = "-".join(letters[at : at + 4] for at in range(0, 12, 4))
    account.password, account.temporary = passwords.hash_password(password), True
    account.temporary_until = work.now + TEMPORARY
    work.session.flush()
    return password
