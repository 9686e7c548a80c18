"""Changes of very many rows of a list, in the background: with progress, taken up again where a worker died, told when done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import g, request

from ...core.lists import services as lists
from ...core.notifications import services as notifications
from ...errors import CrmError, GiveUp, NotFound
from ...messages import Message
from ...work.context import JobContext
from ...work.unit import Work
from .acting import action_of
from .view import TableView


def change_rows(job: JobContext, change: int, path: str, label: str, values: dict[str, str]) -> Mapping[str, Any]:
    """Runs an action of the list at a path, part by part."""
    with _list_at(job.work, path) as view:
        action = action_of(view, lists.change_of(job.work, change, view.table.id).action)
        run = action.run
        assert run is not None

        def step(ids: Sequence[int]) -> tuple[int, Any]:
            done = run(job.work, ids, values)
            return done.number, done.undo

        parts = lists.parts(job.work, change)
        number = sum(changed for _position, over, changed in parts if over)
        for position, over, _changed in parts:
            if over:
                continue
            job.check()
            try:
                with job.work.begin():
                    number += lists.do_part(job.work, change, position, step)
            except CrmError as error:
                raise GiveUp(error.message) from error
            job.progress(position + 1, len(parts))
    said = Message("“%(action)s” is done: %(number)s rows were changed.", action=label, number=number)
    return _done(job, said, path, change if action.undo is not None else 0)


def take_back(job: JobContext, change: int, path: str, label: str) -> Mapping[str, Any]:
    """Takes a change back, the last part first."""
    with _list_at(job.work, path) as view:
        undo = action_of(view, lists.change_of(job.work, change, view.table.id).action).undo
        if undo is None:
            raise GiveUp(Message("This can’t be taken back."))
        number, positions = 0, lists.waiting(job.work, change)
        for place, position in enumerate(positions):
            job.check()
            with job.work.begin():
                number += lists.take_back(job.work, change, position, undo)
            job.progress(place + 1, len(positions))
    said = Message("“%(action)s” was taken back: %(number)s rows are as they were.", action=label, number=number)
    return _done(job, said, path)


def _done(job: JobContext, said: Message, path: str, change: int = 0) -> Mapping[str, Any]:
    url = f"{path}?job={job.id}"
    user = job.work.actor.user_id
    if user is not None:
        with job.work.begin():
            notifications.tell(job.work, [user], "%(said)s", url, "lists.change", {"said": said})
    return {"message": said, "change": change, "path": path}


@contextlib.contextmanager
def _list_at(work: Work, path: str) -> Iterator[TableView]:
    """The list that a path shows to the actor, as its own page puts it together."""
    app = work.generation.app
    if app is None:
        raise NotFound("list", path)
    with app.test_request_context(path, base_url=work.base_url or "http://localhost"):
        g.crmhost_work, g.crmhost_wants_list = work, True
        if request.endpoint is None:
            raise GiveUp(Message("The list is no longer there: its extension may be off."))
        app.view_functions[request.endpoint](**(request.view_args or {}))
        view = g.get("crmhost_list")
        if view is None:
            raise GiveUp(Message("The list is no longer there: its extension may be off."))
        yield view
