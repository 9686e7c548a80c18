"""Sequences in the REST API."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Any

from flask_smorest import Blueprint

from crmhost.api import Contact, Work, record_fields
from crmhost.web.api import Response, current_work, requires, rest, writing

from ..models import Sequence, Step
from . import cells, figures, inside, people, queries, services, steps
from .schemas import (
    Entered,
    MoveFields,
    PeopleFields,
    PersonList,
    PersonQuery,
    SequenceFields,
    SequenceList,
    SequenceObject,
    SequenceQuery,
    SequenceStats,
    StepFields,
    StepList,
    StepObject,
)

blueprint = Blueprint(
    "mail_campaigns_sequences",
    __name__,
    url_prefix="/sequences",
    description="Series of mails with waits, each to each contact once.",
)
_ONE = f"/<{rest.ID}:sequence_id>"
_STEP = f"{_ONE}/steps/<{rest.ID}:step_id>"
_VIEW, _EDIT, _SEND = (requires(f"mail_campaigns.{name}") for name in ("view", "edit", "send"))


@blueprint.get("")
@blueprint.arguments(SequenceQuery, location="query")
@blueprint.response(200, SequenceList)
@_VIEW
def list_sequences(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists sequences, those changed last first unless told otherwise."""
    return rest.answer_list(queries.LIST, query, records)


@blueprint.post("")
@blueprint.arguments(SequenceFields)
@blueprint.response(201, SequenceObject, **rest.CREATED)
@_EDIT
def add_sequence(document: Mapping[str, Any]) -> Any:
    """Makes a sequence, off and without mails.

    A second request with the same Idempotency-Key gives the first one's answer.
    """
    with writing() as work:
        return rest.answer_one(work, services.create(work, document), records, 201)


@blueprint.get(_ONE)
@blueprint.response(200, SequenceObject, **rest.TAGGED)
@_VIEW
def read_sequence(sequence_id: int) -> Any:
    """Gives a sequence."""
    work = current_work()
    return rest.answer_one(work, services.get(work, sequence_id), records)


@blueprint.patch(_ONE)
@blueprint.arguments(SequenceFields)
@blueprint.response(200, SequenceObject, **rest.TAGGED)
@blueprint.doc(parameters=[rest.IF_MATCH])
@_EDIT
def change_sequence(document: Mapping[str, Any], sequence_id: int) -> Any:
    """Changes a sequence, also while people are inside; fields that are left out stay as they are."""
    with writing() as work:
        version = rest.wanted_version(services.get(work, sequence_id))
        return rest.answer_one(work, services.update(work, sequence_id, document, version=version), records)


@blueprint.delete(_ONE)
@blueprint.response(204)
@blueprint.doc(parameters=[rest.IF_MATCH])
@_EDIT
def remove_sequence(sequence_id: int) -> Any:
    """Deletes a sequence that is off and of which nothing went out."""
    with writing() as work:
        rest.wanted_version(services.get(work, sequence_id))
        services.delete(work, sequence_id)
    return Response(b"", 204)


@blueprint.post(f"{_ONE}/start")
@blueprint.response(200, SequenceObject, **rest.TAGGED)
@_SEND
def start_sequence(sequence_id: int) -> Any:
    """Switches a sequence on; said twice, it is done once."""
    with writing() as work:
        return rest.answer_one(work, services.switch_on(work, sequence_id), records)


@blueprint.post(f"{_ONE}/pause")
@blueprint.response(200, SequenceObject, **rest.TAGGED)
@_SEND
def pause_sequence(sequence_id: int) -> Any:
    """Switches a sequence off: nobody enters, and who is inside waits."""
    with writing() as work:
        return rest.answer_one(work, services.switch_off(work, sequence_id), records)


@blueprint.post(f"{_ONE}/resume")
@blueprint.response(200, SequenceObject, **rest.TAGGED)
@_SEND
def resume_sequence(sequence_id: int) -> Any:
    """Lets mails go on that came to stand because the account could not send."""
    with writing() as work:
        return rest.answer_one(work, services.go_on(work, sequence_id), records)


