"""Taking records: each once, in its newest state, whatever came before, twice, or in which order."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from crmhost.api import CrmError, Message, Work, statuses, upsert

from . import billing, connections, mapping, terms
from .models import ERASED, LONGEST_STATUS, Aside, Connection, Record, fresh, keep
from .people import People
from .sales import Sales, check_currency
from .shapes import Incoming, Other, Person, Sale, Shaped, Source

_SOME = 500
#: What :attr:`Source.shape` raises for a record that can't be read.
UNREADABLE = (CrmError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError)


@dataclasses.dataclass
class Outcome:
    """What became of some records."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    aside: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


def digest(item: Incoming) -> str:
    """Tells whether a record is as it was."""
    content = json.dumps(item.body, sort_keys=True, separators=(",", ":"), default=str)
    # Taken without what could not be fetched beside it, it is to be looked at once more.
    mark = "?" if item.more.get("incomplete") else ""
    return hashlib.blake2b(f"{int(item.gone)}{mark}{content}".encode(), digest_size=16).hexdigest()


def changed(
    work: Work, one: Connection, items: Sequence[Incoming], *, force: bool = False, newest: bool = True
) -> list[Incoming]:
    """Those of some records that are new, or newer than what is known and otherwise.

    :param force: those too that are as they were, such as after the mapping changed.
    :param newest: they come from the other side just now; what a webhook brought may be older than what is known.
    """
    known = _known(work, one, items)
    found: dict[tuple[str, str], Incoming] = {}
    for item in items:
        record = known.get((item.kind, item.external_id))
        version, was, gone = record if record is not None else (-1, "", False)
        older = item.version < version or (not newest and gone and not item.gone)
        if item.version and not item.gone and older:
            continue
        if not force and record is not None and was == digest(item):
            continue
        other = found.get((item.kind, item.external_id))
        if other is None or item.version >= other.version:
            found[item.kind, item.external_id] = item
    return list(found.values())


def doubtful(work: Work, one: Connection, items: Sequence[Incoming]) -> list[Incoming]:
    """Those of some records that a webhook brought, of which nobody can say whether they are newer than what is known:
    of the same second but otherwise, or of one that was deleted.
    """
    known = _known(work, one, items)
    found = []
    for item in items:
        record = known.get((item.kind, item.external_id))
        if record is not None:
            version, was, gone = record
            same = item.version == version and was != digest(item)
            if not item.gone and (gone or same):
                found.append(item)
    return found


def _known(work: Work, one: Connection, items: Sequence[Incoming]) -> dict[tuple[str, str], tuple[int, str, bool]]:
    names: dict[str, list[str]] = {}
    for item in items:
        names.setdefault(item.kind, []).append(item.external_id)
    found: dict[tuple[str, str], tuple[int, str, bool]] = {}
    columns = (Record.external_id, Record.version, Record.digest, Record.gone)
    for kind, ids in names.items():
        for start in range(0, len(ids), _SOME):
            some = ids[start : start + _SOME]
            mine = (Record.connection_id == one.id, Record.kind == kind, Record.external_id.in_(some))
            for name, version, was, gone in work.session.execute(select(*columns).where(*mine)):
                found[kind, name] = (version, was, gone)
    return found


class Ready:
    """What records become, found out before the transaction in which they are stored begins: others wait for its end."""

    def __init__(self, source: Source, one: Connection, items: Sequence[Incoming]) -> None:
        self.options = connections.options_of(source, one)
        self._source = source
        self._digests = {id(item): digest(item) for item in items}
        self._found = {id(item): self._shaped(item) for item in items if not item.gone}
        #: They are known by their place in memory, so they must stay there.
        self._items = items

    def _shaped(self, item: Incoming) -> Shaped | Exception:
        try:
            return self._source.shape(item, self.options)
        except UNREADABLE as error:
            return error

    def digest(self, item: Incoming) -> str:
        """See :func:`digest`."""
        return self._digests[id(item)]

    def shaped(self, item: Incoming) -> Shaped:
        """What a record becomes.

        :raises Exception: whatever the source raises where it can't be read.
        """
        found = self._found[id(item)]
        if isinstance(found, Exception):
            raise found
        return found


def apply(
    work: Work, source: Source, one: Connection, items: Sequence[Incoming], ready: Ready | None = None
) -> Outcome:
    """Takes records that :func:`changed` gave, all or, when one of them is bad, by halves: so the bad one is found.

    What can't be taken is set aside with the reason.

    :param ready: the same records, made ready before the transaction began.
    """
    if not items:
        return Outcome()
    if ready is None or ready.options != connections.options_of(source, one):
        ready = Ready(source, one, items)
    try:
        with work.part():
            return _apply(work, source, one, items, ready)
    except (*UNREADABLE, SQLAlchemyError) as error:
        if len(items) == 1:
            set_aside(work, one, items[0], _reason(error))
            return Outcome(aside=1)
    half = len(items) // 2
    return apply(work, source, one, items[:half], ready) + apply(work, source, one, items[half:], ready)


