"""Connections: adding, changing, pausing, trying, removing."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from crmhost.api import Conflict, GiveUp, Invalid, Message, NotFound, RetryLater, Stale, Work, http, settings, texts

from . import accounts, former
from .models import Connection
from .shapes import Access, Finding, Reader, Source

log = logging.getLogger(__name__)
_MASK = "••••••"
#: After this time a connection that has a problem is tried anew.
REST = dt.timedelta(hours=6)
_NOT_KEY = re.compile(r"[^a-z0-9]+")


def sources(work: Work) -> list[Source]:
    """All kinds of other sides that can be connected."""
    return list(work.generation.contributions("syncs_sources"))


def source_of(work: Work, source_id: str) -> Source:
    """The source with this id.

    :raises NotFound: when there is none; its extension may be off.
    """
    found = next((source for source in sources(work) if source.id == source_id), None)
    if found is None:
        raise NotFound("source", source_id)
    return found


def source_on(work: Work, one: Connection) -> Source | None:
    """What a connection leads to; ``None`` while the extension that brings it is off."""
    return next((source for source in sources(work) if source.id == one.source), None)


def all_of(work: Work, source_id: str = "") -> list[Connection]:
    """All connections, or those to one kind of other side, by name."""
    wanted = select(Connection).order_by(Connection.name, Connection.id)
    return list(work.session.scalars(wanted.where(Connection.source == source_id) if source_id else wanted))


def get(work: Work, connection_id: int, *, lock: bool = False) -> Connection:
    """A connection.

    :raises NotFound: when there is none.
    """
    wanted = select(Connection).where(Connection.id == connection_id)
    if lock:
        wanted = wanted.with_for_update(of=Connection).execution_options(populate_existing=True)
    found: Connection | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("connection", connection_id)
    return found


def of_key(work: Work, source_id: str, key: str) -> Connection | None:
    """The connection that an address of webhooks names."""
    return work.session.scalar(select(Connection).where(Connection.source == source_id, Connection.key == key[:60]))


def save(
    work: Work,
    source: Source,
    given: Mapping[str, Any],
    connection_id: int | None = None,
    *,
    version: int | None = None,
    unreachable: bool = False,
) -> Connection:
    """Adds a connection, or changes one. Nothing is called: trying it is :func:`test`, and whether another address or
    other keys are those of the same account says :func:`check_account`.

    :param given: ``name`` and the source's fields; an empty secret keeps the one that is stored.
    :param unreachable: take addresses too that are not called from here as things are; calling them is refused all the same.
    :raises Invalid: sentences by field.
    :raises Conflict: when another connection to this kind of side has the name, or is to the same account or shop.
    """
    work.require("syncs.edit")
    one = get(work, connection_id, lock=True) if connection_id is not None else None
    if one is not None:
        check_version(one, version)
    name, fields, secrets = _checked(work, source, given, one, unreachable=unreachable)
    others = [other for other in all_of(work, source.id) if other is not one]
    if any(texts.fold(other.name) == texts.fold(name) for other in others):
        raise Conflict(Message("“%(name)s” is connected already: choose another name.", name=name), field="name")
    former.check_once(source, fields, others)
    before = _shown(one) if one is not None else None
    if one is None:
        taken = [other.key for other in others]
        key = former.key_of(work, source, fields, taken)
        key = key or _key(name, [*taken, *former.keys_of_others(work, source, fields)])
        one = Connection(
            source=source.id, key=key, name=name, fields={}, secrets={}, options={},
            cursors={}, counts={}, paused=False, problem="", hooks_problem="", failures=0, run_key="",
            created_at=work.now, version=0,
        )  # fmt: skip
        work.session.add(one)
        work.session.flush()
        former.restore(work, one)
    one.name, one.fields = name, fields
    sealed = {key: settings.seal(work, text, _context(one, key)) for key, text in secrets.items()}
    one.secrets = {**one.secrets, **sealed}
    one.version += 1
    one.problem, one.problem_at, one.failures = "", None, 0
    work.session.flush()
    action = "sync.connected" if before is None else "sync.changed"
    work.audit(action, "sync", one.id, before=before, after=_shown(one))
    return one


def check_version(one: Connection, version: int | None) -> None:
    """:raises Stale: when the connection was saved after the version given."""
    if version is not None and version != one.version:
        raise Stale("Somebody saved this connection meanwhile: look at their changes before you save yours.")


def _checked(
    work: Work, source: Source, given: Mapping[str, Any], one: Connection | None, *, unreachable: bool
) -> tuple[str, dict[str, Any], dict[str, str]]:
    errors: dict[str, list[str]] = {}
    name = texts.clean_line(str(given.get("name") or ""))
    if not name or len(name) > 80:
        errors["name"] = [Message("Give it a name of at most 80 characters.")]
    fields: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for field in source.fields:
        raw = given.get(field.name)
        if field.kind == "switch":
            fields[field.name] = bool(raw)
            continue
        text = texts.clean_line(str(raw or ""))
        if len(text) > 500:
            errors[field.name] = [Message("This is too long: at most %(longest)s characters.", longest=500)]
        elif field.kind == "secret":
            if text:
                secrets[field.name] = text
            elif field.required and not (one and one.secrets.get(field.name)):
                errors[field.name] = [Message("This is needed to connect.")]
        elif not text and field.required:
            errors[field.name] = [Message("This is needed to connect.")]
        elif field.kind == "url" and text:
            try:
                fields[field.name] = http.check_url(work, text if "://" in text else f"https://{text}").rstrip("/")
            except http.RequestError as error:
                if unreachable and text.startswith(("http://", "https://")):
                    fields[field.name] = text.rstrip("/")
                else:
                    errors[field.name] = [error.args[0]]
        else:
            fields[field.name] = text
    if one is not None and _elsewhere(source, one.fields, fields):
        for field in source.fields:
            if field.kind == "secret" and field.required and field.name not in secrets:
                # Who may change the address must not have a stored key sent to it that they never saw.
                errors.setdefault(field.name, [Message("The address changed: enter this once more.")])
    if errors:
        raise Invalid(errors)
    return name, fields, secrets


def _elsewhere(source: Source, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether another host or port is called than before, or the same one without encryption."""
    for name in (field.name for field in source.fields if field.kind == "url"):
        old, new = urlsplit(str(before.get(name) or "")), urlsplit(str(after.get(name) or ""))
        if old.netloc.casefold() != new.netloc.casefold() or (old.scheme, new.scheme) == ("https", "http"):
            return True
    return False


