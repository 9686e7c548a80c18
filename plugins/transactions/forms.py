"""The form of a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from crmhost.api import Work, tags
from crmhost.web.api import (
    AreaField,
    ChoiceField,
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

from . import fields, kinds
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
        lazy_text("Total"), description=lazy_text("What the customer pays, with taxes, after the discount.")
    )
    currency = TextField(lazy_text("Currency"), render_kw={"maxlength": 3, "autocomplete": "off"})
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
        Section("more", lazy_text("Tags and description"), {"tags": 6, "description": 6}),
    ]

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
        more = add_custom_fields(self, work, KIND, transaction.custom if transaction is not None else None)
        self.own_sections = [*self.sections[:-1], *more, self.sections[-1]]

    def values(self, work: Work) -> dict[str, Any]:
        """The fields as the service takes them; a contact or company that was typed anew is added.

        :raises Invalid: when that can't be.
        """
        found: dict[str, Any] = {name: self[name].data for name in _PLAIN}
        for name in fields.AMOUNTS:
            amount = self[name].data
            found[name] = None if amount is None else f"{Decimal(str(amount)):f}"
        found["date"] = self.at.data
        found |= {f"{name}_id": self[name].settle(work) for name in OWNERS if name in self}
        return found | typed_custom_fields(self, work, KIND)


def filled(work: Work, one: Transaction) -> dict[str, Any]:
    """What the form shows of a transaction."""
    plain = ("ref", "currency", "payment_method", "description", "at")
    data: dict[str, Any] = {name: getattr(one, name) for name in plain} | {"name": one.title}
    data |= {"type": str(one.type_id), "status": str(one.status_id), "version": str(one.version)}
    data |= {
        name: one.money(name).decimal if name == "total" or getattr(one, name) else None for name in fields.AMOUNTS
    }
    data["tags"] = [tag.name for tag in tags.of(work, KIND, [one.id]).get(one.id, ())]
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
