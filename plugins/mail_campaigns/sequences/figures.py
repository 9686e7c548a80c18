"""The figures of sequences: by step, who came to it, waits, got it, clicked, and left and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from collections.abc import Sequence as Many

from sqlalchemy import func, select

from crmhost.api import Work, mail

from .. import figures
from ..models import Campaign, Place, Sequence, Step
from . import services


@dataclasses.dataclass(frozen=True)
class StepFigures:
    """A step with what became of it.

    :param entered: contacts that came to it: those who got it, wait for it, or left before it.
    :param left: reason -> number of contacts.
    :param editions: numbers of the campaigns whose mails are of this step, the newest first.
    """

    step: Step
    entered: int
    waiting: int
    sent: int
    clicked: int
    left: Mapping[str, int]
    editions: Many[int]
    halted: str = ""


@dataclasses.dataclass(frozen=True)
class SequenceFigures:
    """A sequence with its steps; ``left`` counts by reason over all of it."""

    steps: Many[StepFigures]
    inside: int
    finished: int
    left: Mapping[str, int]


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


def of(work: Work, sequence: Sequence) -> SequenceFigures:
    """All figures of a sequence."""
    steps = services.steps_of(work, sequence.id)
    waiting: dict[int, int] = {}
    left: dict[int, dict[str, int]] = {}
    whole: dict[str, int] = {}
    inside = finished = 0
    counted = select(Place.step_id, Place.state, Place.reason, func.count()).where(Place.sequence_id == sequence.id)
    for step_id, state, reason, number in work.session.execute(
        counted.group_by(Place.step_id, Place.state, Place.reason)
    ):
        if state == "inside":
            waiting[step_id or 0] = waiting.get(step_id or 0, 0) + number
            inside += number
        elif state == "finished":
            finished += number
        else:
            there = left.setdefault(step_id or 0, {})
            there[reason] = there.get(reason, 0) + number
            whole[reason] = whole.get(reason, 0) + number
    editions: dict[int, list[Campaign]] = {}
    wanted = select(Campaign).where(Campaign.step_id.in_([step.id for step in steps]))
    for one in work.session.scalars(wanted.order_by(Campaign.id.desc())):
        editions.setdefault(one.step_id or 0, []).append(one)
    everything = [one for some in editions.values() for one in some]
    numbers = figures.of(work, everything)
    halted = _halted(work, everything)
    rows = []
    for step in steps:
        mine = editions.get(step.id, [])
        gone = left.get(step.id, {})
        total = {name: sum(numbers[one.id][name] for one in mine) for name in ("planned", "sent", "clicked")}
        rows.append(
            StepFigures(
                step,
                total["planned"] + waiting.get(step.id, 0) + sum(gone.values()),
                waiting.get(step.id, 0),
                total["sent"],
                total["clicked"],
                gone,
                [one.id for one in mine],
                next((halted[one.mailing_id or 0] for one in mine if (one.mailing_id or 0) in halted), ""),
            )
        )
    return SequenceFigures(rows, inside, finished, whole)


def _halted(work: Work, editions: Many[Campaign]) -> dict[int, str]:
    """Mailing id -> why it came to stand."""
    mailing = mail.MailMailing
    ids = [one.mailing_id for one in editions if one.mailing_id is not None]
    wanted = select(mailing.id, mailing.halted).where(mailing.id.in_(ids), mailing.state == "paused")
    return {row[0]: row[1] for row in work.session.execute(wanted) if row[1]} if ids else {}
