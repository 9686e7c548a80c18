"""What records of the other side become here: the statuses and options of a connection."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from crmhost.api import Invalid, Message, Work, statuses
from plugins.transactions import api as transactions

from . import billing, connections
from .models import LONGEST_STATUS, Aside, Connection, Record
from .shapes import RemoteStatus, Source

#: Whose word counts where a field was changed here and there.
RULES = {
    "ours": Message("What somebody typed here stays"),
    "theirs": Message("The other side is always right"),
    "newest": Message("Whoever changed it last"),
}
PAID, PENDING = "Completed", "Pending"
_LONGEST_OPTION = 40
STATUSES, RULE, BACK, COUNTED = "statuses", "rule", "move_back", "paid_status"


@dataclasses.dataclass(frozen=True)
class Rules:
    """The mapping of a connection, looked up for many records.

    :param transaction_statuses: remote status -> id of the status of its transaction.
    :param contact_statuses: remote status -> id of a contact status, 0 for none.
    """

    transaction_statuses: Mapping[str, int]
    contact_statuses: Mapping[str, int]
    missing: Mapping[str, str]
    paid: int
    deleted: int
    counted: frozenset[int]
    rule: str
    move_back: bool
    positions: Mapping[int, int]


class UnknownStatus(Invalid):
    """Nobody said what a status of the other side becomes.

    :param remote: that status.
    """

    def __init__(self, remote: str) -> None:
        super().__init__(
            Message("Nobody said what the status “%(status)s” becomes: choose it under Mapping.", status=remote)
        )
        self.remote = remote


def chosen(source: Source, one: Connection) -> list[RemoteStatus]:
    """All statuses of a connection with what they become."""
    stored: Mapping[str, Mapping[str, str]] = one.options.get(STATUSES) or {}
    found = [dataclasses.replace(status, **stored.get(status.key, {})) for status in source.statuses]
    known = {status.key for status in found}
    more = [RemoteStatus(key=key, label=key, **values) for key, values in stored.items() if key not in known]
    return [*found, *more]


def unknown(work: Work, source: Source, one: Connection) -> list[tuple[str, int]]:
    """Statuses for which records were set aside since nobody said what they become, with the number of records."""
    mine = (Aside.connection_id == one.id, Aside.status != "")
    grouped = select(Aside.status, func.count()).where(*mine).group_by(Aside.status).order_by(Aside.status)
    known = {status.key for status in chosen(source, one)}
    return [(status, number) for status, number in work.session.execute(grouped) if status not in known]


def resolve(work: Work, source: Source, one: Connection) -> Rules:
    """The mapping of a connection with the ids of this site's statuses; what names none is in ``missing``."""
    ours = {status.name_key: status.id for status in transactions.statuses(work)}
    people = statuses.all_statuses(work)
    theirs = {status.name_key: status.id for status in people}
    counted = frozenset(transactions.rule(work).statuses)
    missing: dict[str, str] = {}
    found: dict[str, int] = {}
    contacts: dict[str, int] = {}
    for status in chosen(source, one):
        if status.transaction.casefold() in ours:
            found[status.key] = ours[status.transaction.casefold()]
        else:
            missing[status.key] = status.transaction
        contacts[status.key] = theirs.get(status.contact.casefold(), 0)
    any_counted = next(iter(sorted(counted)), 0)
    paid = ours.get(str(one.options.get(COUNTED) or PAID).casefold(), any_counted)
    return Rules(
        found, contacts, missing, paid if paid in counted else any_counted or paid,
        ours.get(source.deleted.casefold(), 0), counted,
        str(one.options.get(RULE) or "ours"), bool(one.options.get(BACK)),
        {status.id: place for place, status in enumerate(people)},
    )  # fmt: skip


def transaction_status(found: Rules, status: str, *, paid: bool) -> int:
    """The status of a transaction.

    What is paid counts, whatever its status there says by now.

    :raises UnknownStatus: when nobody said what this status becomes.
    :raises Invalid: when it is to become what is no status here.
    """
    if status in found.missing:
        said = Message(
            "“%(status)s” is to become “%(name)s”, which is no status of transactions: choose another one under Mapping.",
            status=status, name=found.missing[status],
        )  # fmt: skip
        raise Invalid(said)
    if status not in found.transaction_statuses:
        raise UnknownStatus(status)
    wanted = found.transaction_statuses[status]
    return found.paid if paid and wanted not in found.counted else wanted


