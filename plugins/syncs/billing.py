"""Invoices of sales as a setting of a connection: which sales are to get one, what it is to say, and what came of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update

from crmhost.api import Event, Invalid, Message, Work, upsert

from . import bills, connections
from .models import Billed, Connection, Record
from .shapes import Sale, Source

#: Options of a connection: whether invoices are made of its sales, and from which instant on; empty: of all.
ON, FROM = "invoices", "invoices_from"
_SOME = 500
#: Sales without an invoice that one page shows.
MOST = 20
#: What invoices of a status can be, with how pages call it.
CHOICES: Mapping[str, str] = {
    "": Message("None is made"),
    "issued": Message("Unpaid or paid, as its transaction counts"),
    "draft": Message("Draft"),
    "void": Message("Void"),
}


def available(work: Work) -> bool:
    """Whether there are invoices on this site."""
    return work.service("invoices") is not None


def switched(work: Work, before: Mapping[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """The options of a connection with the instant from which on its sales get invoices.

    :raises Invalid: when there are no invoices on this site.
    """
    if not options.get(ON) or before.get(ON):
        return options
    if not available(work):
        raise Invalid({f"option_{ON}": [Message("Switch the extension “Invoices” on first.")]})
    work.require("invoices.edit")
    return {**options, FROM: work.now.isoformat()}


def also_past(work: Work, connection_id: int) -> int:
    """Wants invoices of the sales too that were there before the setting was switched on; gives the job that reads them."""
    work.require("syncs.edit")
    work.require("invoices.edit")
    one = connections.get(work, connection_id, lock=True)
    if not one.options.get(ON):
        raise Invalid(Message("Switch invoices on first, under Mapping."))
    before = dict(one.options)
    one.options = {**one.options, FROM: ""}
    work.audit("sync.mapped", "sync", one.id, before=before, after=one.options)
    return connections.want(work, "syncs.run", connection_id, full=True)


def want(work: Work, one: Connection, stored: Sequence[tuple[Record, Any]]) -> None:
    """Notes, in the transaction in which sales were stored, that their invoices are to be made or to follow."""
    if not one.options.get(ON) or not available(work):
        return
    begins = dt.datetime.fromisoformat(one.options[FROM]) if one.options.get(FROM) else None
    rows = []
    for record, sale in stored:
        if isinstance(sale, Sale) and record.at is not None and (begins is None or record.at >= begins):
            document = bills.document(sale)
            rows.append(
                {
                    "record_id": record.id, "connection_id": one.id, "due": True, "document": document, "written": "",
                    "billed_to": None, "made": 0, "voided": False, "credits": {}, "problem": "",
                }
            )  # fmt: skip
    if rows:
        statement = upsert(work.session, Billed)
        again = {"due": True, "document": statement.excluded.document}
        work.session.execute(statement.on_conflict_do_update(index_elements=["record_id"], set_=again), rows)
        _wake(work, one)


def again_due(work: Work, one: Connection, records: Sequence[int] | None = None) -> None:
    """Has the invoices of some sales looked at once more; without any named, those of all."""
    if not one.options.get(ON) or (records is not None and not records):
        return
    mine = update(Billed).where(Billed.connection_id == one.id)
    for some in [records[at : at + _SOME] for at in range(0, len(records), _SOME)] if records is not None else [None]:
        these = mine if some is None else mine.where(Billed.record_id.in_(some))
        work.session.execute(these.values(due=True), execution_options={"synchronize_session": False})
    _wake(work, one)


def issued(work: Work, event: Event) -> None:
    """Has drafts that somebody issued by hand get the payments of their sales."""
    service = work.service("invoices")
    found = [service.find(number) for number in event.ids] if service is not None else []
    # Those that a sync made of paid sales have their payment already.
    origins = [(one.origin or "").split(":") for one in found if one is not None and one.due > 0]
    sales = [int(parts[1]) for parts in origins if parts[0] == "sale"]
    if not sales:
        return
    with work.begin():
        theirs = select(Record).where(Record.object_type == "transaction", Record.object_id.in_(sales))
        mine: dict[int, list[int]] = {}
        for record in work.session.scalars(theirs.join(Billed, Billed.record_id == Record.id)):
            mine.setdefault(record.connection_id, []).append(record.id)
        for number, records in mine.items():
            again_due(work, connections.get(work, number), records)


def _wake(work: Work, one: Connection) -> None:
    work.enqueue("syncs.invoices", dedupe=str(one.id), connection_id=one.id)


@dataclasses.dataclass(frozen=True)
class Shown:
    """What the page of a connection says of its invoices.

    :param since: the day from which on sales get one; ``None`` when past ones do too.
    :param refused: sales whose invoice could not be made or can't follow, with the reason; at most :data:`MOST`.
    """

    made: int
    waiting: int
    since: dt.date | None
    refused: Sequence[tuple[Record, str]]


def shown(work: Work, source: Source, one: Connection) -> Shown | None:
    """What a page says of invoices; ``None`` where none are made."""
    if not source.invoices or not one.options.get(ON) or not available(work):
        return None
    mine = Billed.connection_id == one.id
    made, waiting = work.session.execute(
        select(func.sum(Billed.made), func.count().filter(Billed.due)).where(mine)
    ).one()
    rows = select(Record, Billed.problem).join(Billed, Billed.record_id == Record.id)
    refused = work.session.execute(rows.where(mine, Billed.problem != "").order_by(Billed.record_id).limit(MOST)).all()
    begins = one.options.get(FROM)
    since = dt.datetime.fromisoformat(begins).astimezone(work.timezone).date() if begins else None
    return Shown(int(made or 0), waiting, since, [(row[0], row[1]) for row in refused])