@blueprint.get(f"{_ONE}/stats")
@blueprint.response(200, SequenceStats)
@_VIEW
def sequence_stats(sequence_id: int) -> dict[str, Any]:
    """Gives the figures of a sequence and of each of its mails."""
    work = current_work()
    found = figures.of(work, services.get(work, sequence_id))
    names = ("entered", "waiting", "sent", "clicked", "opened", "left")
    told = [
        {"id": one.step.id, "place": one.step.place, **{name: getattr(one, name) for name in names}}
        for one in found.steps
    ]
    return {"inside": found.inside, "finished": found.finished, "left": dict(found.left), "steps": told}


# --- the mails -------------------------------------------------------------------------------------------------------


@blueprint.get(f"{_ONE}/steps")
@blueprint.response(200, StepList)
@_VIEW
def list_steps(sequence_id: int) -> dict[str, Any]:
    """Lists the mails of a sequence in their order: all of them, at most fifty."""
    work = current_work()
    return {"data": step_records(work, services.steps_of(work, services.get(work, sequence_id).id)), "next": None}


@blueprint.post(f"{_ONE}/steps")
@blueprint.arguments(StepFields)
@blueprint.response(201, StepObject, **rest.CREATED)
@_EDIT
def add_step(document: Mapping[str, Any], sequence_id: int) -> Any:
    """Adds a mail at the end. Who is through does not come back for it."""
    with writing() as work:
        step = steps.add(work, sequence_id, given=document)
        return rest.answer_one(work, step, step_records, 201)


@blueprint.get(_STEP)
@blueprint.response(200, StepObject, **rest.TAGGED)
@_VIEW
def read_step(sequence_id: int, step_id: int) -> Any:
    """Gives a mail of a sequence."""
    work = current_work()
    return rest.answer_one(work, steps.get(work, sequence_id, step_id), step_records)


@blueprint.patch(_STEP)
@blueprint.arguments(StepFields)
@blueprint.response(200, StepObject, **rest.TAGGED)
@blueprint.doc(parameters=[rest.IF_MATCH])
@_EDIT
def change_step(document: Mapping[str, Any], sequence_id: int, step_id: int) -> Any:
    """Changes a mail. Who waits for it keeps waiting until the same time, and gets the new text."""
    with writing() as work:
        version = rest.wanted_version(steps.get(work, sequence_id, step_id))
        found = steps.change(work, sequence_id, step_id, document, version=version)
        return rest.answer_one(work, found, step_records)


@blueprint.post(f"{_STEP}/move")
@blueprint.arguments(MoveFields)
@blueprint.response(200, StepObject, **rest.TAGGED)
@_EDIT
def move_step(document: Mapping[str, Any], sequence_id: int, step_id: int) -> Any:
    """Moves a mail to another place. Nobody gets twice what they have."""
    with writing() as work:
        return rest.answer_one(work, steps.move(work, sequence_id, step_id, document["by"]), step_records)


@blueprint.delete(_STEP)
@blueprint.response(204)
@blueprint.doc(parameters=[rest.IF_MATCH])
@_EDIT
def remove_step(sequence_id: int, step_id: int) -> Any:
    """Takes a mail away. Who waits for it waits for the next one, until the same time."""
    with writing() as work:
        rest.wanted_version(steps.get(work, sequence_id, step_id))
        steps.take_away(work, sequence_id, step_id)
    return Response(b"", 204)


# --- the people ------------------------------------------------------------------------------------------------------