def _key(name: str, taken: Sequence[str]) -> str:
    """What addresses and ids call a connection: its name in plain letters."""
    base = _NOT_KEY.sub("-", texts.fold(name)).strip("-")[:40] or "one"
    number, key = 1, base
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    return key


def _context(one: Connection, name: str) -> str:
    return f"syncs.connection {one.id} {name}"


def _shown(one: Connection) -> dict[str, Any]:
    return {"name": one.name, **one.fields, **dict.fromkeys(one.secrets, _MASK)}


def secret(work: Work, one: Connection, name: str) -> str:
    """A secret of a connection in clear; empty when none is stored.

    :raises CrmError: when it was stored under another secret key of the site.
    """
    sealed = one.secrets.get(name)
    return settings.unseal(work, sealed, _context(one, name)) if sealed else ""


def reader(work: Work, source: Source, one: Connection) -> Reader:
    """What calls the other side of a connection."""
    return _reader(work, source, one, {**one.fields, **{name: secret(work, one, name) for name in one.secrets}})


def _reader(work: Work, source: Source, one: Connection, fields: Mapping[str, Any]) -> Reader:
    send = partial(http.request, work)
    return source.reader(Access(one.key, one.name, fields, options_of(source, one), work.now, send, work))


def options_of(source: Source, one: Connection) -> dict[str, Any]:
    """The options of a connection, each with its stored value or its default."""
    return {**{name: value for name, _label, _help, value in source.options}, **one.options}


def test(work: Work, one: Connection) -> list[Finding]:
    """Tries a connection, and says what is wrong in words. It goes over the network: call it outside of ``begin()``."""
    work.require("syncs.edit")
    try:
        with _asking(one):
            return list(reader(work, source_of(work, one.source), one).test())
    except _Unanswered as error:
        return [Finding(error.why, fine=False)]


class _Unanswered(Exception):  # the other side does not answer as it is to, in words
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@contextlib.contextmanager
def _asking(one: Connection) -> Iterator[None]:
    try:
        yield
    except http.RequestError as error:
        raise _Unanswered(str(error.args[0])) from error
    except (RetryLater, GiveUp) as error:
        raise _Unanswered(error.why) from error
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        log.exception("trying connection %s failed", one.id)
        said = Message("The other side answers in a way that is not understood: look whether the address is right.")
        raise _Unanswered(said) from error


