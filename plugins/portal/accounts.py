"""Access to the portal: given, taken, given back, with a new password; by who may manage it, for contacts that they see."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from crmhost.api import SYSTEM, Contact, Invalid, Message, NotFound, Work, contacts, journal, mail

from . import entering, sessions
from .models import Account

GIVEN, TAKEN = "portal.access_given", "portal.access_taken"
#: Contacts of one statement.
CHUNK = 500


def of(work: Work, contact_id: int) -> Account | None:
    """The account of a contact, on or off; ``None`` when they never had access."""
    found: Account | None = work.session.scalar(select(Account).where(Account.contact_id == contact_id))
    return found


def get(work: Work, contact_id: int, *, lock: bool = False) -> Account:
    """The account of a contact that the actor sees.

    :raises NotFound: when there is none.
    """
    contacts.get(work, contact_id)
    wanted = select(Account).where(Account.contact_id == contact_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: Account | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("access", contact_id)
    return found


def give(work: Work, contact_id: int, *, mailed: bool = True) -> Account:
    """Gives a contact access, or gives it back; the mail with it goes out, unless it is handed over by another way.

    :raises Invalid: when the contact has no e-mail address, which is the user name.
    """
    work.require("portal.manage")
    contact = contacts.get(work, contact_id)
    if not contact.email:
        raise Invalid("This contact has no e-mail address, which is the user name: add one first.")
    account = _made(work, contact)
    if mailed:
        work.enqueue(entering.MAIL, kind="welcome", account_id=account.id, base_url=work.base_url)
    return account


def give_many(work: Work, contact_ids: Sequence[int]) -> tuple[int, int]:
    """Gives access to those of these contacts who have an e-mail address and no access yet; gives how many got it and how many
    were passed over.
    """
    work.require("portal.manage")
    wanted = work.visible(Contact).where(Contact.id.in_(contact_ids), Contact.email != "")
    has = select(Account.contact_id).where(Account.enabled.is_(True))
    chosen = list(work.session.scalars(wanted.where(Contact.id.not_in(has)).with_for_update(of=Contact)))
    known = select(Account).where(Account.contact_id.in_([contact.id for contact in chosen]))
    there = {account.contact_id: account for account in work.session.scalars(known)}
    made = [there.get(contact.id) or _new(work, contact) for contact in chosen]
    for account in made:
        account.enabled = True
    work.session.add_all(made)
    work.session.flush()
    _tell(work, [account.contact_id for account in made], GIVEN)
    for account in made:
        work.enqueue(entering.MAIL, kind="welcome", account_id=account.id, base_url=work.base_url)
    return len(made), len(contact_ids) - len(made)


def _new(work: Work, contact: Contact) -> Account:
    return Account(contact_id=contact.id, enabled=True, created_at=work.now, created_by_id=work.actor.user_id)


def _made(work: Work, contact: Contact) -> Account:
    work.session.execute(select(Contact.id).where(Contact.id == contact.id).with_for_update())
    known = of(work, contact.id)
    found = known or _new(work, contact)
    if known is None or not found.enabled:
        found.enabled = True
        work.session.add(found)
        work.session.flush()
        _tell(work, [contact.id], GIVEN)
    return found


def asked_for(work: Work, contact: Contact) -> Account | None:
    """The account of a contact who asked for access on the sign-in page; ``None`` for one whose access was taken."""
    found = of(work, contact.id)
    if found is not None:
        return found if found.enabled else None
    return _made(work, contact)


def switch(work: Work, contact_id: int, *, enabled: bool) -> None:
    """Takes access, which ends all sessions at once, or gives it back with the password that there was."""
    work.require("portal.manage")
    account = get(work, contact_id, lock=True)
    if account.enabled == enabled:
        return
    account.enabled = enabled
    work.session.flush()
    if not enabled:
        sessions.end_all(work, [account.id])
    _tell(work, [contact_id], GIVEN if enabled else TAKEN)


def take_many(work: Work, contact_ids: Sequence[int]) -> int:
    """Takes access from these contacts; gives from how many."""
    work.require("portal.manage")
    mine = work.visible(Contact).with_only_columns(Contact.id).where(Contact.id.in_(contact_ids))
    chosen = (Account.contact_id.in_(mine), Account.enabled.is_(True))
    taken = update(Account).where(*chosen).values(enabled=False).returning(Account.id, Account.contact_id)
    rows = work.session.execute(taken, execution_options={"synchronize_session": False}).all()
    sessions.end_all(work, [row[0] for row in rows])
    _tell(work, sorted(row[1] for row in rows), TAKEN)
    return len(rows)


def reset(work: Work, contact_id: int) -> None:
    """Ends the client's password and sessions; a temporary password is mailed to them, to be changed at the next sign-in.

    :raises Invalid: when mails do not leave this site, for nobody would know the password.
    """
    work.require("portal.manage")
    account = get(work, contact_id, lock=True)
    if not mail.goes_out(work):
        raise Invalid("Mails do not leave this site (Settings > Mail): make a link and hand it over.")
    account.password, account.temporary, account.temporary_until = "", False, None
    sessions.end_all(work, [account.id])
    work.audit("portal.password_reset", "contact", contact_id)
    work.enqueue(entering.MAIL, kind="reset", account_id=account.id, base_url=work.base_url)


def link(work: Work, contact_id: int) -> str:
    """A token of a link that signs the client in once, within a week, for who hands it over; it can't be shown again."""
    work.require("portal.manage")
    contact = contacts.get(work, contact_id)
    account = get(work, contact_id, lock=True)
    if not account.enabled:
        raise Invalid("Give access first.")
    work.audit("portal.link_made", "contact", contact_id)
    return entering.new_token(work, account, contact, "welcome")


def let_see_company(work: Work, contact_id: int, *, sees: bool) -> None:
    """Whether a client sees the records of their companies, where the site leaves that to each."""
    work.require("portal.manage")
    account = get(work, contact_id, lock=True)
    if account.sees_company != sees:
        account.sees_company = sees
        work.audit("portal.sees_company", "contact", contact_id, before=not sees, after=sees)


_WORDS = {
    GIVEN: Message("Got access to the client portal"),
    TAKEN: Message("Lost access to the client portal"),
}


def _tell(work: Work, contact_ids: Sequence[int], what: str) -> None:
    journal.system(
        work.as_actor(SYSTEM),
        [
            journal.SystemEntry(number, what, summary=_WORDS[what], author=work.actor.label, user_id=work.actor.user_id)
            for number in contact_ids
        ],
    )
    work.audit_many([(what, "contact", number, None, None) for number in contact_ids])
    if contact_ids:
        work.tell(f"portal.{what.rpartition('.')[2]}", contact_ids)