@blueprint.get(f"{_ONE}/people")
@blueprint.arguments(PersonQuery, location="query")
@blueprint.response(200, PersonList)
@_VIEW
def list_people(query: Mapping[str, Any], sequence_id: int) -> dict[str, Any]:
    """Lists who is or was in a sequence, with the next mail, or why they left."""
    work = current_work()
    sequence = services.get(work, sequence_id)
    which = inside.Which(query["state"], query["reason"], query["step"])
    page = inside.page(work, sequence, which, after=query["after"] or None, limit=query["limit"])
    answer: dict[str, Any] = {"data": [_person(one) for one in page.rows], "next": page.next}
    if query["count"]:
        total, exact = inside.count(work, sequence, which)
        answer |= {"total": total, "exact": exact}
    return answer


@blueprint.post(f"{_ONE}/people")
@blueprint.arguments(PeopleFields)
@blueprint.response(200, Entered)
@_SEND
def add_people(document: Mapping[str, Any], sequence_id: int) -> dict[str, int]:
    """Takes contacts in. Who is inside stays where they are; for who was through or left it begins anew."""
    with writing() as work:
        return {"entered": people.add(work, sequence_id, document["contacts"])}


@blueprint.delete(f"{_ONE}/people/<{rest.ID}:contact_id>")
@blueprint.response(204)
@_SEND
def remove_person(sequence_id: int, contact_id: int) -> Any:
    """Takes a contact out: they get no further mail of it. Who is not inside stays as they are."""
    with writing() as work:
        people.remove(work, sequence_id, [contact_id])
    return Response(b"", 204)


# --- as the API gives them -------------------------------------------------------------------------------------------

_PLAIN = ("id", "name", "audience", "joins", "leave_segment", "track_clicks", "track_opens")
_WORDS = (
    "id",
    "place",
    "subject",
    "content",
    "content_kind",
    "text",
    "wait_number",
    "wait_unit",
    "office",
)


def records(work: Work, found: Many[Sequence]) -> list[dict[str, Any]]:
    """Sequences as the API gives them, in the order given."""
    counted = figures.of_many(work, found)
    return [
        {
            **{name: getattr(one, name) for name in _PLAIN},
            "state": "on" if one.is_on else "off",
            "account": one.account_id,
            "topic": one.topic_id,
            **{state: counted[one.id].get(state, 0) for state in inside.STATES},
            **{name: record_fields.stamp(getattr(one, name)) for name in ("created_at", "updated_at")},
        }
        for one in found
    ]


def step_records(_work: Work, found: Many[Step]) -> list[dict[str, Any]]:
    """Mails of a sequence as the API gives them."""
    return [
        {
            **{name: getattr(one, name) for name in _WORDS},
            "opens": cells.clock(one.opens),
            "closes": cells.clock(one.closes),
            "updated_at": record_fields.stamp(one.updated_at),
        }
        for one in found
    ]


def _person(one: inside.Person) -> dict[str, Any]:
    return {
        "contact_id": one.id,
        **{name: getattr(one, name) for name in ("name", "email", "state", "reason")},
        "place": one.step or None,
        **{name: record_fields.stamp(getattr(one, name)) for name in ("due_at", "entered_at", "ended_at")},
    }


#: Events of contacts; the others are of the sequence itself.
_OF_PEOPLE = (people.ENTERED, people.FINISHED, people.LEFT)


def event_data(
    work: Work, event: str, ids: Many[int], told: Mapping[str, Any]
) -> Mapping[int, Mapping[str, Any]] | None:
    """What webhooks are told of sequences, or of the contacts that entered, are through, or left; ``None`` for other events."""
    if not event.startswith("sequence."):
        return None
    if not work.can("mail_campaigns.view"):
        return {}
    if event in _OF_PEOPLE:
        mine = work.visible(Contact).where(Contact.id.in_(ids)).with_only_columns(Contact.id, Contact.email)
        rows = work.session.execute(mine) if work.can("contacts.view") else ()
        return {row[0]: {"id": row[0], "contact_id": row[0], "email": row[1], **told} for row in rows}
    if event == "sequence.deleted":
        return {key: {"id": key} for key in ids}
    found = list(work.session.scalars(work.visible(Sequence).where(Sequence.id.in_(ids))))
    return {one.id: record for one, record in zip(found, records(work, found), strict=True)}
