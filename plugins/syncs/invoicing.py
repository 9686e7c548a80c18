"""Invoices of sales: each sale of a connection where the setting is on gets one, once, which follows what becomes of the sale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import CrmError, Invalid, JobContext, Message, Money, Plural, Work, documents
from crmhost.web.api import text_in
from plugins.transactions import api as transactions

from . import billing, bills, connections, mapping
from .models import ERASED, HAS_PARENT, Billed, Connection, Record
from .sales import REFUND
from .shapes import Source

#: Sales whose invoices one transaction brings up to date.
BATCH = 20
_OWNER = "contact_id"


def run(job: JobContext, connection_id: int) -> dict[str, Any]:
    """Makes the invoices of sales in the background, and has those that are there follow."""
    number = proceed(job, connection_id)
    said = Plural("The invoice of %(num)s sale was looked at.", "The invoices of %(num)s sales were looked at.", number)
    return {"message": said, "url": f"/syncs/{connection_id}"}


def proceed(job: JobContext, connection_id: int) -> int:
    """Brings invoices up to date, some in each transaction; gives how many sales were looked at."""
    work, done = job.work, 0
    while True:
        job.check()
        with work.begin():
            one = connections.get(work, connection_id)
            due = (Billed.connection_id == one.id, Billed.due)
            rows = select(Billed).where(*due).order_by(Billed.record_id).limit(BATCH)
            some = list(work.session.scalars(rows.with_for_update().execution_options(populate_existing=True)))
            if not some or not one.options.get(billing.ON) or not billing.available(work):
                return done
            _bring(work, connections.source_of(work, one.source), one, some)
        done += len(some)
        job.progress(done)


def _bring(work: Work, source: Source, one: Connection, some: Sequence[Billed]) -> None:
    theirs = select(Record).where(Record.id.in_([row.record_id for row in some]))
    records = {record.id: record for record in work.session.scalars(theirs)}
    refunds: dict[str, list[Record]] = {}
    mine = (Record.connection_id == one.id, Record.kind == REFUND, HAS_PARENT)
    names = [record.external_id for record in records.values()]
    for refund in work.session.scalars(select(Record).where(*mine, Record.parent.in_(names)).order_by(Record.id)):
        refunds.setdefault(refund.parent, []).append(refund)
    there = transactions.by_ids(work, [record.object_id for record in records.values() if record.object_id is not None])
    wanted: dict[str, str] = {status.key: status.invoice for status in mapping.chosen(source, one)}
    rules = mapping.resolve(work, source, one)
    late = {key for key, status in rules.transaction_statuses.items() if status not in rules.counted}
    for row in some:
        record = records[row.record_id]
        sale = there.get(record.object_id or 0)
        bill = _Bill(work, source, one, row, record, sale, refunds.get(record.external_id, []), late)
        problem = ""
        try:
            with work.part():
                bill.bring("void" if record.gone else wanted.get(record.status, ""))
        except CrmError as error:
            work.session.refresh(row)
            problem = error.message
        row.problem, row.due = problem, False
    work.session.flush()


class _Bill:
    """The invoice of one sale.

    :param late: statuses that don't count by what they are called.
    """

    def __init__(
        self, work: Work, source: Source, one: Connection, row: Billed, record: Record, sale: Any, refunds: Sequence[Record],
        late: Collection[str],
    ) -> None:  # fmt: skip
        self.work, self.source, self.one = work, source, one
        self.row, self.record, self.sale, self.refunds = row, record, sale, refunds
        self.document = _as_stored(row.document, lambda text: text_in(work, text)) if row.document is not None else None
        self.late = late
        self.invoices: Any = work.service("invoices")

    def bring(self, wanted: str) -> None:
        """Brings the invoice where the sale is; one that somebody here voided, deleted or wrote anew stays so.

        :raises CrmError: when it can't be, with the reason.
        """
        if self.sale is None or self.sale.deleted_at is not None:
            return
        counts = transactions.rule(self.work).counts(self.sale)
        if counts and not self.record.gone and self.record.status in self.late:
            # The money came in, whatever it is called by now: as for its transaction, that decides.
            wanted = "issued"
        elif counts and wanted == "void":
            wanted = ""
        invoice = self.invoices.find(self.row.invoice_id) if self.row.invoice_id is not None else None
        if self.row.invoice_id is not None and invoice is None:
            return
        if invoice is not None and invoice.state == "void":
            if not self.row.voided or wanted not in ("issued", "draft"):
                return
            invoice = None
        if invoice is None:
            invoice = self._make(wanted) if wanted in ("issued", "draft") else None
        else:
            invoice = self._follow(invoice, wanted)
        if invoice is not None and invoice.counts:
            self._pay(invoice)

    def _make(self, wanted: str) -> Any:
        """A new invoice; ``None`` where the sale has one already, of another side or written by hand."""
        if self.sale.invoice_id is not None or self.document is None:
            return None
        if ERASED in self.record.kept:
            return None
        if self.record.contact_id is None:
            raise Invalid(Message("Nobody knows who bought: an invoice needs a contact."))
        origin = f"sale:{self.sale.id}" + (f":{self.row.made}" if self.row.made else "")
        if self.invoices.of_origin([origin]):
            return None
        assert self.record.at is not None
        given = {
            **documents.to_json(self.document),
            _OWNER: self.record.contact_id,
            "reference": self.sale.ref,
            "date": self.record.at.astimezone(self.work.timezone).date(),
            "status": "Unpaid" if wanted == "issued" else "Draft",
        }
        made = self.invoices.create(given, origin=origin, source=self.source.plugin)
        self.row.invoice_id, self.row.made, self.row.voided = made.id, self.row.made + 1, False
        self.row.written, self.row.billed_to, self.row.credits = digest(made.document), made.contact_id, {}
        return made

    def _follow(self, invoice: Any, wanted: str) -> Any:
        """The invoice as the sale is now; another one where this one was asked for and can't be changed any more."""
        if wanted == "void":
            self._credit_back(invoice, [*self.row.credits])
            return self._drop(invoice)
        new = self._otherwise(invoice)
        if new:
            if invoice.state != "draft" and (invoice.paid or invoice.credited or invoice.sent_at):
                if invoice.sent_at or invoice.credited:
                    raise Invalid(_stays(invoice, new))
                self._drop(invoice)
                return self._make("issued")
            invoice = self.invoices.change(invoice.id, new)
            if _OWNER in new:
                self.row.billed_to = invoice.contact_id
            if set(new) - {_OWNER}:
                self.row.written = digest(invoice.document)
        if wanted == "issued" and invoice.state == "draft":
            invoice = self.invoices.change(invoice.id, {"status": "Unpaid"})
        return invoice

    def _otherwise(self, invoice: Any) -> dict[str, Any]:
        """What the sale says otherwise than its invoice by now: lines and sums, and who bought; not what somebody typed here."""
        theirs = self.one.options.get(mapping.RULE) == "theirs"
        new: dict[str, Any] = {}
        document, buyer = self.document, self.record.contact_id
        typed = digest(invoice.document) != self.row.written and not theirs
        if document is not None and digest(document) != self.row.written and not typed:
            new |= documents.to_json(document)
        moved = buyer is not None and buyer != invoice.contact_id
        if moved and (theirs or (invoice.contact_id == self.row.billed_to and invoice.company_id is None)):
            new[_OWNER] = buyer
        return new

    def _drop(self, invoice: Any) -> None:
        """Takes an invoice back: a draft goes into the bin, another one is void and keeps its number."""
        if invoice.state == "draft":
            self.invoices.discard(invoice.id)
            self.row.invoice_id = None
            return
        self._loosen(invoice, [self.sale.id])
        self.invoices.void(invoice.id, self._why())
        self.row.voided = True

    def _pay(self, invoice: Any) -> None:
        """Attaches what was paid; what went back is credited first, so that nobody is asked for it again."""
        if self.sale.invoice_id is None:
            self.invoices.attach(invoice.id, self.sale.id)
        if self.sale.invoice_id != invoice.id:
            return
        now = [refund for refund in self.refunds if refund.counts and not refund.gone and refund.object_id is not None]
        names = {refund.external_id for refund in now}
        self._credit_back(invoice, [name for name in self.row.credits if name not in names])
        there = transactions.by_ids(self.work, [refund.object_id or 0 for refund in now])
        for refund in now:
            if refund.external_id in self.row.credits:
                continue
            title = text_in(self.work, Message("Refund"))
            lines = bills.part(invoice.document, Money(-refund.amount, refund.currency), title)
            note = self.invoices.credit(invoice.id, documents.to_json(lines))
            self.row.credits = {**self.row.credits, refund.external_id: note.id}
            money_back = there.get(refund.object_id or 0)
            if money_back is not None and money_back.invoice_id is None:
                self.invoices.attach(invoice.id, money_back.id)

    def _credit_back(self, invoice: Any, names: Sequence[str]) -> None:
        """Voids the credit notes of refunds that were taken back."""
        for name in names:
            self.invoices.void(self.row.credits[name], self._why())
        self._loosen(invoice, [refund.object_id or 0 for refund in self.refunds if refund.external_id in names])
        self.row.credits = {name: number for name, number in self.row.credits.items() if name not in names}

    def _loosen(self, invoice: Any, numbers: Sequence[int]) -> None:
        for one in transactions.by_ids(self.work, numbers).values():
            if one.invoice_id == invoice.id:
                self.invoices.detach(invoice.id, one.id)

    def _why(self) -> str:
        return text_in(self.work, Message("It changed in %(name)s.", name=self.one.name))


def _stays(invoice: Any, new: Collection[str]) -> str:
    if _OWNER in new:
        return Message(
            "Somebody else has bought this since its invoice %(number)s was sent or credited: write a credit note, or void it.",
            number=invoice.number or "",
        )
    return Message(
        "This changed after its invoice %(number)s was sent or credited: write a credit note, or void it.",
        number=invoice.number or "",
    )


def digest(document: documents.Document) -> str:
    """Tells whether a document is as it was."""
    content = json.dumps(documents.to_json(document), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _as_stored(found: documents.Document, say: Callable[[str], str]) -> documents.Document:
    return documents.read(documents.to_json(bills.reworded(found, say)), found.currency)
