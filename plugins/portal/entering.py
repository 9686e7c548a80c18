"""Signing in: with e-mail and password, or with a mailed link. No answer tells, by words or time, whether an address is known.

``sign_in`` and ``change_password`` own their transactions, unlike other services: a password is checked outside of one, because
that takes long on purpose, and a failure has to be kept.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import NamedTuple

from sqlalchemy import delete, select

from crmhost.api import Actor, Contact, ContactEmail, Invalid, NotFound, Work, limits, passwords, users

from . import sessions, settings
from .models import Account, Token

#: Failed sign-ins after which one account at one address, one account, and one address must wait.
PER_PAIR, PER_ACCOUNT, PER_ADDRESS = 5, 30, 50
#: How often within an hour links are mailed to one address, and asked for from one place.
LINKS_TO, LINKS_FROM = 3, 20
_HOUR = dt.timedelta(hours=1)
#: How long links of each kind hold.
HOLDS = {"welcome": dt.timedelta(days=7), "sign_in": dt.timedelta(minutes=10), "password": _HOUR}
MAIL = "portal.mail"


class Entered(NamedTuple):
    """Who came in.

    :param token: for the browser.
    """

    account: Account
    contact: Contact
    token: str


def actor_of(contact: Contact, address: str) -> Actor:
    """A client as who acts."""
    return Actor("client", contact.name[:120], address=address, contact_ids=frozenset({contact.id}))


def find(work: Work, email: str) -> tuple[Account, Contact] | None:
    """The account of an address that may come in, enabled, of a contact who was not deleted."""
    row = work.session.execute(
        select(Account, Contact)
        .join(Contact, Contact.id == Account.contact_id)
        .join(ContactEmail, ContactEmail.contact_id == Contact.id)
        .where(
            ContactEmail.email_key == users.key_of(email),
            ContactEmail.main,
            ContactEmail.active,
            Account.enabled.is_(True),
            Contact.deleted_at.is_(None),
        )
    ).one_or_none()
    return (row[0], row[1]) if row is not None else None


# --- password ---------------------------------------------------------------------------------------------------------


def sign_in(
    work: Work, email: str, password: str, *, address: str = "", agent: str = "", stay: bool = False
) -> Entered:
    """Opens a session for the right e-mail and password. Outside ``work.begin()``.

    :raises limits.TooManyAttempts: when it failed too often from this address or for this account.
    :raises Invalid: when they do not fit; it does not say why.
    """
    tries, last = _take(work, email, address)
    found = find(work, email)
    stored = found[0].password if found is not None else ""
    right = passwords.fits(stored, password)
    new_hash = passwords.hash_password(password) if right and passwords.outdated(stored) else ""
    with work.begin():
        # Whoever was disabled, or got another password, while this one was checked, stays out.
        found = find(work, email)
        if found is not None and right and found[0].password == stored and not _over(work, found[0]):
            account, contact = found
            limits.give_back(work, tries)
            limits.forget(work, _pair(email, address))
            account.password = new_hash or stored
            return _let_in(work, account, contact, way="password", stay=stay, address=address, agent=agent)
        after = {"email": users.key_of(email), "address": address}
        work.audit("portal.sign_in_failed", "portal", "", after=after)
        if last:
            work.audit("portal.locked_out", "portal", "", after={**after, "minutes": limits.WINDOW.seconds // 60})
    raise Invalid({"": ["E-mail and password do not fit. Check both, or have a link mailed to you."]})


def _over(work: Work, account: Account) -> bool:
    until = account.temporary_until
    return account.temporary and until is not None and until < work.now


def _let_in(
    work: Work, account: Account, contact: Contact, *, way: str, stay: bool, address: str, agent: str
) -> Entered:
    token = sessions.open_session(work, account, contact, way=way, stay=stay, address=address, agent=agent)
    client = work.as_actor(actor_of(contact, address))
    client.audit("portal.signed_in", "contact", contact.id, after={"address": address, "way": way})
    return Entered(account, contact, token)


def _take(work: Work, email: str, address: str) -> tuple[list[int], bool]:
    keys = {_pair(email, address): PER_PAIR, f"portal account {users.key_of(email)}": PER_ACCOUNT}
    with work.begin():
        return limits.take(work, {**keys, f"portal address {address}": PER_ADDRESS})


def _pair(email: str, address: str) -> str:
    return f"portal pair {address} {users.key_of(email)}"


def change_password(
    work: Work, account_id: int, new: str, *, current: str | None, keep: str, address: str = ""
) -> None:
    """Stores another password; other browsers are signed out. Outside ``work.begin()``.

    :param current: the one that holds now; ``None`` where it was just given, or there is none.
    :param keep: token of the browser that stays signed in.
    :raises limits.TooManyAttempts: :raises Invalid: by field.
    """
    account = work.session.get_one(Account, account_id)
    contact = work.session.get_one(Contact, account.contact_id)
    stored, email = account.password, contact.email
    tries: list[int] = []
    if current is not None:
        tries, _last = _take(work, email, address)
        if not passwords.fits(stored, current):
            raise Invalid({"current": ["That is not your password."]})
    if wrong := problems(work, contact, new):
        raise Invalid({"password": wrong})
    if passwords.fits(stored, new):
        raise Invalid({"password": ["Choose another one than the one you had."]})
    chosen = passwords.hash_password(new)
    with work.begin():
        if tries:
            limits.give_back(work, tries)
        account = work.session.get_one(Account, account_id, with_for_update=True)
        if account.password != stored:
            raise Invalid({"password": ["The password was changed meanwhile. Sign in once more."]})
        _store(work, account, chosen, keep=keep)


def problems(work: Work, contact: Contact, password: str) -> list[str]:
    """What is wrong with a new password for a client; empty when it can be taken."""
    return passwords.problems(password, contact.email, contact.name, str(work.settings.get("site.name") or ""))


def _store(work: Work, account: Account, chosen: str, *, keep: str = "") -> None:
    account.password, account.temporary, account.temporary_until = chosen, False, None
    work.session.flush()
    sessions.end_all(work, [account.id], but=keep)
    work.audit("portal.password_changed", "contact", account.contact_id)


# --- links ------------------------------------------------------------------------------------------------------------


def ask(work: Work, email: str, kind: str, address: str) -> None:
    """Wants a link mailed, inside ``work.begin()``. Whether there is an account the job finds out later: here nothing differs.

    :param kind: sign_in, password, or welcome (access that is asked for, where the site allows it).
    :raises limits.TooManyAttempts: when it was asked for too often from this place.
    """
    limits.take(work, {f"portal link from {address}": LINKS_FROM}, _HOUR)
    to = {f"portal link to {users.key_of(email)}"[:300]: LINKS_TO}
    try:
        limits.take(work, to, _HOUR)
    except limits.TooManyAttempts:
        return
    if kind != "welcome" or work.settings.get(settings.ASK):
        work.enqueue(MAIL, kind=kind, email=users.key_of(email), address=address, base_url="")


def new_token(work: Work, account: Account, contact: Contact, kind: str) -> str:
    """A token for a link; an earlier one of this kind no longer works."""
    work.session.execute(delete(Token).where(Token.account_id == account.id, Token.kind == kind))
    token = secrets.token_urlsafe(32)
    made = Token(
        token_hash=sessions.hashed(token),
        account_id=account.id,
        kind=kind,
        email_key=sessions.user_name(contact),
        expires_at=work.now + HOLDS[kind],
    )
    work.session.add(made)
    work.session.flush()
    return token


def holder(work: Work, token: str, *, lock: bool = False) -> tuple[Token, Account, Contact] | None:
    """Whose link this is, while it holds.

    :param lock: others who bring the same one wait until this unit is over.
    """
    wanted = select(Token).where(Token.token_hash == sessions.hashed(token), Token.expires_at > work.now)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = work.session.scalar(wanted)
    if found is None:
        return None
    row = work.session.execute(
        select(Account, Contact)
        .join(Contact, Contact.id == Account.contact_id)
        .where(Account.id == found.account_id, Account.enabled.is_(True), Contact.deleted_at.is_(None))
    ).one_or_none()
    if row is None or sessions.user_name(row[1]) != found.email_key:
        return None
    return found, row[0], row[1]


def enter(work: Work, token: str, *, address: str = "", agent: str = "") -> Entered:
    """Opens a session for who brings a link to sign in, inside ``work.begin()``; it works once.

    :raises NotFound: when it no longer holds.
    """
    account, contact = _use(work, token, "sign_in", "welcome")
    return _let_in(work, account, contact, way="link", stay=False, address=address, agent=agent)


def choose_password(work: Work, token: str, password: str, *, address: str = "") -> None:
    """Stores a new password for who brings a link for that, inside ``work.begin()``; it works once, every browser is signed out.

    :raises NotFound: when it no longer holds. :raises Invalid: when the password can't be taken; the link stays.
    """
    found = holder(work, token, lock=True)
    if found is None or found[0].kind != "password":
        raise NotFound("link", "")
    if wrong := problems(work, found[2], password):
        raise Invalid({"password": wrong})
    account, contact = _use(work, token, "password")
    _store(work.as_actor(actor_of(contact, address)), account, passwords.hash_password(password))


def _use(work: Work, token: str, *kinds: str) -> tuple[Account, Contact]:
    found = holder(work, token, lock=True)
    if found is None or found[0].kind not in kinds:
        raise NotFound("link", "")
    row, account, contact = found
    gone = delete(Token).where(Token.token_hash == row.token_hash).returning(Token.token_hash)
    work.session.expunge(row)
    if work.session.execute(gone).first() is None:
        raise NotFound("link", "")
    return account, contact