def _reason(error: Exception) -> str:
    if isinstance(error, CrmError):
        return str(error.message)
    return Message(
        "This record could not be read (%(what)s): it may have a shape that is not known yet.",
        what=f"{type(error).__name__}: {str(error)[:200]}",
    )


def _apply(work: Work, source: Source, one: Connection, items: Sequence[Incoming], ready: Ready) -> Outcome:
    rules = mapping.resolve(work, source, one)
    outcome = Outcome()
    shaped: list[tuple[Incoming, Shaped]] = []
    outcome.updated += _remove(work, source, one, rules, [item for item in items if item.gone])
    items = [item for item in items if not item.gone]
    for item in items:
        try:
            found = ready.shaped(item)
            if isinstance(found, Sale):
                check_currency(found)
                # Said before anything is written of it.
                mapping.transaction_status(rules, found.status, paid=found.paid)
        except UNREADABLE as error:
            set_aside(
                work, one, item, _reason(error), status=error.remote if isinstance(error, mapping.UnknownStatus) else ""
            )
            outcome.aside += 1
        else:
            shaped.append((item, found))
    records = _records(work, one, [item for item, _found in shaped])
    shaped = [(item, _nameless(found, records.get((item.kind, item.external_id)))) for item, found in shaped]
    people = _people(work, source, one, rules, shaped)
    stored: list[tuple[Record, Shaped]] = []
    wanted: list[tuple[Incoming, Sale, Record]] = []
    refused: dict[tuple[str, str], str] = {}
    new: set[tuple[str, str]] = set()
    for item, found in shaped:
        key = (item.kind, item.external_id)
        record = records.get(key)
        if record is None:
            new.add(key)
            record = fresh(one, item.kind, item.external_id)
        if isinstance(found, Sale):
            wanted.append((item, found, record))
        elif isinstance(found, Other):
            _keep_other(record, found, people)
        else:
            met = people.met[found.external_id]
            record.object_type, record.object_id = "contact", met.contact_id
            record.contact_id, record.url, record.gone = met.contact_id, found.url, False
            if met.contact_id is None:
                refused[key] = met.refused or Message("This record has neither a name nor an e-mail address.")
        stored.append((record, found))
        record.version, record.digest = item.version, ready.digest(item)
    for (kind, name), why in Sales(work, source, one, rules, people).save(wanted).items():
        if kind not in source.sales:
            # A refund that can't be taken keeps its sale back too.
            raise why
        refused[kind, name] = why.message
    kept = _settle(work, one, items, stored, refused)
    terms.keep(work, kept)
    billing.want(work, one, kept)
    if source.saved is not None and kept:
        source.saved(work, one, kept)
    outcome.aside += len(refused)
    outcome.added = sum((record.kind, record.external_id) in new for record, _found in kept)
    outcome.updated += len(kept) - outcome.added
    return outcome


def _remove(work: Work, source: Source, one: Connection, rules: mapping.Rules, items: Sequence[Incoming]) -> int:
    """Records that were deleted there. Contacts stay, and what was never known needs nothing."""
    if not items:
        return 0
    known = _records(work, one, items)
    people = People(work, source, one, rules)
    found = [(item, record) for item in items if (record := known.get((item.kind, item.external_id))) is not None]
    for item, record in found:
        record.gone, record.digest, record.version = True, digest(item), max(item.version, record.version)
    Sales(work, source, one, rules, people).remove([record for item, record in found if item.kind in source.sales])
    terms.end(work, [record for _item, record in found])
    billing.again_due(work, one, [record.id for _item, record in found])
    if source.saved is not None and found:
        source.saved(work, one, [(record, None) for _item, record in found])
    for item in items:
        mine = (Aside.connection_id == one.id, Aside.kind == item.kind, Aside.external_id == item.external_id)
        work.session.execute(delete(Aside).where(*mine), execution_options={"synchronize_session": False})
    work.session.flush()
    return len(found)


