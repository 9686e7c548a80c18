"""Limits on guessing: a try is counted before it is looked at, so that many at once count as many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select

from ...errors import CrmError
from ...messages import Plural
from ...work.unit import Work
from .models import SignInAttempt

#: How long a try counts, where nothing else is said.
WINDOW = dt.timedelta(minutes=15)
#: The longest time that any try counts.
LONGEST = dt.timedelta(days=1)
_LONGEST_KEY = 300


class TooManyAttempts(CrmError):
    """Something failed too often; ``minutes`` says how long to wait."""

    status = 429

    def __init__(self, minutes: int) -> None:
        super().__init__(
            Plural(
                "That was tried too often. Try again in %(num)s minute.",
                "That was tried too often. Try again in %(num)s minutes.",
                minutes,
            )
        )
        self.minutes = minutes


def take(work: Work, limits: Mapping[str, int], window: dt.timedelta = WINDOW) -> tuple[list[int], bool]:
    """Counts a try under each key, inside ``work.begin()``.

    :param limits: key -> most tries within the window.
    :returns: the numbers of the tries, for :func:`give_back`, and whether this was the last one that is free.
    :raises TooManyAttempts: when one of the limits is reached; nothing is counted then.
    """
    wanted = {key[:_LONGEST_KEY]: most for key, most in limits.items()}
    now = work.now
    if work.session.get_bind().dialect.name == "postgresql":
        # SQLite has one writer; here two tries under one key wait for each other.
        for key in sorted(wanted):
            work.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))
    counts = check(work, wanted, window)
    work.session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - LONGEST))
    tries = [SignInAttempt(key=key, at=now) for key in wanted]
    work.session.add_all(tries)
    work.session.flush()
    return [attempt.id for attempt in tries], any(counts.get(key, 0) + 1 == most for key, most in wanted.items())


def check(work: Work, limits: Mapping[str, int], window: dt.timedelta = WINDOW) -> dict[str, int]:
    """How many tries each key has.

    :raises TooManyAttempts: when one of the limits is reached.
    """
    rows = work.session.execute(
        select(SignInAttempt.key, func.count(), func.min(SignInAttempt.at))
        .where(SignInAttempt.key.in_(limits), SignInAttempt.at > work.now - window)
        .group_by(SignInAttempt.key)
    )
    counts = {}
    for key, count, first in rows:
        counts[key] = count
        if count >= limits[key]:
            first = first if first.tzinfo else first.replace(tzinfo=dt.UTC)
            raise TooManyAttempts(max(1, round((first + window - work.now).total_seconds() / 60)))
    return counts


def give_back(work: Work, tries: Sequence[int]) -> None:
    """Takes tries back that were none, because they succeeded."""
    work.session.execute(delete(SignInAttempt).where(SignInAttempt.id.in_(tries)))


def forget(work: Work, key: str) -> None:
    """Forgets all tries under a key."""
    work.session.execute(delete(SignInAttempt).where(SignInAttempt.key == key[:_LONGEST_KEY]))
