"""Transactions of sales and refunds: one for each, whichever side told of it first."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import CrmError, Invalid, Message, Money, Work, insert_rows, record_fields
from plugins.transactions import api as transactions

from .mapping import Rules, transaction_status
from .models import ERASED, HAS_PARENT, Connection, Record, SameSale, fresh, keep
from .ownership import settle
from .people import People
from .sameness import apart, same_sales
from .shapes import Incoming, Refund, Sale, Source

KIND = "transaction"
REFUND = "refund"
_SOME = 500
_AMOUNTS = ("total", "fee", "tax", "discount", "shipping")
#: Fields that whoever came first says; a second side only fills what is empty.
_COLUMNS = ("name", "status", "date", *_AMOUNTS, "description", "payment_method", "contact_id")


@dataclasses.dataclass
class Taken:
    """A sale or refund of a batch on its way into a transaction.

    :param second: another record, of another side, told of this sale first.
    """

    item: Incoming
    record: Record
    given: dict[str, Any]
    same: Sequence[str] = ()
    sale: Sale | None = None
    new: bool = True
    second: bool = False
    refused: CrmError | None = None


class Sales:
    """The sales of one batch of records."""

    def __init__(self, work: Work, source: Source, one: Connection, rules: Rules, people: People) -> None:
        self.work = work
        self.source = source
        self.one = one
        self.rules = rules
        self.people = people
        self.quiet = not one.complete
        self.sale_type = transactions.type_id(work, "Sale", 1)
        self.refund_type = transactions.type_id(work, "Refund", -1)

    def save(self, wanted: Sequence[tuple[Incoming, Sale, Record]]) -> dict[tuple[str, str], CrmError]:
        """Adds the transactions of sales and their refunds, or brings them up to date.

        :param wanted: each with its record, new or known, which is changed here and stored by the caller.
        :returns: kind and id of those that were refused, with the reason.
        """
        refused: dict[tuple[str, str], CrmError] = {}
        while wanted:
            now, wanted = apart(wanted)
            refused |= self._save(now)
            if wanted:
                done = [record for item, _sale, record in now if (item.kind, item.external_id) not in refused]
                keep(self.work, done)
        return refused

    def _save(self, wanted: Sequence[tuple[Incoming, Sale, Record]]) -> dict[tuple[str, str], CrmError]:
        """As :meth:`save`, of records that are a sale of their own each."""
        taken: list[Taken] = []
        refused: dict[tuple[str, str], CrmError] = {}
        for item, sale, record in wanted:
            try:
                taken.append(self._sale(item, sale, record))
            except CrmError as error:
                refused[item.kind, item.external_id] = error
        self._attach(taken)
        self._store(taken, self.sale_type)
        refunds = self._refunds([one for one in taken if one.refused is None])
        self._pair(refunds)
        self._store(refunds, self.refund_type)
        keep(self.work, [one.record for one in refunds if one.refused is None])
        for one in (*taken, *refunds):
            if one.refused is not None:
                refused[one.item.kind, one.item.external_id] = one.refused
        return refused

    def remove(self, records: Sequence[Record]) -> None:
        """Has the sales that were deleted there, and their refunds, count no more; what somebody changed here stays."""
        children = self._known_refunds([record.external_id for record in records])
        there = [*records, *(record for some in children.values() for record in some.values())]
        known = transactions.by_ids(self.work, [record.object_id for record in there if record.object_id is not None])
        wanted: list[tuple[int, dict[str, Any]]] = []
        for record in there:
            one = known.get(record.object_id or 0)
            record.gone, record.counts = True, False
            if one is not None and one.deleted_at is None and record.written.get("status") == one.status_id:
                wanted.append((one.id, {"status": self.rules.deleted or one.status_id}))
                record.written = {**record.written, "status": self.rules.deleted or one.status_id}
        transactions.save_many(self.work, wanted, source=self.source.plugin)

    # --- one of them --------------------------------------------------------------------------------------------------

    def _sale(self, item: Incoming, sale: Sale, record: Record) -> Taken:
        status = transaction_status(self.rules, sale.status, paid=sale.paid)
        total = sale.amounts["total"]
        record.status, record.paid, record.gone = sale.status, sale.paid, False
        record.at, record.currency, record.amount = sale.at, total.currency, total.amount
        record.counts = status in self.rules.counted
        record.label, record.url = sale.name[:200], sale.url[:500]
        record.contact_id = self.people.contact_of(sale.person) or record.contact_id
        given: dict[str, Any] = {
            "name": sale.name, "status": status, "date": sale.at, "currency": total.currency, **sale.amounts,
            "description": sale.description, "payment_method": sale.payment_method, "contact_id": record.contact_id,
            "tags": list(sale.tags),
        }  # fmt: skip
        if sale.lines is not None:
            given["lines"] = list(sale.lines)
        return Taken(item, record, given, sale.same, sale, new=record.object_id is None)

    def _refunds(self, taken: Sequence[Taken]) -> list[Taken]:
        """The refunds of sales, and those that were taken back."""
        told = [one for one in taken if one.sale is not None and one.sale.refunds is not None]
        known = self._known_refunds([one.item.external_id for one in told])
        found: list[Taken] = []
        for one in told:
            sale = one.sale
            assert sale is not None
            there = known.get(one.item.external_id, {})
            for refund in sale.refunds or ():
                record = there.pop(refund.external_id, None)
                found.append(self._refund(one, refund, record))
            for record in there.values():
                # It was deleted there: the money did not go back.
                item = Incoming(kind=REFUND, external_id=record.external_id, version=one.item.version, gone=True)
                record.gone, record.counts = True, False
                found.append(Taken(item, record, {"status": self.rules.deleted or None}, new=False))
        return found

    def _refund(self, one: Taken, refund: Refund, record: Record | None) -> Taken:
        if record is None:
            record = fresh(self.one, REFUND, refund.external_id)
            record.parent = one.item.external_id
        counted = one.record.counts
        status = self.rules.paid if counted else one.given["status"]
        record.status, record.gone, record.counts, record.paid = "", False, counted, True
        record.at, record.currency, record.amount = refund.at, refund.amount.currency, -refund.amount.amount
        record.contact_id, record.url, record.label = one.record.contact_id, one.record.url, one.record.label
        given = {
            "name": one.given["name"], "status": status, "date": refund.at, "currency": refund.amount.currency,
            "total": refund.amount, "description": refund.reason, "contact_id": one.record.contact_id,
            "payment_method": one.given["payment_method"],
        }  # fmt: skip
        item = Incoming(kind=REFUND, external_id=refund.external_id, version=one.item.version)
        taken = Taken(item, record, given, refund.same, new=record.object_id is None)
        taken.given["ref"] = f"{one.record.written.get('ref') or self._ref(one)}-{refund.external_id}"[:120]
        return taken

    def _known_refunds(self, parents: Sequence[str]) -> dict[str, dict[str, Record]]:
        found: dict[str, dict[str, Record]] = {}
        for some in _chunks(parents):
            mine = (Record.connection_id == self.one.id, Record.kind == REFUND, Record.parent.in_(some), HAS_PARENT)
            for record in self.work.session.scalars(select(Record).where(*mine)):
                found.setdefault(record.parent, {})[record.external_id] = record
        return found

    # --- one sale is one ----------------------------------------------------------------------------------------------

    def _attach(self, taken: Sequence[Taken]) -> None:
        """Finds the transactions of sales that another side told of first."""
        self._recognise(taken)
        names = sorted({name for one in taken if one.new for name in one.same})
        known = same_sales(self.work, names)
        for one in taken:
            number = next((known[name] for name in one.same if name in known), None) if one.new else None
            if number is not None:
                one.record.object_id, one.record.object_type = number, KIND
                one.new = False
        shared = self._shared([one.record.object_id for one in taken if not one.new])
        for one in taken:
            first = shared.get(one.record.object_id or 0)
            one.second = not one.new and first is not None and first != _own(one.record)

    def _recognise(self, taken: Sequence[Taken]) -> None:
        """Finds the transactions of records that came before, when this side was connected once already."""
        keys = {(self.source.plugin, self.one.key, one.item.external_id): one for one in taken if one.new}
        for key, number in record_fields.external_owners(self.work, KIND, keys).items():
            one = keys[key]
            one.record.object_id, one.record.object_type, one.new = number, KIND, False

    def _shared(self, numbers: Sequence[int | None]) -> dict[int, tuple[int, str, str]]:
        """Transaction -> the record that told of it first, where there are several."""
        found: dict[int, list[tuple[int, tuple[int, str, str]]]] = {}
        for some in _chunks(sorted({number for number in numbers if number is not None})):
            wanted = select(Record.id, Record.object_id, Record.connection_id, Record.kind, Record.external_id)
            rows = self.work.session.execute(wanted.where(Record.object_type == KIND, Record.object_id.in_(some)))
            for key, number, connection, kind, name in rows:
                found.setdefault(int(number or 0), []).append((key, (connection, kind, name)))
        return {number: min(records)[1] for number, records in found.items()}

    def _pair(self, refunds: Sequence[Taken]) -> None:
        """Refunds of a sale that two sides tell of: the same name, else the same amount, is the same refund."""
        self._recognise(refunds)
        new = [one for one in refunds if one.new and not one.item.gone]
        known = same_sales(self.work, sorted({name for one in new for name in one.same}))
        others = self._refunds_elsewhere(new)
        for one in new:
            number = next((known[name] for name in one.same if name in known), None)
            if number is None:
                alike = others.get((one.record.parent, one.record.amount))
                number = alike.pop(0) if alike else None
            if number is not None:
                one.record.object_id, one.record.object_type = number, KIND
                one.new, one.second = False, True

    def _refunds_elsewhere(self, new: Sequence[Taken]) -> dict[tuple[str, int], list[int]]:
        """Parent here and amount -> transactions of refunds that another side told of and nobody paired yet."""
        parents = self._parents(sorted({one.record.parent for one in new}))
        sales = sorted(set(parents.values()))
        if not sales:
            return {}
        theirs: dict[tuple[int, str], int] = {}
        for some in _chunks(sales):
            wanted = select(Record.connection_id, Record.external_id, Record.object_id)
            other = (Record.object_type == KIND, Record.object_id.in_(some), Record.connection_id != self.one.id)
            for connection, name, number in self.work.session.execute(wanted.where(*other)):
                theirs[connection, name] = int(number or 0)
        found: dict[tuple[str, int], list[int]] = {}
        mine = set(
            self.work.session.scalars(
                select(Record.object_id).where(
                    Record.connection_id == self.one.id,
                    Record.kind == REFUND,
                    Record.parent.in_(list(parents)),
                    HAS_PARENT,
                )
            )
        )
        back = {number: parent for parent, number in parents.items()}
        for connection, name in theirs:
            alike = select(Record.object_id, Record.amount).where(
                Record.connection_id == connection,
                Record.kind == REFUND,
                Record.parent == name,
                HAS_PARENT,
                Record.gone.is_(False),
            )
            for number, amount in self.work.session.execute(alike.order_by(Record.id)):
                if number is not None and number not in mine:
                    found.setdefault((back[theirs[connection, name]], amount), []).append(number)
        return found

    def _parents(self, names: Sequence[str]) -> dict[str, int]:
        """Id there -> transaction, of sales of this connection."""
        found: dict[str, int] = {}
        for some in _chunks(names):
            wanted = select(Record.external_id, Record.object_id).where(
                Record.connection_id == self.one.id, Record.kind.in_(self.source.sales), Record.external_id.in_(some)
            )
            found |= {name: number for name, number in self.work.session.execute(wanted) if number is not None}
        return found

    # --- storing ------------------------------------------------------------------------------------------------------

    def _store(self, taken: Sequence[Taken], type_id: int) -> None:
        if not taken:
            return
        there = transactions.by_ids(
            self.work, [one.record.object_id for one in taken if one.record.object_id is not None]
        )
        lined = transactions.with_lines(self.work, [one.record.object_id or 0 for one in taken if one.second])
        wanted: list[tuple[Taken, int | None, dict[str, Any]]] = []
        for one in taken:
            if one.new:
                given = {**one.given, "type": type_id, "ref": one.given.get("ref") or self._ref(one)}
                given["external_ids"] = [(self.source.plugin, self.one.key, one.item.external_id)]
                wanted.append((one, None, given))
                continue
            known = there.get(one.record.object_id or 0)
            if known is not None and known.deleted_at is None:
                erased = [ERASED] if ERASED in one.record.kept else []
                given, kept = self._changes(one, known, lined=known.id in lined)
                one.record.kept = [*kept, *erased]
                if given:
                    wanted.append((one, known.id, given))
        self._free_refs(wanted)
        results = transactions.save_many(
            self.work, [(number, given) for _one, number, given in wanted], source=self.source.plugin, quiet=self.quiet
        )
        self._noted([(one, given, result) for (one, _number, given), result in zip(wanted, results, strict=True)])

    def _noted(self, results: Sequence[tuple[Taken, Mapping[str, Any], Any]]) -> None:
        named: list[dict[str, Any]] = []
        for one, given, result in results:
            if isinstance(result, CrmError):
                one.refused = result
                continue
            one.record.object_id, one.record.object_type = result.id, KIND
            columns = {name: plain(result, name) for name in given if name in _COLUMNS}
            one.record.written = {**one.record.written, **columns, "ref": result.ref}
            named += [{"key": name[:200], "transaction_id": result.id} for name in one.same]
        for one, _given, result in results:
            if one.second and not isinstance(result, CrmError):
                named += [{"key": name[:200], "transaction_id": result.id} for name in one.same]
        known = same_sales(self.work, [row["key"] for row in named])
        fresh_names = {row["key"]: row for row in named if row["key"] not in known}
        insert_rows(self.work.session, SameSale, list(fresh_names.values()))

    def _changes(self, one: Taken, known: Any, *, lined: bool) -> tuple[dict[str, Any], list[str]]:
        """What of a transaction that is there may be written."""
        wanted = {name: _stored(value) for name, value in one.given.items() if name in _COLUMNS and value is not None}
        current = {name: plain(known, name) for name in wanted}
        rule = "ours" if one.second else self.rules.rule
        there = dt.datetime.fromtimestamp(one.item.version, dt.UTC) if one.item.version else None
        fields, kept = settle(wanted, current, one.record.written, rule, theirs_at=there, ours_at=known.updated_at)
        given: dict[str, Any] = {name: one.given[name] for name in fields}
        if one.second:
            given.pop("status", None)
            if known.currency != one.given.get("currency", known.currency):
                return {}, []
            if one.given.get("lines") and not lined:
                given["lines"] = one.given["lines"]
            return given | {"external_ids": [(self.source.plugin, self.one.key, one.item.external_id)]}, []
        if known.source == self.source.plugin:
            # It came from here before the connection was removed and made anew: what is as it was, the sync wrote.
            agreed = {name: value for name, value in wanted.items() if current[name] == value}
            one.record.written = {**one.record.written, **agreed}
        if known.currency != one.given.get("currency", known.currency):
            given |= {name: one.given.get(name) or Money.zero(one.given["currency"]) for name in _AMOUNTS}
            given["currency"] = one.given["currency"]
        if "lines" in one.given:
            given["lines"] = one.given["lines"]
        return given, kept

    def _ref(self, one: Taken) -> str:
        return (one.sale.ref if one.sale is not None else f"{self.one.key}-{one.item.external_id}")[:100]

    def _free_refs(self, wanted: Sequence[tuple[Taken, int | None, dict[str, Any]]]) -> None:
        """Gives new transactions a reference that no other one has."""
        named = [(one, given) for one, number, given in wanted if number is None]
        taken = set(transactions.by_refs(self.work, [given["ref"] for _one, given in named]))
        others: list[tuple[dict[str, Any], list[str]]] = []
        for one, given in named:
            if transactions.folded_ref(given["ref"]) in taken:
                longer = f"{given['ref'][:60]}-{self.one.key}"[:100]
                others.append((given, [longer, f"{longer}-{one.item.external_id}"[:120]]))
            taken.add(transactions.folded_ref(given["ref"]))
        taken |= set(transactions.by_refs(self.work, [ref for _given, refs in others for ref in refs]))
        for given, refs in others:
            given["ref"] = next((ref for ref in refs if transactions.folded_ref(ref) not in taken), refs[-1])
            taken.add(transactions.folded_ref(given["ref"]))


def plain(transaction: Any, name: str) -> Any:
    """A field of a transaction as it is compared with what was written."""
    if name == "status":
        return transaction.status_id
    if name == "date":
        return transaction.at.isoformat()
    return getattr(transaction, name)


def _stored(value: Any) -> Any:
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value


def _own(record: Record) -> tuple[int, str, str]:
    return (record.connection_id, record.kind, record.external_id)


def _chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), _SOME):
        yield items[start : start + _SOME]


def check_currency(sale: Sale) -> None:
    """:raises Invalid: when a sale has amounts of several currencies."""
    currencies = {amount.currency for amount in sale.amounts.values()}
    currencies |= {refund.amount.currency for refund in sale.refunds or ()}
    if len(currencies) > 1:
        raise Invalid(Message("This record has amounts of several currencies: %(names)s.", names=sorted(currencies)))
