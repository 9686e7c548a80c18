"""Calling the other side: who is told how far it is, and what becomes of failures."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

from crmhost.api import GiveUp, RetryLater, Work, http

from . import connections

#: Seconds to wait after a failure, doubled with each further one, up to the last.
_FIRST_PAUSE, _LAST_PAUSE = 5.0, 900.0


class Teller(Protocol):
    """Who is told how far a reading is: a job, or a terminal."""

    work: Work
    key: str

    def check(self) -> None:
        """Raises when it is to stop."""

    def progress(self, done: int, total: int = 0, text: str = "") -> None:
        """Says how far it is."""


@contextlib.contextmanager
def calling(work: Work, connection_id: int) -> Iterator[None]:
    """Around calls of the other side: notes what is wrong with it, and puts off what may work later.

    :raises RetryLater: after failures that may pass, with growing pauses.
    :raises GiveUp: when trying again does not help.
    """
    try:
        yield
    except RetryLater as error:
        failures = _noted(work, connection_id, error.why)
        raise RetryLater(error.seconds or _pause(failures), error.why) from error
    except http.RefusedAddress as error:
        _noted(work, connection_id, str(error.args[0]))
        raise GiveUp(str(error.args[0])) from error
    except http.RequestError as error:
        failures = _noted(work, connection_id, str(error.args[0]))
        raise RetryLater(_pause(failures), str(error.args[0])) from error
    except GiveUp as error:
        _noted(work, connection_id, error.why)
        raise


def _pause(failures: int) -> float:
    return min(_FIRST_PAUSE * float(2 ** min(failures - 1, 10)), _LAST_PAUSE)


def _noted(work: Work, connection_id: int, why: str) -> int:
    with work.begin():
        connections.note(work, connection_id, why)
    return connections.get(work, connection_id).failures
