"""The form of a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

from crmhost.api import Invalid, Money, Work, documents, money, tags
from crmhost.web.api import (
    AreaField,
    ChoiceField,
    LinesField,
    MomentField,
    NumberField,
    RecordField,
    Section,
    TagsField,
    TextField,
    VersionedForm,
    add_custom_fields,
    gettext,
    lazy_text,
    typed_custom_fields,
)

from . import fields, kinds, services
from .models import KIND, Transaction

#: Fields in which a record is picked; the service has them with ``_id`` behind.
OWNERS = ("contact", "company", "invoice")
_PLAIN = ("ref", "name", "type", "status", "currency", "payment_method", "description", "tags")


class TransactionForm(VersionedForm):
    """What is known of a transaction."""

    ref = TextField(lazy_text("Reference"), render_kw={"autocomplete": "off", "maxlength": 120})
    name = TextField(lazy_text("Name"), render_kw={"autocomplete": "off", "maxlength": 200})
    contact = RecordField(lazy_text("Contact"), kind="contact", create=True)
    company = RecordField(lazy_text("Company"), kind="company", create=True)
    invoice = RecordField(
        lazy_text("Invoice"), kind="invoice", description=lazy_text("What this pays: it counts once, with the invoice.")
    )
    type = ChoiceField(
        lazy_text("Type"), description=lazy_text("Refunds subtract: give their total as it is, without a minus.")
    )
    status = ChoiceField(lazy_text("Status"))
    at = MomentField(lazy_text("Date"))
    total = NumberField(
        lazy_text("Total"),
        description=lazy_text(
            "What the customer pays, with taxes, after the discount. Left empty, it follows from the lines."
        ),
    )
    currency = TextField(lazy_text("Currency"), render_kw={"maxlength": 3, "autocomplete": "off"})
    lines = LinesField(lazy_text("Lines"), plain=True)
    tax = NumberField(lazy_text("Tax"))
    discount = NumberField(lazy_text("Discount"))
    fee = NumberField(lazy_text("Fee"))
    shipping = NumberField(lazy_text("Shipping"))
    payment_method = ChoiceField(lazy_text("Payment method"), none="–")
    tags = TagsField(lazy_text("Tags"))
    description = AreaField(lazy_text("Description"), render_kw={"rows": 4})

    sections: ClassVar[list[Section]] = [
        Section(
            "transaction",
            lazy_text("Transaction"),
            {"ref": 2, "name": 4, "contact": 3, "company": 3, "invoice": 3, "at": 3, "type": 3, "status": 3},
        ),
        Section(
            "money",
            lazy_text("Amounts"),
            {"total": 3, "currency": 1, "payment_method": 2, "tax": 2, "discount": 2, "fee": 1, "shipping": 1},
        ),
        Section("lines", lazy_text("What was bought"), {"lines": 6}),
        Section("more", lazy_text("Tags and description"), {"tags": 6, "description": 6}),
    ]

    #: Totals of the lines that are stored: (title, quantity, price) -> total.
    _stored: Mapping[tuple[str, str, Money], Money] = MappingProxyType({})

    def offer(self, work: Work, transaction: Transaction | None) -> None:
        """Fills the choices."""
        for name in OWNERS:
            if not self[name].usable:
                del self[name]
        self.type.offer((str(kind.id), kind.name) for kind in kinds.types(work))
        self.status.offer((str(status.id), status.name) for status in kinds.statuses(work))
        method = transaction.payment_method if transaction is not None else ""
        self.payment_method.offer((name, name) for name in fields.methods(work, method))
        self.tags.known = [tag.name for tag in tags.all_tags(work)]
        self._offer_money(work, transaction)
        more = add_custom_fields(self, work, KIND, transaction.custom if transaction is not None else None)
        self.own_sections = [
            *(part for part in self.sections[:-1] if part.id != "lines" or "lines" in self),
            *more,
            self.sections[-1],
        ]

    def _offer_money(self, work: Work, transaction: Transaction | None) -> None:
        """Shows amounts with the digits of their currency; lines that the editor can't hold are left as they are."""
        typed = (self.currency.data or "").upper()
        usual = transaction.currency if transaction is not None else str(work.settings.get("site.currency") or "EUR")
        currency = typed if money.known_currency(typed) else usual
        for name in fields.AMOUNTS:
            self[name].places = money.digits_of(currency)
        self.lines.fill(currency, ())
        if transaction is not None:
            self._stored = {
                (line.title, line.quantity, Money(line.unit_price, transaction.currency)): Money(
                    line.total, transaction.currency
                )
                for line in services.lines_of(work, transaction)
            }
            if not _fits(self.lines.object_data):
                del self.lines

    def values(self, work: Work) -> dict[str, Any]:
        """The fields as the service takes them; a contact or company that was typed anew is added.

        :raises Invalid: when that can't be.
        """
        found: dict[str, Any] = {name: self[name].data for name in _PLAIN}
        for name in fields.AMOUNTS:
            amount = self[name].data
            found[name] = None if amount is None else f"{Decimal(str(amount)):f}"
        if "lines" in self and self.lines.data is not None:
            found["lines"] = [self._line(line) for line in self.lines.data.lines]
        found["date"] = self.at.data
        found |= {f"{name}_id": self[name].settle(work) for name in OWNERS if name in self}
        return found | typed_custom_fields(self, work, KIND)

    def _line(self, line: documents.Line) -> dict[str, Any]:
        """A line as the service takes it; one that was not touched keeps its total, which need not be quantity times price."""
        key = (line.title, f"{line.quantity.normalize():f}", line.unit_price)
        return dict(zip(("title", "quantity", "unit_price", "total"), (*key, self._stored.get(key)), strict=True))


def _document(lines: Sequence[Any], currency: str) -> documents.Document:
    """Lines as the editor takes them."""
    found = [documents.Line(line.title, Money(line.unit_price, currency), Decimal(line.quantity)) for line in lines]
    return documents.Document(currency, tuple(found))


def _fits(document: documents.Document | None) -> bool:
    """Whether the editor could save these lines: the API takes lines without a title too."""
    try:
        return document is None or documents.read(documents.to_json(document), document.currency) == document
    except Invalid:
        return False


def filled(work: Work, one: Transaction) -> dict[str, Any]:
    """What the form shows of a transaction."""
    plain = ("ref", "currency", "payment_method", "description", "at")
    data: dict[str, Any] = {name: getattr(one, name) for name in plain} | {"name": one.title}
    data |= {"type": str(one.type_id), "status": str(one.status_id), "version": str(one.version)}
    data |= {
        name: one.money(name).decimal if name == "total" or getattr(one, name) else None for name in fields.AMOUNTS
    }
    data["tags"] = [tag.name for tag in tags.of(work, KIND, [one.id]).get(one.id, ())]
    data["lines"] = _document(services.lines_of(work, one), one.currency)
    return data | {name: getattr(one, f"{name}_id") for name in OWNERS}


def fresh(work: Work, owners: Mapping[str, int | None]) -> dict[str, Any]:
    """What the form of a new transaction shows.

    :param owners: by the names in :data:`OWNERS`, those that are known.
    """
    found = {"currency": str(work.settings.get("site.currency") or "EUR"), "at": work.now}
    types, statuses = kinds.types(work), kinds.statuses(work)
    found |= {"type": str(types[0].id) if types else "", "status": str(statuses[0].id) if statuses else ""}
    return {**found, **owners}


def named() -> str:
    """What a form calls the record."""
    return str(gettext("this transaction"))
