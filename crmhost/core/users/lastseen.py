"""When browsers and tokens were used last: kept in memory and written every few seconds, so that reading writes nothing.

What a crash loses is a few seconds of “last seen”.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .sessions import seen, token_seen

if TYPE_CHECKING:
    from ...site import Site

_lock = threading.Lock()
_sessions: set[str] = set()
_tokens: set[str] = set()


def note_session(token: str) -> None:
    """Notes that the browser with this token was seen."""
    with _lock:
        _sessions.add(token)


def note_token(token: str) -> None:
    """Notes that this token of the API was used."""
    with _lock:
        _tokens.add(token)


def flush(site: Site) -> None:
    """Writes what was noted since the last call."""
    with _lock:
        sessions, tokens = list(_sessions), list(_tokens)
        _sessions.clear()
        _tokens.clear()
    if not sessions and not tokens:
        return
    with site.work() as work, work.begin():
        if sessions:
            seen(work, sessions)
        for token in tokens:
            token_seen(work, token)
