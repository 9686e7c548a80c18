"""Writes that can be repeated: the answer is stored with the change, under the key that the client chose."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Table, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from crmhost.api import Conflict, Forbidden, Invalid, Message, Work, settings

from .models import StoredAnswer

#: How long a repeated write is recognised.
KEPT = dt.timedelta(hours=24)
LONGEST_KEY = 255
_CONTEXT = "rest_api.idempotency"
_TABLE = cast("Table", StoredAnswer.__table__)


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer to a write: status code, headers and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fingerprint(method: str, address: str, body: bytes) -> str:
    """What tells one request from another: SHA-256 of method, address with its query, and body."""
    return hashlib.sha256(b"\n".join((method.encode(), address.encode("utf-8", "replace"), body))).hexdigest()


def check_key(key: str) -> str:
    """The key, when it can be one.

    :raises Invalid: when it is empty, too long, or not of visible ASCII characters.
    """
    if not key or len(key) > LONGEST_KEY or not all("!" <= letter <= "~" for letter in key):
        sentence = Message(
            "Give a key of 1 to %(longest)s visible ASCII characters, such as a UUID.", longest=LONGEST_KEY
        )
        raise Invalid({"Idempotency-Key": [sentence]})
    return key


def claim(work: Work, key: str, print_: str) -> Answer | None:
    """Takes a key for the write that follows in this transaction, or gives the answer of the write that had it.

    Of two that come at once, the second waits here until the first is committed or taken back.

    :param print_: the request's :func:`fingerprint`.
    :raises Invalid: when the key was used for another request.
    :raises Conflict: when the answer was erased meanwhile.
    """
    user = work.actor.user_id
    if user is None:
        raise Forbidden("", "Only a user's token can repeat a write.")
    session, now = work.session, work.now
    session.execute(delete(_TABLE).where(_TABLE.c.at < now - KEPT))
    row = {"user_id": user, "key": key, "fingerprint": print_, "status": 0, "headers": {}, "body": b"", "at": now}
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    taken = session.execute(dialect.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.key), [row]).first()
    if taken is not None:
        return None
    stored = session.get_one(StoredAnswer, (user, key))
    if stored.fingerprint != print_:
        sentence = "This key was used for another request: choose a new one for each write."
        raise Invalid({"Idempotency-Key": [sentence]})
    if not stored.status:
        raise Conflict("This write was carried out, but its answer was erased together with the data of a person.")
    return Answer(stored.status, stored.headers, settings.unseal(work, stored.body.decode("ascii"), _CONTEXT).encode())


def keep(work: Work, key: str, answer: Answer) -> None:
    """Stores the answer of the write that has the key, in the write's own transaction; encrypted, for it may hold a secret."""
    sealed = settings.seal(work, answer.body.decode(), _CONTEXT)
    values = {"status": answer.status, "headers": dict(answer.headers), "body": sealed.encode("ascii")}
    mine = (_TABLE.c.user_id == work.actor.user_id, _TABLE.c.key == key)
    work.session.execute(update(_TABLE).where(*mine).values(values))


def forget_answers(work: Work) -> None:
    """Erases all stored answers, for they may hold what a person asked to be erased; their keys stay taken."""
    work.session.execute(update(_TABLE).values(status=0, headers={}, body=b""))
