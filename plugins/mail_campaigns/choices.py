"""Which topics the owner of an address wants: what they chose, else how the topic begins. Kept by keyed hash."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, cast, delete, func, select

from crmhost.api import SYSTEM, Contact, Invalid, Message, Read, Work, contacts, journal, mail, texts, upsert

from .models import Campaign, Choice, Topic

JOURNAL = "mail_campaigns.chosen"
#: Why somebody of an audience is left out.
REASON = "topic"
#: Campaigns in these states may still write to somebody.
_UNDER_WAY = ("planning", "testing", "sending", "paused")
_CHUNK = 500


@dataclasses.dataclass(frozen=True)
class Wish:
    """A topic, and whether the owner of an address gets it.

    :param said: whether they, or somebody for them, chose that.
    """

    topic_id: int
    name: str
    description: str
    wanted: bool
    said: bool


def wishes_read(hashed: str) -> Read:
    """What :func:`wishes` is read by."""
    mine = and_(Choice.topic_id == Topic.id, Choice.address_hash == hashed)
    chosen, said = cast(func.coalesce(Choice.wanted, Topic.chosen), Integer), cast(Choice.wanted, Integer)
    wanted = select(Topic.id, Topic.name, Topic.description, chosen, func.coalesce(said, -1), Topic.name_key)
    return Read(("mail_campaigns.wishes", hashed), wanted.outerjoin(Choice, mine))


def wishes(work: Work, hashed: str) -> list[Wish]:
    """All topics by name, with what the owner of an address gets of them; empty while the site has none."""
    rows = sorted(work.rows(wishes_read(hashed)), key=lambda row: str(row[5]))
    return [Wish(row[0], row[1], row[2], bool(row[3]), row[4] >= 0) for row in rows]


def unwanted(work: Work, topic_id: int | None, emails: Sequence[str]) -> dict[str, str]:
    """Those of the addresses, as they are compared, that don't want the topic -> :data:`REASON`."""
    topic = work.session.get(Topic, topic_id) if topic_id is not None else None
    if topic is None:
        return {}
    by_hash = mail.address_hashes(work, [email for email in emails if email])
    out = set() if topic.chosen else set(by_hash)
    known = list(by_hash)
    for start in range(0, len(known), _CHUNK):
        some = Choice.address_hash.in_(known[start : start + _CHUNK])
        rows = work.session.execute(select(Choice.address_hash, Choice.wanted).where(Choice.topic_id == topic.id, some))
        for hashed, wanted in rows:
            (out.discard if wanted else out.add)(hashed)
    return {by_hash[hashed]: REASON for hashed in out}


def choose(work: Work, reader: mail.Reader, wanted: Collection[int]) -> bool:
    """The owner of an address says what they want, inside ``work.begin()``; gives whether anything changed.

    Without a single topic they get no campaigns at all any more; with one they get them again, those without a topic too.

    :param wanted: ids of topics; all others are not wanted.
    """
    if not reader.hashed:
        return False
    there = wishes(work, reader.hashed)
    some = {wish.topic_id for wish in there} & set(wanted)
    changed = _store(work, reader, there, some, author=reader.email)
    return (mail.subscribe_again if some else mail.unsubscribe)(work, reader) or changed


def choose_for(work: Work, contact_id: int, wanted: Collection[int]) -> bool:
    """Somebody of the site says what a contact wants; gives whether anything changed.

    Who unsubscribed stays so: that is taken back on the contact's page, by those who may.

    :raises Invalid: when the contact has no e-mail address.
    """
    work.require("mail_campaigns.edit")
    contact = contacts.get(work, contact_id)
    work.require("contacts.edit", contact)
    if not contact.email:
        raise Invalid("This contact has no e-mail address: add one first.")
    reader = mail.reader_of(work, contact.email, contact.id)
    return _store(work, reader, wishes(work, reader.hashed), wanted)


def _store(
    work: Work, reader: mail.Reader, there: Sequence[Wish], wanted: Collection[int], *, author: str = ""
) -> bool:
    before = {wish.topic_id: wish.wanted for wish in there}
    after = {wish.topic_id: wish.topic_id in wanted for wish in there}
    for wish in there:
        if wish.said and wish.wanted == after[wish.topic_id]:
            continue
        row = {"topic_id": wish.topic_id, "address_hash": reader.hashed, "wanted": after[wish.topic_id], "at": work.now}
        put = upsert(work.session, Choice).values(**row)
        same = {"wanted": row["wanted"], "at": row["at"]}
        work.session.execute(put.on_conflict_do_update(index_elements=["topic_id", "address_hash"], set_=same))
    if before == after:
        return False
    names = {wish.topic_id: wish.name for wish in there}
    _withdraw(work, reader, [key for key in after if before[key] and not after[key]])
    said = [{names[key]: value for key, value in side.items() if before[key] != after[key]} for side in (before, after)]
    work.audit("mail_topics.chosen", *(reader.record or ("contact", "")), before=said[0], after=said[1])
    if reader.record is not None:
        _write(work, reader.record, [name for key, name in names.items() if after[key]], author)
    return True


def _write(work: Work, record: tuple[str, int], names: Sequence[str], author: str) -> None:
    listed = texts.shorten(", ".join(names), 200)
    sentence = (
        Message("Wants mails about: %(topics)s", topics=listed) if names else Message("Wants mails about no topic")
    )
    # Who opens the link of a mail is nobody to the site: the system writes for them.
    writer = work.as_actor(SYSTEM) if author else work
    kind, number = record
    journal.system(writer, [journal.SystemEntry(number, JOURNAL, summary=sentence, author=author, object_type=kind)])


def _withdraw(work: Work, reader: mail.Reader, topic_ids: Sequence[int]) -> None:
    """Mails of topics that are not wanted any more, and whose turn did not come yet, don't go out."""
    if not topic_ids or not reader.email:
        return
    mine = select(Campaign.mailing_id).where(Campaign.topic_id.in_(topic_ids), Campaign.state.in_(_UNDER_WAY))
    mailings = [number for number in work.session.scalars(mine) if number is not None]
    if mailings:
        mail.mailings.withdraw(work, mailings, reader.email, Message("They do not want mails about this topic."))


# --- people -----------------------------------------------------------------------------------------------------------


def of_contact(work: Work, contact: Contact) -> list[Wish]:
    """The topics with what a contact's main address gets of them."""
    return wishes(work, mail.address_hash(work, contact.email)) if contact.email else []


def told_of(work: Work, emails: Sequence[str]) -> list[Mapping[str, Any]]:
    """What was chosen for addresses, as JSON."""
    by_hash = mail.address_hashes(work, emails)
    wanted = select(Topic.name, Choice.wanted, Choice.at).join(Topic, Topic.id == Choice.topic_id)
    rows = work.session.execute(wanted.where(_of(by_hash)).order_by(Topic.id, Choice.at))
    return [{"topic": name, "wanted": chosen, "at": at.isoformat()} for name, chosen, at in rows]


def erase(work: Work, emails: Sequence[str]) -> None:
    """Forgets what addresses wanted; what they did not want is kept, by hash, so that they are not written to again."""
    by_hash = mail.address_hashes(work, emails)
    work.session.execute(delete(Choice).where(_of(by_hash), Choice.wanted.is_(True)))


def _of(by_hash: Mapping[str, str]) -> ColumnElement[bool]:
    return Choice.address_hash.in_(list(by_hash))
