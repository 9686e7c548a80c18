"""How many mails of a mailing are in which state, without walking through all of them.

A mailing knows how many mails it has, so the most frequent state is what the others leave; these are counted by their index.
Which state that is, is guessed: a wrong guess takes longer and gives the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, select, text, union_all, update
from sqlalchemy.orm import aliased

from ...work.unit import Work
from ..contacts.emails import email_key
from ..keyset import opaque
from ..rows import chunks
from .models import STATES, MailMailing, MailMessage


def figures(work: Work, mailing_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many mails of each mailing are in which state: id -> state -> number."""
    found: dict[int, dict[str, int]] = {number: {} for number in mailing_ids}
    sizes, groups = dict[int, int](), dict[str, list[int]]()
    for mailing_id, size, most in _guesses(work, mailing_ids):
        sizes[mailing_id] = size
        groups.setdefault(most, []).append(mailing_id)
    if not groups:
        return found
    for mailing_id, state, number in work.session.execute(union_all(*(_others(*group) for group in groups.items()))):
        found[mailing_id][state] = number
    for most, ids in groups.items():
        for mailing_id in ids:
            left = sizes[mailing_id] - sum(found[mailing_id].values())
            found[mailing_id] |= {most: left} if left else {}
    return found


def _others(most: str, mailing_ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    states = [state for state in STATES if state != most]
    of_these = MailMessage.mailing_id.in_(mailing_ids), MailMessage.mailing_id.is_not(None)
    counted = select(MailMessage.mailing_id, MailMessage.state, func.count())
    grouped = counted.where(*of_these, MailMessage.state.in_(states))
    return grouped.group_by(MailMessage.mailing_id, MailMessage.state)


def _guesses(work: Work, mailing_ids: Sequence[int]) -> list[tuple[int, int, str]]:
    """Number, size, and the state that most mails seem to be in: they go out in the order of their ids."""
    edges = [_edge(func.min, "sent"), _edge(func.min, "queued"), _edge(func.max, "queued")]
    wanted = select(MailMailing.id, MailMailing.size, MailMailing.state, *edges)
    rows = work.session.execute(wanted.where(MailMailing.id.in_(mailing_ids)))
    return [(row[0], row[1], _most(*row[2:])) for row in rows]


def _edge(end: Any, state: str) -> Any:
    mail = aliased(MailMessage)
    mine = mail.mailing_id == MailMailing.id, mail.mailing_id.is_not(None), mail.state == state
    return select(end(mail.id)).where(*mine).correlate(MailMailing).scalar_subquery()


def _most(state: str, first_sent: int | None, first_queued: int | None, last_queued: int | None) -> str:
    if first_queued is None or last_queued is None:
        return "skipped" if first_sent is None and state == "cancelled" else "sent"
    if first_sent is None:
        return "queued"
    return "queued" if first_queued - first_sent < last_queued - first_queued else "sent"


def by_subject(work: Work, mailing_id: int) -> dict[int, dict[str, int]]:
    """How many mails with each subject of a mailing are in which state: variant -> state -> number; held ones count for none."""
    found: dict[int, dict[str, int]] = {0: figures(work, [mailing_id])[mailing_id]}
    found[0].pop("held", None)
    # Held ones have the variant 0; the condition stands there as its index says it.
    counted = select(MailMessage.variant, MailMessage.state, func.count()).where(
        MailMessage.mailing_id == mailing_id, MailMessage.mailing_id.is_not(None), text("variant > 0")
    )
    for variant, state, number in work.session.execute(counted.group_by(MailMessage.variant, MailMessage.state)):
        found.setdefault(variant, {})[state] = number
        found[0][state] -= number
    return found


def forget(work: Work, contact_id: int) -> None:
    """The mails of a contact who is erased are about to go: their mailings have so many less."""
    _lessen(work, MailMessage.contact_id == contact_id)


def forget_records(work: Work, object_type: str, ids: Sequence[int]) -> None:
    """Removes the mails to records that are gone for good and are no contacts; their plugin calls it."""
    for some in chunks(list(ids)):
        mine = and_(
            MailMessage.object_type == object_type, MailMessage.object_id.in_(some), MailMessage.object_id.is_not(None)
        )
        _lessen(work, mine)
        work.session.execute(delete(MailMessage).where(mine).execution_options(synchronize_session=False))


def _lessen(work: Work, mine: ColumnElement[bool]) -> None:
    wanted = select(MailMessage.mailing_id, func.count()).where(mine, MailMessage.mailing_id.is_not(None))
    for mailing_id, number in work.session.execute(wanted.group_by(MailMessage.mailing_id)).all():
        smaller = update(MailMailing).where(MailMailing.id == mailing_id)
        work.session.execute(smaller.values(size=MailMailing.size - number))


def reached(work: Work, mailing_ids: Sequence[int], people: Mapping[int, str]) -> tuple[set[int], set[str]]:
    """Of contacts, those who stand in one of these mailings already, and addresses that stand there for somebody else.

    :param people: contact id -> address.
    :returns: ids, and addresses as they are compared.
    """
    by_key = {email_key(email)[:254]: number for number, email in people.items() if email}
    found, taken = set[int](), set[str]()
    if not mailing_ids:
        return found, taken
    columns = select(MailMessage.contact_id, MailMessage.email_key)
    for some in chunks(list(by_key)):
        mine = MailMessage.mailing_id.in_(mailing_ids), MailMessage.mailing_id.is_not(None)
        for contact_id, key in work.session.execute(columns.where(*mine, MailMessage.email_key.in_(some))):
            if contact_id == by_key[key]:
                found.add(contact_id)
            else:
                taken.add(key)
    for numbers in chunks(list(people)):
        # By the contacts: a mailing may have a million mails, a contact has few.
        inside = opaque(MailMessage.mailing_id.in_(mailing_ids))
        found |= set(
            work.session.scalars(select(MailMessage.contact_id).where(MailMessage.contact_id.in_(numbers), inside))
        )
    return found, taken
