"""Pages that an easy-access link opens: nobody is signed in there, nothing of them is listed or cached, guessing is slowed."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from flask import Response, abort, make_response, request

from ..core.links import services as links
from ..core.links.models import Link
from ..errors import NotFound
from .request import client_address, current_work
from .state import state

#: Wrong tokens that an address may bring within so many seconds, before it gets nothing at all for as long.
GUESSES, SECONDS = 20, 900.0
#: Addresses that are remembered; counted in memory, for reading a page writes nothing.
_MOST = 10_000
#: The site, as a process may hold several, and the network address.
_Caller = tuple[str, str]

Found = TypeVar("Found")

_wrong: collections.OrderedDict[_Caller, collections.deque[float]] = collections.OrderedDict()
_lock = threading.Lock()


def linked(object_type: str, token: str) -> Link:
    """The link that the request brings; else the request ends with 404, or with 429 after many wrong ones."""

    def find() -> Link | None:
        try:
            return links.find(current_work(), object_type, token)
        except NotFound:
            return None

    return guessed(find) or abort(404)


def guessed(find: Callable[[], Found | None]) -> Found | None:
    """What a function finds by a secret that the request brings, ``None`` for a wrong one.

    An address that brought many wrong ones, to whatever they lead, gets nothing for a while: the request ends with 429.
    """
    address = (str(state().site.config.home), client_address())
    if _too_many(address):
        abort(429)
    found = find()
    if found is None:
        _note(address)
    return found


def unlisted(page: str | Response) -> Response:
    """The answer with a page that no search engine lists, no cache keeps, and whose address no other site is told."""
    answer = make_response(page)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def opened_now(link: Link) -> bool:
    """Notes, inside ``writing()``, that who sent the request looks at the document; gives whether that is the first time."""
    return links.opened(current_work(), link, client_address(), request.headers.get("User-Agent", ""))


def _too_many(address: _Caller) -> bool:
    with _lock:
        times = _wrong.get(address)
        return times is not None and len(times) >= GUESSES and times[0] > time.monotonic() - SECONDS


def _note(address: _Caller) -> None:
    with _lock:
        times = _wrong.setdefault(address, collections.deque(maxlen=GUESSES))
        times.append(time.monotonic())
        _wrong.move_to_end(address)
        while len(_wrong) > _MOST:
            _wrong.popitem(last=False)