def save(
    work: Work,
    connection_id: int,
    wanted: Mapping[str, Mapping[str, str]],
    options: Mapping[str, Any],
    *,
    version: int | None = None,
) -> Connection:
    """Stores a mapping, and has a job apply it to what was taken already.

    :param wanted: remote status -> ``transaction`` and ``contact``, names of statuses here, and maybe ``invoice``, see
        :class:`.shapes.RemoteStatus`.
    :raises Invalid: when a status named is none of this site's.
    :raises Stale: when the connection was saved after the version given.
    """
    work.require("syncs.edit")
    one = connections.get(work, connection_id, lock=True)
    connections.check_version(one, version)
    errors: dict[str, list[str]] = {}
    known = {status.name_key for status in transactions.statuses(work)}
    for key, values in wanted.items():
        if len(key) > LONGEST_STATUS:
            errors["new_status"] = [
                Message("This is too long: at most %(longest)s characters.", longest=LONGEST_STATUS)
            ]
        if values.get("transaction", "").casefold() not in known:
            errors[f"transaction_{key}"] = [Message("Choose a status of transactions.")]
        if values.get("contact"):
            statuses.find(work, values["contact"])
        if values.get("invoice", "") not in billing.CHOICES:
            errors[f"invoice_{key}"] = [Message("Choose what the invoice becomes.")]
    for name, value in options.items():
        if isinstance(value, str) and len(value) > _LONGEST_OPTION:
            said = Message("This is too long: at most %(longest)s characters.", longest=_LONGEST_OPTION)
            errors[f"option_{name}"] = [said]
    if errors:
        raise Invalid(errors)
    before = dict(one.options)
    options = billing.switched(work, before, dict(options))
    one.options = {**one.options, **options, STATUSES: {key: dict(values) for key, values in wanted.items()}}
    one.version += 1
    work.session.flush()
    work.audit("sync.mapped", "sync", one.id, before=before, after=one.options)
    work.enqueue("syncs.remap", dedupe=str(one.id), connection_id=one.id)
    work.enqueue("syncs.retry", dedupe=str(one.id), connection_id=one.id)
    billing.again_due(work, one)
    return one


@dataclasses.dataclass(frozen=True)
class Effect:
    """What a mapping would change for the records of one status."""

    status: str
    records: int
    changed: int


def preview(work: Work, source: Source, one: Connection, wanted: Mapping[str, Mapping[str, str]]) -> list[Effect]:
    """What a mapping would change, without changing it: for each status, how many records there are and how many would get
    another status of transactions.
    """
    now = resolve(work, source, one)
    trial = Connection(options={**one.options, STATUSES: {key: dict(values) for key, values in wanted.items()}})
    then = resolve(work, source, trial)
    kinds: Sequence[str] = source.sales
    grouped = (
        select(Record.status, Record.paid, func.count())
        .where(Record.connection_id == one.id, Record.kind.in_(kinds), Record.gone.is_(False))
        .group_by(Record.status, Record.paid)
    )
    found: dict[str, list[int]] = {}
    for status, paid, number in work.session.execute(grouped):
        sums = found.setdefault(status, [0, 0])
        sums[0] += number
        try:
            old = transaction_status(now, status, paid=paid)
        except Invalid:
            old = 0
        if old != transaction_status(then, status, paid=paid):
            sums[1] += number
    return [Effect(status, *sums) for status, sums in sorted(found.items())]


def apply_some(work: Work, connection_id: int, after: int, limit: int) -> tuple[int, int]:
    """Gives the transactions of some records the status of the mapping; what somebody chose here stays.

    :returns: the last record looked at, 0 when there are no more; and how many transactions changed.
    """
    one = connections.get(work, connection_id)
    source = connections.source_of(work, one.source)
    rules = resolve(work, source, one)
    mine = (Record.connection_id == one.id, Record.kind.in_(source.sales), Record.id > after, Record.gone.is_(False))
    rows = list(work.session.scalars(select(Record).where(*mine).order_by(Record.id).limit(limit)))
    there = transactions.by_ids(work, [row.object_id for row in rows if row.object_id is not None])
    wanted: list[tuple[int, dict[str, Any]]] = []
    for row in rows:
        known = there.get(row.object_id or 0)
        try:
            status = transaction_status(rules, row.status, paid=row.paid)
        except Invalid:
            continue
        if known is not None and known.status_id != status and row.written.get("status") == known.status_id:
            row.written = {**row.written, "status": status}
            row.counts = status in rules.counted
            wanted.append((known.id, {"status": status}))
    transactions.save_many(work, wanted, source=source.plugin)
    return (rows[-1].id if rows else 0), len(wanted)
