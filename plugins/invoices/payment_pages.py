"""Payments on the page of an invoice: recording one, attaching and detaching transactions, marking as paid."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Blueprint

from crmhost.api import Box, CrmError, NotFound, Read, Work, keyset
from crmhost.web.api import (
    ChoiceField,
    DayField,
    Form,
    MoneyField,
    Section,
    SwitchField,
    TextField,
    current_work,
    gettext,
    lazy_text,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)
from plugins.transactions import api as transactions
from plugins.transactions.api import Transaction

from . import hints, paying, services, settings
from .models import Invoice


class PaymentForm(Form):
    """A payment of an invoice."""

    date = DayField(lazy_text("Date"))
    payment_method = ChoiceField(lazy_text("Payment method"), none="–")
    ref = TextField(
        lazy_text("Reference"),
        description=lazy_text("Left empty, it is the number of the invoice."),
        render_kw={"maxlength": 120, "autocomplete": "off"},
    )
    receipt = SwitchField(lazy_text("Send a receipt by mail"))
    #: Tells one sending of the form from the next, so that a second press of the button records nothing.
    key = ""

    sections: ClassVar[list[Section]] = [
        Section("payment", "", {"amount": 3, "date": 3, "payment_method": 3, "ref": 3, "receipt": 6}),
    ]

    def offer(self, work: Work, invoice: Invoice) -> None:
        """Fills the choices, and asks for an amount in the invoice's currency."""
        field = MoneyField(lazy_text("Amount"), currency=invoice.currency)
        self.add_field("amount", field, invoice.amount("due"))
        if not work.can("invoices.send"):
            del self["receipt"]
        self.payment_method.offer((name, name) for name in work.settings.get("transactions.payment_methods") or ())

    def values(self) -> dict[str, Any]:
        """The fields as the service takes them."""
        amount = self["amount"].data
        return {
            "amount": None if amount is None else amount.json(),
            "date": self.date.data.isoformat() if self.date.data else None,
            "payment_method": self.payment_method.data,
            "ref": self.ref.data,
            "receipt": "receipt" in self and bool(self.receipt.data),
        }


def fresh(work: Work, invoice: Invoice) -> PaymentForm:
    """The form with what is due, of today."""
    form = PaymentForm(data={"date": work.today, "receipt": bool(work.settings.get(settings.RECEIPTS))})
    form.key = request.form.get("key", "")[:64] or uuid.uuid4().hex
    form.offer(work, invoice)
    return form


@dataclasses.dataclass(frozen=True)
class Payments:
    """What a page shows of the payments of an invoice.

    :param counts: ids of those that count: their statuses say so.
    :param hints: transactions that are attached to none and may be the payment.
    """

    rows: Sequence[Transaction]
    counts: frozenset[int]
    hints: Sequence[Transaction]
    subtracts: frozenset[int]


def of(work: Work, invoice: Invoice) -> Payments:
    """The payments of an invoice, as far as the reader may see transactions."""
    if not work.can("transactions.view") or invoice.state == "draft" or invoice.is_credit:
        return Payments((), frozenset(), (), frozenset())
    found = transactions.attached(work, invoice.id)
    counted = frozenset(each.one.id for each in found if each.counts)
    back = frozenset(each.one.id for each in found if each.sign < 0)
    return Payments([each.one for each in found], counted, hints.payments(work, invoice), back)


def hint_boxes() -> Sequence[Box]:
    """The box on the page of a transaction that may be a payment."""
    return [
        Box(
            id="hint",
            title="Payment of an invoice?",
            render=hint_box,
            permission="invoices.pay",
            reads=hint_reads,
            main=True,
        )
    ]


def hint_reads(work: Work, transaction: Transaction) -> Sequence[Read]:
    """What :func:`hint_box` asks, together with the other parts of the transaction's page."""
    return hints.reads(work, transaction)


def hint_box(work: Work, transaction: Transaction) -> str:
    """Invoices marked as paid whose payment a transaction may be; empty when there are none."""
    found = hints.invoices(work, transaction)
    return render_template("invoices/hint.html", invoices=found, transaction=transaction) if found else ""


def add_to(blueprint: Blueprint) -> None:
    """The pages."""
    add = blueprint.add_url_rule
    add("/<int:invoice_id>/payment", "pay", pay, methods=["GET", "POST"])
    add("/<int:invoice_id>/paid", "paid", paid, methods=["POST"])
    add("/<int:invoice_id>/attach", "attach", attach, methods=["POST"])
    add("/<int:invoice_id>/detach/<int:transaction_id>", "detach", detach, methods=["POST"])


@requires("invoices.pay")
def pay(invoice_id: int) -> Any:
    """Record a payment."""
    work = current_work()
    invoice = services.get(work, invoice_id)
    form = fresh(work, invoice)
    if form.validate_on_submit():
        try:
            with writing() as work:
                paying.record_payment(work, invoice_id, form.values(), key=f"invoices.form:{invoice_id}:{form.key}")
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("The payment was recorded."))
            return _back(invoice_id)
    html = render_template("invoices/payment.html", form=form, one=invoice)
    return html, 422 if form.is_submitted() else 200


@requires("invoices.pay")
def paid(invoice_id: int) -> Any:
    """Mark what is due as paid, or take that back."""
    back = request.form.get("do") == "back"
    try:
        with writing() as work:
            (paying.unmark_paid if back else paying.mark_paid)(work, invoice_id)
    except NotFound:
        raise
    except CrmError as error:
        toast(gettext(error.message), category="bad")
    else:
        toast(gettext("It is no longer marked as paid.") if back else gettext("Marked as paid."))
    return _back(invoice_id)


@requires("invoices.pay")
def attach(invoice_id: int) -> Any:
    """Attach a transaction that is there already."""
    services.get(current_work(), invoice_id)
    try:
        with writing() as work:
            paying.attach(work, invoice_id, keyset.valid_id(request.form.get("transaction")) or 0)
    except CrmError as error:
        toast(gettext(error.message), category="bad")
    else:
        toast(gettext("The transaction is attached now."))
    return _back(invoice_id)


@requires("invoices.pay")
def detach(invoice_id: int, transaction_id: int) -> Any:
    """Take a transaction off the invoice."""
    services.get(current_work(), invoice_id)
    try:
        with writing() as work:
            paying.detach(work, invoice_id, transaction_id)
    except CrmError as error:
        toast(gettext(error.message), category="bad")
    else:
        toast(gettext("The transaction is no longer attached."))
    return _back(invoice_id)


def _back(invoice_id: int) -> Any:
    return redirect(url_for("invoices.page", invoice_id=invoice_id), 303)
