"""The figures of sequences: by step, who came to it, waits, got it, clicked, and left and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Many

from sqlalchemy import func, select, text

from crmhost.api import Read, Work, mail

from .. import figures
from ..models import Campaign, Place, Sequence, Step
from . import services


@dataclasses.dataclass(frozen=True)
class StepFigures:
    """A step with what became of it.

    :param entered: contacts that came to it: those who got it, wait for it, or left before it.
    :param left: reason -> number of contacts.
    :param editions: the campaigns whose mails are of this step, each with its words as they were, the newest first.
    """

    step: Step
    entered: int
    waiting: int
    sent: int
    clicked: int
    opened: int
    left: Mapping[str, int]
    editions: Many[Campaign]
    halted: str = ""


@dataclasses.dataclass(frozen=True)
class SequenceFigures:
    """A sequence with its steps; ``left`` counts by reason over all of it.

    :param sent: mails of it went out, or wait for a server; those of mails that were taken away too.
    """

    steps: Many[StepFigures]
    inside: int
    finished: int
    left: Mapping[str, int]
    sent: bool


def of_many(work: Work, found: Many[Sequence]) -> dict[int, dict[str, int]]:
    """Sequence id -> state -> number of contacts."""
    work.require("mail_campaigns.view")
    counted = select(Place.sequence_id, Place.state, func.count()).where(
        Place.sequence_id.in_([one.id for one in found])
    )
    numbers: dict[int, dict[str, int]] = {one.id: {} for one in found}
    for sequence_id, state, number in work.session.execute(counted.group_by(Place.sequence_id, Place.state)):
        numbers[sequence_id][state] = number
    return numbers


def _reads(sequence_id: int) -> tuple[Read, Read]:
    """Where the contacts of a sequence are (number of a step or none, state, contacts), and why others left (step, reason,
    contacts): each is counted by an index alone.
    """
    here = Place.sequence_id == sequence_id
    there = select(Place.step_id, Place.state, func.count()).where(here).group_by(Place.step_id, Place.state)
    # As the index says it.
    left = select(Place.step_id, Place.reason, func.count()).where(here, text("reason <> ''"))
    return (
        Read(("mail_campaigns.places", sequence_id), there),
        Read(("mail_campaigns.left", sequence_id), left.group_by(Place.reason, Place.step_id)),
    )


def of(work: Work, sequence: Sequence, steps: Many[Step] | None = None, also: Iterable[Read] = ()) -> SequenceFigures:
    """All figures of a sequence.

    :param steps: its steps, where they are known.
    :param also: what a page reads besides, to be asked in the same statement.
    """
    work.require("mail_campaigns.view")
    steps = services.steps_of(work, sequence.id) if steps is None else steps
    wanted = select(Campaign, mail.MailMailing.state, mail.MailMailing.halted)
    wanted = wanted.outerjoin(mail.MailMailing, mail.MailMailing.id == Campaign.mailing_id)
    rows = list(work.session.execute(wanted.where(Campaign.sequence_id == sequence.id).order_by(Campaign.id.desc())))
    everything = [row[0] for row in rows]
    places, gone_why = _reads(sequence.id)
    work.ahead([places, gone_why, figures.happened_read([one.id for one in everything]), *also])
    numbers = figures.of(work, everything)
    stands = {one.id: why for one, state, why in rows if state == "paused" and why}
    waiting: dict[int, int] = {}
    left: dict[int, dict[str, int]] = {}
    whole: dict[str, int] = {}
    inside = finished = 0
    for step_id, state, number in work.rows(places):
        if state == "inside":
            waiting[step_id or 0] = waiting.get(step_id or 0, 0) + number
            inside += number
        elif state == "finished":
            finished += number
    for step_id, reason, number in work.rows(gone_why):
        left.setdefault(step_id or 0, {})[reason] = number
        whole[reason] = whole.get(reason, 0) + number
    told = []
    for step in steps:
        mine = [one for one in everything if one.step_id == step.id]
        gone = left.get(step.id, {})
        total = {name: sum(numbers[one.id][name] for one in mine) for name in ("planned", "sent", "clicked", "opened")}
        told.append(
            StepFigures(
                step,
                total["planned"] + waiting.get(step.id, 0) + sum(gone.values()),
                waiting.get(step.id, 0),
                total["sent"],
                total["clicked"],
                total["opened"],
                gone,
                mine,
                next((stands[one.id] for one in mine if one.id in stands), ""),
            )
        )
    return SequenceFigures(told, inside, finished, whole, bool(everything))
