"""Sequences: reading, writing, switching on and off, deleting."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy import update as sql_update

from crmhost.api import Change, Conflict, Invalid, Message, NotFound, Stale, Work, keyset, mail, search, texts

from .. import audience, fields, running
from ..models import SEQUENCE, Campaign, Place, Sequence, Step
from . import waits

JOINS = ("start", "always")
#: What each of its mails is sent with: a change of it holds for those who come to a mail from then on.
_WORDS = ("account_id", "topic_id", "track_clicks", "track_opens")
#: Fields that it has as a campaign has them.
_SHARED = ("name", "audience", "account", "topic", "track_clicks", "track_opens")


def get(work: Work, sequence_id: int, *, lock: bool = False) -> Sequence:
    """A sequence.

    :raises NotFound: when there is none.
    """
    work.require("mail_campaigns.view")
    wanted = select(Sequence).where(Sequence.id == (keyset.valid_id(sequence_id) or 0))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: Sequence | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound(SEQUENCE, sequence_id)
    return found


def steps_of(work: Work, sequence_id: int) -> list[Step]:
    """The steps of a sequence in their order."""
    wanted = select(Step).where(Step.sequence_id == sequence_id).order_by(Step.place, Step.id)
    return list(work.session.scalars(wanted))


def opened(work: Work, sequence_id: int) -> tuple[Sequence, list[Step]]:
    """A sequence with its steps, read at once.

    :raises NotFound: when there is none.
    """
    work.require("mail_campaigns.view")
    wanted = select(Sequence, Step).outerjoin(Step, Step.sequence_id == Sequence.id)
    wanted = wanted.where(Sequence.id == (keyset.valid_id(sequence_id) or 0)).order_by(Step.place, Step.id)
    rows = list(work.session.execute(wanted))
    if not rows:
        raise NotFound(SEQUENCE, sequence_id)
    # Without a step the outer join gives none.
    return rows[0][0], [step for step in (cast("Step | None", row[1]) for row in rows) if step is not None]


def create(work: Work, given: Mapping[str, Any]) -> Sequence:
    """Makes a sequence, switched off and without steps.

    :param given: see :func:`_prepare`; the name has to be there.
    :raises Invalid: by field.
    """
    work.require("mail_campaigns.edit")
    values = _prepare(work, given, new=True)
    sequence = Sequence(
        is_on=False,
        gathered=False,
        created_at=work.now,
        updated_at=work.now,
        **{"audience": {"include": [], "exclude": []}, **values},
    )
    work.session.add(sequence)
    work.session.flush()
    note(work, sequence, "sequence.created", {}, snapshot(sequence))
    return sequence


def update(work: Work, sequence_id: int, given: Mapping[str, Any], *, version: int | None = None) -> Sequence:
    """Changes a sequence, also while people are inside: what it says of them holds from the next mail on.

    :raises Invalid: by field.
    :raises Stale: when somebody saved it since that version.
    """
    work.require("mail_campaigns.edit")
    sequence = get(work, sequence_id, lock=True)
    if version is not None and version != sequence.version:
        raise Stale("Somebody saved this sequence meanwhile: look at their changes before you save yours.")
    before = snapshot(sequence)
    for name, value in _prepare(work, given, new=False).items():
        setattr(sequence, name, value)
    after = snapshot(sequence)
    if after == before:
        return sequence
    if sequence.is_on and after["audience"] != before["audience"]:
        audience.condition(work, sequence.audience)
    if any(after[name] != before[name] for name in _WORDS):
        for step in steps_of(work, sequence.id):
            close_editions(work, step.id)
    changed = {name for name in after if after[name] != before[name]}
    touch(work, sequence)
    old, new = ({name: side[name] for name in changed} for side in (before, after))
    note(work, sequence, "sequence.updated", old, new)
    return sequence


def _prepare(work: Work, given: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    """The values of the fields given: name, audience, joins, leave_segment, account, topic, track_clicks, track_opens."""
    errors: dict[str, list[str]] = {}
    try:
        found = fields.prepare(work, {name: given[name] for name in _SHARED if name in given}, None if new else _SOME)
    except Invalid as error:
        found, errors = {}, dict(error.errors)
        if "name" in errors and not texts.clean_line(str(given.get("name") or "")):
            errors["name"] = ["Give the sequence a name; only you and your colleagues see it."]
    if "companies" in found.get("audience", ()):
        errors["audience"] = ["A sequence goes to people: choose the people of companies instead of their addresses."]
    if "joins" in given:
        found["joins"] = str(given["joins"] or "always")
        if found["joins"] not in JOINS:
            errors["joins"] = ["Choose who enters."]
    if "leave_segment" in given:
        found["leave_segment"] = keyset.valid_id(given["leave_segment"])
        if found["leave_segment"] is not None:
            try:
                audience.clean(work, {"include": [{"segment": found["leave_segment"]}]})
            except Invalid as error:
                errors["leave_segment"] = next(iter(error.errors.values()))
    if errors:
        raise Invalid(errors)
    return found


#: Stands for a campaign that is there: its name may be left out.
_SOME = Campaign(subject="", content="", content_kind="rich", text="", subjects=[])


def problems(work: Work, sequence: Sequence, steps: Many[Step] | None = None) -> list[tuple[Step | None, str]]:
    """What keeps a sequence from being switched on: the step, or none for the sequence itself, and a sentence.

    :param steps: its steps, where they are known.
    """
    found: list[tuple[Step | None, str]] = []
    try:
        audience.condition(work, sequence.audience)
    except Invalid as error:
        found += [(None, said) for some in error.errors.values() for said in some]
    steps = steps_of(work, sequence.id) if steps is None else steps
    if not steps:
        found.append((None, Message("Add a mail: there is none yet.")))
    # The words of one that is on were looked at when they were saved.
    for step in steps if not sequence.is_on else ():
        found += [(step, said) for some in lacking(work, step).values() for said in some]
    try:
        if sequence.account_id is not None:
            account(work, sequence)
    except NotFound:
        found.append((None, Message("The account that it sends from is gone: choose another one.")))
    if not work.base_url:
        said = Message("The site's public address is not known (CRMHOST_BASE_URL): no unsubscribe link can be made.")
        found.append((None, said))
    return found


def lacking(work: Work, step: Step) -> dict[str, list[str]]:
    """What a step lacks to go out, by field."""
    return running.word_problems(work, step)


def switch_on(work: Work, sequence_id: int) -> Sequence:
    """Takes people in from now on, and sends what is due; it reaches those whom the person who switches it on may see.

    Mails that waited for a server when it was switched off go out.

    :raises Invalid: when something is missing.
    """
    work.require("mail_campaigns.send")
    sequence = get(work, sequence_id, lock=True)
    if sequence.is_on:
        return sequence
    if found := problems(work, sequence):
        raise Invalid(found[0][1])
    sequence.is_on, sequence.user_id, sequence.gathered = True, work.actor.user_id, False
    touch(work, sequence)
    note(work, sequence, "sequence.switched_on", {"is_on": False}, {"is_on": True})
    go_on(work, sequence.id)
    work.enqueue("mail_campaigns.gather", dedupe=str(sequence.id), sequence_id=sequence.id)
    return sequence


def switch_off(work: Work, sequence_id: int) -> Sequence:
    """Takes nobody in any more; who is inside waits where they are until it is switched on again, and so do mails that wait
    for a server: only those that are under way just then go out."""
    work.require("mail_campaigns.send")
    sequence = get(work, sequence_id, lock=True)
    if sequence.is_on:
        sequence.is_on = False
        touch(work, sequence)
        note(work, sequence, "sequence.switched_off", {"is_on": True}, {"is_on": False})
        for mailing_id, _step in _mailings(work, sequence, "sending"):
            mail.mailings.pause(work, mailing_id)
    return sequence


def go_on(work: Work, sequence_id: int) -> Sequence:
    """Lets mails go on that came to stand because the account could not send; who gets one of them now waits for the next one
    from now on."""
    work.require("mail_campaigns.send")
    sequence = get(work, sequence_id, lock=True)
    steps = steps_of(work, sequence.id) if sequence.is_on else []
    following = {one.id: then for one, then in itertools.pairwise(steps)}
    message = mail.MailMessage
    for mailing_id, step_id in _mailings(work, sequence, "paused") if sequence.is_on else ():
        if (then := following.get(step_id)) is not None:
            stood = select(message.contact_id).where(
                message.mailing_id == mailing_id, message.mailing_id.is_not(None), message.state == "queued"
            )
            mine = Place.sequence_id == sequence.id, Place.step_id == then.id, Place.state == "inside"
            later = sql_update(Place).where(*mine, Place.contact_id.in_(stood))
            due_at = waits.due(then, work.now, work.timezone)
            work.session.execute(later.values(due_at=due_at).execution_options(synchronize_session=False))
        mail.mailings.start(work, mailing_id)
    return sequence


def _mailings(work: Work, sequence: Sequence, state: str) -> list[tuple[int, int]]:
    """Its mailings in a state with the numbers of their steps, those of mails that were taken away too."""
    wanted = select(mail.MailMailing.id, Campaign.step_id).join(Campaign, Campaign.mailing_id == mail.MailMailing.id)
    wanted = wanted.where(Campaign.sequence_id == sequence.id, mail.MailMailing.state == state)
    return [(row[0], row[1] or 0) for row in work.session.execute(wanted.order_by(mail.MailMailing.id))]


def delete(work: Work, sequence_id: int) -> str:
    """Deletes a sequence of which nothing went out; gives its name.

    :raises Conflict: when it is on, or mails of it went out.
    """
    work.require("mail_campaigns.edit")
    sequence = get(work, sequence_id, lock=True)
    if sequence.is_on:
        raise Conflict("Switch the sequence off first.")
    if sent(work, sequence):
        raise Conflict("Mails of this sequence went out, so it stays: leave it switched off instead.")
    name, before = sequence.name, snapshot(sequence)
    work.session.delete(sequence)
    work.session.flush()
    search.drop(work, SEQUENCE, [sequence_id])
    work.audit("sequence.deleted", SEQUENCE, sequence_id, before=before)
    work.changed(Change("sequence.deleted", SEQUENCE, sequence_id, before, {}))
    return name


def sent(work: Work, sequence: Sequence) -> bool:
    """Whether mails of it went out, or wait for a server."""
    return work.session.scalar(select(Campaign.id).where(Campaign.sequence_id == sequence.id).limit(1)) is not None


def close_editions(work: Work, step_id: int) -> None:
    """The words of a step changed: who comes to it gets the new ones, in a mailing of its own."""
    for edition in work.session.scalars(select(Campaign).where(Campaign.step_id == step_id, Campaign.step_open)):
        edition.step_open = False
    work.session.flush()


def inside(work: Work, sequence_id: int) -> int:
    """How many people are inside."""
    wanted = select(func.count()).select_from(Place)
    return work.session.scalar(wanted.where(Place.sequence_id == sequence_id, Place.state == "inside")) or 0


def snapshot(sequence: Sequence) -> dict[str, Any]:
    """The sequence for the audit log."""
    names = ("name", "is_on", "audience", "joins", "leave_segment", *_WORDS)
    return {name: getattr(sequence, name) for name in names}


def touch(work: Work, sequence: Sequence) -> None:
    """Counts the version on."""
    sequence.version, sequence.updated_at = (sequence.version or 0) + 1, work.now
    work.session.flush()


def note(work: Work, sequence: Sequence, action: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Writes a change down; listeners are told."""
    search.put(work, SEQUENCE, [(sequence.id, sequence.name)])
    work.audit(action, SEQUENCE, sequence.id, before=before or None, after=after)
    work.changed(Change(action, SEQUENCE, sequence.id, before, after))


def account(work: Work, sequence: Sequence) -> mail.Account:
    """The account that it sends from."""
    return mail.chosen(work, sequence.account_id)


def blank() -> Sequence:
    """What the form of a new sequence shows."""
    return Sequence(
        name="", audience={"include": [], "exclude": []}, joins="always", leave_segment=None, account_id=None,
        topic_id=None, track_clicks=False, track_opens=False, version=1,
    )  # fmt: skip
