"""Guessing by people who are signed in: who asks for many records at which nothing of theirs is, gets none for a while.

What was not found is written down, though it answers a GET: each process would count for itself in its memory.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request

from ..core.users import limits
from ..work.unit import Work
from .request import client_address, current_work, writing

#: Answers “not found” within :data:`.limits.WINDOW` after which one person, and all at one network address, must wait.
PER_PERSON, PER_ADDRESS = 50, 200


def slowed(person: str, answer: Callable[[], Response], *, action: str, about: tuple[str, int]) -> Response:
    """The answer of a page to somebody without an account of staff; too many “not found” (404), and records are shut to them.

    Counted are addresses that name a record, in a table, so in all processes alike; lists, which name none, stay open.
    Their own records are shut too, so that nobody learns from the answer which are there.

    :param person: names them among all who sign in somewhere, such as ``portal 7``.
    :param action: what the audit log calls it, once a day; ``about`` is the object there, its type and its id.
    :raises TooManyAttempts: when a limit is reached.
    """
    if not request.view_args:
        return answer()
    most = {f"not found {person}": PER_PERSON, f"not found from {client_address()}": PER_ADDRESS}
    limits.check(current_work(), most)
    found = answer()
    if found.status_code == 404:
        with writing() as work:
            _tries, last = limits.take(work, most)
            if last and _first_today(work, person):
                after = {"address": client_address(), "minutes": limits.WINDOW.seconds // 60}
                work.audit(action, *about, after=after)
    return found


def _first_today(work: Work, person: str) -> bool:
    try:
        limits.take(work, {f"not found, told of {person}": 1}, limits.LONGEST)
    except limits.TooManyAttempts:
        return False
    return True
