"""What other extensions may use of invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import Money, Work, documents
from plugins.transactions import api as transactions

from . import crediting, paying, services, settings
from .models import KIND, Invoice

__all__ = ["KIND", "Invoice", "InvoicesService"]


class InvoicesService:
    """Invoices for other extensions: ``work.service("invoices")``."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def create(self, fields: Mapping[str, Any], *, origin: str | None = None, source: str = "api") -> Invoice:
        """Writes an invoice; see :func:`plugins.invoices.services.create`."""
        return services.create(self._work, fields, origin=origin, source=source)

    def tax_rates(self) -> list[documents.TaxRate]:
        """The taxes that lines can bear."""
        return settings.rates(self._work)

    def of_origin(self, origins: Sequence[str]) -> dict[str, Invoice]:
        """Origin -> the invoice that was made of it, those that the actor may see."""
        mine = self._work.visible(Invoice).where(Invoice.origin.in_(origins))
        return {str(invoice.origin): invoice for invoice in self._work.session.scalars(mine)}

    def issued(self, invoice_id: int) -> Invoice | None:
        """An invoice that clients may see, void ones too; ``None`` for drafts, credit notes, and when the actor may see none."""
        mine = self._work.visible(Invoice).where(Invoice.id == invoice_id, Invoice.state != "draft")
        invoice: Invoice | None = self._work.session.scalar(mine)
        return invoice if invoice is not None and not invoice.is_credit else None

    def find(self, invoice_id: int) -> Invoice | None:
        """An invoice; ``None`` when there is none that the actor may see."""
        found: Invoice | None = self._work.session.scalar(self._work.visible(Invoice).where(Invoice.id == invoice_id))
        return found

    def change(self, invoice_id: int, fields: Mapping[str, Any]) -> Invoice:
        """Changes an invoice; see :func:`plugins.invoices.services.update`."""
        return services.update(self._work, invoice_id, fields)

    def void(self, invoice_id: int, reason: str = "") -> Invoice:
        """Takes an issued invoice or credit note back; see :func:`plugins.invoices.issuing.void`."""
        return services.void(self._work, invoice_id, reason)

    def discard(self, invoice_id: int) -> None:
        """Puts a draft into the bin; see :func:`plugins.invoices.services.delete`."""
        services.delete(self._work, [invoice_id])

    def credit(self, invoice_id: int, fields: Mapping[str, Any]) -> Invoice:
        """Writes and issues a credit note over some lines; see :func:`plugins.invoices.crediting.credit`."""
        return services.issue(self._work, crediting.credit(self._work, invoice_id, fields).id)

    def owed(self, invoice_id: int) -> tuple[Invoice, Money] | None:
        """An invoice and what is due of it; ``None`` when there is none that the actor may see, or nothing is due."""
        invoice = self._work.session.scalar(self._work.visible(Invoice).where(Invoice.id == invoice_id))
        if invoice is None or not invoice.counts or invoice.is_credit or invoice.due <= 0:
            return None
        return invoice, Money(invoice.due, invoice.currency)

    def attach(self, invoice_id: int, transaction_id: int) -> None:
        """Counts a transaction as a payment of an invoice; see :func:`plugins.invoices.paying.attach`."""
        paying.attach(self._work, invoice_id, transaction_id)

    def detach(self, invoice_id: int, transaction_id: int) -> None:
        """Takes a transaction off an invoice; see :func:`plugins.invoices.paying.detach`."""
        paying.detach(self._work, invoice_id, transaction_id)

    def owners(self, ids: Sequence[int]) -> list[transactions.InvoiceOwner]:
        """What a transaction has to know of the invoices that it is to be attached to; those that the actor may see."""
        mine = self._work.visible(Invoice).where(
            Invoice.id.in_(ids), Invoice.state != "draft", Invoice.credits_id.is_(None)
        )
        return [
            transactions.InvoiceOwner(
                invoice.id, invoice.number or "", invoice.currency, invoice.contact_id, invoice.company_id,
                f"/invoices/{invoice.id}",
            )
            for invoice in self._work.session.scalars(mine)
        ]  # fmt: skip