def check_account(
    work: Work, source: Source, given: Mapping[str, Any], connection_id: int, *, unreachable: bool = False
) -> None:
    """Whether another address or other keys are those of the account whose records are here: call it before :func:`save`.

    Records that came in are looked for there. It goes over the network: call it outside of ``begin()``.

    :raises Invalid: when none of them is there, or the other side does not say; and as :func:`save` does.
    """
    work.require("syncs.edit")
    one = get(work, connection_id)
    kind, known = accounts.sample(work, source, one)
    if not known:
        return
    _name, fields, secrets = _checked(work, source, given, one, unreachable=unreachable)
    field = accounts.exchanged(source, one, fields, secrets)
    if not field:
        return
    stored = {name: secret(work, one, name) for name in one.secrets if name not in secrets}
    try:
        with _asking(one):
            found = _reader(work, source, one, {**fields, **stored, **secrets}).fetch(kind, list(known))
            same = accounts.is_same(source, options_of(source, one), known, found)
    except _Unanswered as error:
        raise Invalid({field: [error.why]}) from error
    if not same:
        said = Message("Nothing of what came in so far is found there: it is another one. Connect that one by itself.")
        if not source.account:
            said = Message(
                "Nothing of what came in so far is found with this key: it is one of another account, or of the other "
                "mode, test or live. Connect that one by itself."
            )
        raise Invalid({field: [said]})


def pause(work: Work, connection_id: int, *, paused: bool) -> Connection:
    """Stops reading until it is resumed; what webhooks tell meanwhile is kept.

    While its extension is off nothing is read either way; resumed, it is read once the extension is on again.
    """
    work.require("syncs.edit")
    one = get(work, connection_id, lock=True)
    if one.paused != paused:
        one.paused = paused
        work.session.flush()
        work.audit("sync.paused" if paused else "sync.resumed", "sync", one.id, after={"name": one.name})
        if not paused and source_on(work, one) is not None:
            work.enqueue("syncs.run", dedupe=str(one.id), connection_id=one.id)
    return one


def want(work: Work, kind: str, connection_id: int, **arguments: Any) -> int:
    """Wants a job for a connection, such as ``syncs.run``, because somebody asks for it; gives its number.

    :raises NotFound: when there is no such connection.
    :raises Conflict: when its extension is off, or it is to be read while it is paused.
    """
    work.require("syncs.edit")
    one = get(work, connection_id)
    if source_on(work, one) is None:
        raise Conflict(Message("The extension of “%(name)s” is off: have it switched on first.", name=one.name))
    if one.paused and kind == "syncs.run":
        raise Conflict(Message("“%(name)s” is paused: let it go on first.", name=one.name))
    dedupe = f"{one.id} {arguments}" if arguments else str(one.id)
    number = work.enqueue(kind, dedupe=dedupe, connection_id=one.id, **arguments)
    work.audit("sync.asked", "sync", one.id, after={"job": kind, **arguments})
    return number


def remove(work: Work, connection_id: int, *, connected: str = "") -> str:
    """Forgets a connection, its keys and how its records are called there; contacts and transactions stay. Gives its name.

    :param connected: when it was connected, as ISO text: another one that was added since may have its number.
    :raises NotFound: when it is gone already.
    """
    work.require("syncs.edit")
    one = get(work, connection_id, lock=True)
    if connected and connected != one.created_at.isoformat():
        raise NotFound("connection", connection_id)
    work.audit("sync.removed", "sync", one.id, before=_shown(one))
    source = source_on(work, one)
    if source is not None and source.removed is not None:
        source.removed(work, one)
    former.remember(work, source, one)
    work.session.delete(one)
    work.session.flush()
    return one.name


def note(work: Work, connection_id: int, problem: str) -> None:
    """Notes what is wrong with a connection; an empty text: all is well."""
    one = get(work, connection_id, lock=True)
    one.problem, one.problem_at = problem, work.now if problem else None
    one.failures = one.failures + 1 if problem else 0
    work.session.flush()


def on(work: Work) -> list[Connection]:
    """Those that are read at all: neither paused nor of an extension that is off."""
    known = {source.id for source in sources(work)}
    return [one for one in all_of(work) if one.source in known and not one.paused]


def due(work: Work) -> list[Connection]:
    """Those that are to be looked at now: one that was refused is asked again after some hours, or when somebody mends it."""
    rested = work.now - REST
    return [one for one in on(work) if one.problem_at is None or one.problem_at < rested]


def read_by(work: Work, one: Connection) -> int | None:
    """The job that reads a connection just now; ``None`` when nobody does, or somebody at a terminal."""
    kind, _colon, number = one.run_key.partition(":")
    busy = one.run_until is not None and one.run_until > work.now
    return int(number) if busy and kind == "job" and number.isdecimal() else None


def any_on(work: Work) -> bool:
    """Whether there is something to read."""
    return work.session.scalar(select(Connection.id).where(Connection.paused.is_(False)).limit(1)) is not None
