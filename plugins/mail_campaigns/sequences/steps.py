"""The steps of a sequence: adding, changing, moving, taking away, also while people are inside.

People hold the number of the step that comes next, so whoever waits for one keeps waiting for it wherever it is moved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from crmhost.api import Conflict, Invalid, Message, NotFound, Stale, Work, keyset

from .. import fields, starting
from ..models import Place, Sequence, Step
from . import services, waits

MOST = 50
_WORDS = ("subject", "content_kind", "content", "text")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def get(work: Work, sequence_id: int, step_id: int) -> Step:
    """A step of a sequence.

    :raises NotFound: when there is none.
    """
    work.require("mail_campaigns.view")
    found: Step | None = work.session.scalar(
        select(Step).where(Step.id == (keyset.valid_id(step_id) or 0), Step.sequence_id == sequence_id)
    )
    if found is None:
        raise NotFound("step", step_id)
    return found


def add(work: Work, sequence_id: int, template_id: int | None = None, given: Mapping[str, Any] | None = None) -> Step:
    """Adds a step at the end, with the words of a mail template or with nothing but the line to unsubscribe.

    Who went through all steps before does not come back for it.

    :param given: see :func:`change`.
    :raises Invalid: by field.
    :raises Conflict: when there are fifty.
    """
    work.require("mail_campaigns.edit")
    sequence = services.get(work, sequence_id, lock=True)
    steps = services.steps_of(work, sequence.id)
    if len(steps) >= MOST:
        raise Conflict("A sequence has fifty steps at most.")
    words = starting.words(work, template_id)
    step = Step(
        sequence_id=sequence.id,
        place=steps[-1].place + 1 if steps else 1,
        wait_number=3 if steps else 0,
        wait_unit="days",
        updated_at=work.now,
        **words,
    )
    work.session.add(step)
    work.session.flush()
    _note(work, sequence, step, {}, _snapshot(step))
    return change(work, sequence_id, step.id, given) if given else step


def change(work: Work, sequence_id: int, step_id: int, given: Mapping[str, Any], *, version: int | None = None) -> Step:
    """Changes a step. New words go to those who come to it from now on; a new wait holds for those who begin it from now on.

    :param given: subject, content_kind, content, text, wait_number, wait_unit, office, opens, closes (“9:00”, or minutes).
    :raises Invalid: by field; words of a sequence that is on must be complete.
    :raises Stale: when somebody saved it since that version.
    """
    work.require("mail_campaigns.edit")
    sequence = services.get(work, sequence_id, lock=True)
    step = get(work, sequence_id, step_id)
    if version is not None and version != step.version:
        raise Stale("Somebody saved this step meanwhile: look at their changes before you save yours.")
    before = _snapshot(step) | {name: getattr(step, name) for name in _WORDS}
    for name, value in _prepare(work, given, step).items():
        setattr(step, name, value)
    if sequence.is_on and (errors := services.lacking(work, step)):
        raise Invalid(errors)
    after = _snapshot(step) | {name: getattr(step, name) for name in _WORDS}
    if after != before:
        step.version, step.updated_at = step.version + 1, work.now
        if any(after[name] != before[name] for name in _WORDS):
            services.close_editions(work, step.id)
        changed = {name for name in after if after[name] != before[name]} - {"content", "text"}
        _note(work, sequence, step, *({name: side[name] for name in changed} for side in (before, after)))
    return step


def _prepare(work: Work, given: Mapping[str, Any], step: Step) -> dict[str, Any]:
    words = {name: given[name] for name in _WORDS if name in given}
    errors: dict[str, list[str]] = {}
    try:
        found = fields.prepare(work, words, step)
    except Invalid as error:
        found, errors = {}, dict(error.errors)
    if "wait_unit" in given:
        found["wait_unit"] = str(given["wait_unit"] or "days")
        if found["wait_unit"] not in waits.UNITS:
            errors["wait_unit"] = ["Choose minutes, hours, days or weeks."]
    if "wait_number" in given:
        number, unit = given["wait_number"], found.get("wait_unit", step.wait_unit)
        most = waits.LONGEST // waits.UNITS.get(unit, 1)
        if not isinstance(number, int) or not 0 <= number <= most:
            errors["wait_number"] = [Message("Give a number from %(least)s to %(most)s.", least=0, most=most)]
        else:
            found["wait_number"] = number
    if "office" in given:
        found["office"] = bool(given["office"])
    for name in ("opens", "closes"):
        if name in given:
            minute = _minute(given[name])
            if minute is None:
                errors[name] = ["Give a time of day, such as 9:00."]
            else:
                found[name] = minute
    if not errors and found.get("opens", step.opens) >= found.get("closes", step.closes):
        errors["closes"] = ["Give a time after the first one."]
    if errors:
        raise Invalid(errors)
    return found


def _minute(given: Any) -> int | None:
    if isinstance(given, int):
        return given if 0 <= given < waits.UNITS["days"] else None
    read = _CLOCK.fullmatch(str(given or "").strip())
    return int(read[1]) * 60 + int(read[2]) if read else None


def move(work: Work, sequence_id: int, step_id: int, by: int) -> Step:
    """Moves a step so many places on, or back."""
    work.require("mail_campaigns.edit")
    sequence = services.get(work, sequence_id, lock=True)
    step = get(work, sequence_id, step_id)
    steps = services.steps_of(work, sequence.id)
    at = steps.index(step)
    steps.insert(max(0, min(at + by, len(steps) - 1)), steps.pop(at))
    before = {"place": at + 1}
    for place, one in enumerate(steps, 1):
        one.place = place
    _note(work, sequence, step, before, {"place": step.place})
    return step


def take_away(work: Work, sequence_id: int, step_id: int) -> None:
    """Takes a step away. Who waits for it waits for the next one, until the same time; behind the last one they are through.

    :raises Conflict: when it is the only one of a sequence that is on.
    """
    work.require("mail_campaigns.edit")
    sequence = services.get(work, sequence_id, lock=True)
    step = get(work, sequence_id, step_id)
    steps = services.steps_of(work, sequence.id)
    if sequence.is_on and len(steps) == 1:
        raise Conflict("Switch the sequence off first: this is its only step.")
    following = steps[steps.index(step) + 1 :]
    waiting = update(Place).where(
        Place.sequence_id == sequence.id, Place.step_id == step.id, Place.state == "inside"
    ).execution_options(synchronize_session=False)  # fmt: skip
    # Who has no step that comes next is through when their turn comes, and listeners hear of it.
    onward = {"step_id": following[0].id} if following else {"step_id": None, "due_at": work.now}
    work.session.execute(waiting.values(**onward))
    services.close_editions(work, step.id)
    before = _snapshot(step)
    work.session.delete(step)
    work.session.flush()
    _note(work, sequence, None, before, {})


def _snapshot(step: Step) -> dict[str, Any]:
    names = ("subject", "content_kind", "place", "wait_number", "wait_unit", "office", "opens", "closes")
    return {name: getattr(step, name) for name in names}


def _note(work: Work, sequence: Sequence, step: Step | None, before: dict[str, Any], after: dict[str, Any]) -> None:
    # Its own version stays: who writes its name at the same time is in nobody's way.
    sequence.updated_at = work.now
    work.session.flush()
    number = {"step": step.id} if step is not None else {}
    services.note(work, sequence, "sequence.updated", before, number | after)