def _settle(
    work: Work,
    one: Connection,
    items: Sequence[Incoming],
    stored: Sequence[tuple[Record, Shaped]],
    refused: Mapping[tuple[str, str], str],
) -> list[tuple[Record, Shaped]]:
    """Stores the records that were taken; sets the others aside, and brings back those that stood aside."""
    kept = [(record, found) for record, found in stored if (record.kind, record.external_id) not in refused]
    for item in items:
        why = refused.get((item.kind, item.external_id))
        if why is not None:
            set_aside(work, one, item, why)
    for record, _found in stored:
        if (record.kind, record.external_id) in refused and record in work.session:
            work.session.expunge(record)
    keep(work, [record for record, _found in kept])
    names: dict[str, list[str]] = {}
    for record, _found in kept:
        names.setdefault(record.kind, []).append(record.external_id)
    for kind, some in names.items():
        mine = (Aside.connection_id == one.id, Aside.kind == kind, Aside.external_id.in_(some))
        work.session.execute(delete(Aside).where(*mine), execution_options={"synchronize_session": False})
    return kept


def _nameless(found: Shaped, record: Record | None) -> Shaped:
    """A record whose buyer was erased here says no more who that was."""
    if record is None or ERASED not in record.kept:
        return found
    if isinstance(found, Person):
        # An account that is still there makes nobody of who was erased here.
        return Other()
    if isinstance(found, Sale):
        return dataclasses.replace(found, person=None, description="")
    return dataclasses.replace(found, person=None)


def _people(
    work: Work, source: Source, one: Connection, rules: mapping.Rules, shaped: Iterable[tuple[Incoming, Shaped]]
) -> People:
    people = People(work, source, one, rules)
    known = {status.name_key: status.id for status in statuses.all_statuses(work)}
    for item, found in shaped:
        person = found if isinstance(found, Person) else found.person
        if person is None:
            continue
        status = known.get(person.status.casefold(), 0)
        if isinstance(found, Sale):
            status = rules.contact_statuses.get(found.status, 0) or status
        people.meet(person, status, _said_at(item, found), account=isinstance(found, Person))
    people.save()
    return people


def _said_at(item: Incoming, found: Shaped) -> dt.datetime | None:
    """When somebody said who they are: with an order on its day, in their account whenever it changed last."""
    if isinstance(found, (Sale, Other)):
        return found.at
    return dt.datetime.fromtimestamp(item.version, dt.UTC) if item.version else None


def _keep_other(record: Record, found: Other, people: People) -> None:
    record.status, record.label, record.url, record.gone = found.status, found.label[:200], found.url[:500], False
    record.at, record.contact_id = found.at, people.contact_of(found.person)
    if found.amount is not None:
        record.currency, record.amount = found.amount.currency, found.amount.amount


def _records(work: Work, one: Connection, items: Sequence[Incoming]) -> dict[tuple[str, str], Record]:
    names: dict[str, list[str]] = {}
    for item in items:
        names.setdefault(item.kind, []).append(item.external_id)
    found: dict[tuple[str, str], Record] = {}
    for kind, ids in names.items():
        for start in range(0, len(ids), _SOME):
            some = ids[start : start + _SOME]
            mine = (Record.connection_id == one.id, Record.kind == kind, Record.external_id.in_(some))
            wanted = select(Record).where(*mine).execution_options(populate_existing=True)
            found |= {(kind, record.external_id): record for record in work.session.scalars(wanted)}
    return found


# --- what can't be taken ---------------------------------------------------------------------------------------------


def set_aside(work: Work, one: Connection, item: Incoming, reason: str, *, status: str = "") -> None:
    """Keeps a record that can't be taken, with the reason; the newest of it.

    :param status: the one of which nobody said what it becomes, where that is the reason.
    """
    values = {
        "connection_id": one.id,
        "kind": item.kind,
        "external_id": item.external_id,
        "version": item.version,
        "reason": reason,
        # A longer one can't be chosen under Mapping.
        "status": status if len(status) <= LONGEST_STATUS else "",
        "body": {"body": dict(item.body), "gone": item.gone, "more": dict(item.more)},
        "email_key": _address(item.body).strip().casefold()[:254],
        "at": work.now,
        "tries": 1,
    }
    statement = upsert(work.session, Aside).values(values)
    again = {name: statement.excluded[name] for name in ("version", "reason", "status", "body", "email_key", "at")}
    names = ["connection_id", "kind", "external_id"]
    again["tries"] = Aside.tries + 1
    work.session.execute(statement.on_conflict_do_update(index_elements=names, set_=again))


def _address(body: Mapping[str, Any]) -> str:
    """The first address that a record names, so that it goes with its owner when they are erased."""
    for name, value in body.items():
        if "email" in name and isinstance(value, str) and "@" in value:
            return value
    tables = (value for value in body.values() if isinstance(value, Mapping))
    return next((found for table in tables if (found := _address(table))), "")


def as_came(row: Aside) -> Incoming:
    """A record that stood aside, as it came."""
    kept = row.body
    return Incoming(
        kind=row.kind, external_id=row.external_id, version=row.version, body=kept.get("body") or {},
        gone=bool(kept.get("gone")), more=kept.get("more") or {},
    )  # fmt: skip
