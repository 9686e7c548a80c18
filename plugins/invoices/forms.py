"""The form of an invoice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crmhost.api import Work, contacts_list, custom_fields, documents, keyset, money, tags
from crmhost.web.api import (
    AreaField,
    ChoiceField,
    DayField,
    LinesField,
    RecordsField,
    Section,
    TagsField,
    TextField,
    VersionedForm,
    add_custom_fields,
    filled_custom_field,
    gettext,
    language_choices,
    lazy_text,
    typed_custom_fields,
    url_for,
)

from . import cells, services, settings
from .models import KIND, Invoice

_PLAIN = ("reference", "notes", "terms", "language", "tags")
_CHOSEN = re.compile(r"(contact|company):(\d{1,10})\Z")


class InvoiceForm(VersionedForm):
    """What is known of an invoice."""

    customer = RecordsField(
        lazy_text("Customer"),
        url="",
        named=lambda values: dict.fromkeys(values, ""),
        description=lazy_text("A contact, a company, or one of each."),
    )
    date = DayField(lazy_text("Date"))
    due_date = DayField(lazy_text("Due on"), description=lazy_text("Left empty, it follows from the days to pay."))
    reference = TextField(
        lazy_text("Reference"),
        description=lazy_text("Such as the customer's order number."),
        render_kw={"maxlength": 120, "autocomplete": "off"},
    )
    currency = TextField(lazy_text("Currency"), render_kw={"maxlength": 3, "autocomplete": "off"})
    language = ChoiceField(lazy_text("Language"), none=lazy_text("That of the site"))
    lines = LinesField(lazy_text("Lines"))
    notes = AreaField(lazy_text("Note below the lines"), render_kw={"rows": 3})
    terms = AreaField(lazy_text("Terms"), render_kw={"rows": 3})
    tags = TagsField(lazy_text("Tags"))

    sections: ClassVar[list[Section]] = [
        Section(
            "invoice",
            lazy_text("Invoice"),
            {"customer": 6, "date": 2, "due_date": 2, "reference": 2, "currency": 2, "language": 4},
        ),
        Section("lines", lazy_text("Lines"), {"lines": 6}),
        Section("more", lazy_text("Texts and tags"), {"notes": 6, "terms": 6, "tags": 6}),
    ]

    def offer(self, work: Work, invoice: Invoice | None) -> None:
        """Fills the choices, and leaves out what can't be changed any more."""
        self.customer.url = url_for("invoices.customers")
        self.customer.named = lambda values: names(work, values)
        self.language.offer(language_choices())
        self.tags.known = [tag.name for tag in tags.all_tags(work)]
        hidden: set[str] = set()
        if invoice is not None:
            hidden.add("currency")
            if services.is_fixed(invoice):
                hidden |= {"lines", "date"}
        for name in hidden:
            del self[name]
        if "lines" not in hidden:
            typed = (self.currency.data or "").upper() if invoice is None else invoice.currency
            currency = typed if money.known_currency(typed) else str(work.settings.get("site.currency") or "EUR")
            if invoice is None and not self.is_submitted():
                defaults = settings.document_defaults(work)
                self.lines.hours, self.lines.included = defaults["hours"], defaults["prices_include_tax"]
            self.lines.fill(currency, settings.rates(work), settings.usual_rates(work))
        more = add_custom_fields(self, work, KIND, invoice.custom if invoice is not None else None)
        left = [
            Section(part.id, part.title, {name: width for name, width in part.fields.items() if name not in hidden})
            for part in self.sections
        ]
        own = [part for part in left if part.fields]
        self.own_sections = [*own[:-1], *more, own[-1]]

    def values(self, work: Work) -> dict[str, Any]:
        """The fields as the service takes them."""
        found: dict[str, Any] = {name: self[name].data for name in _PLAIN}
        found |= {"contact_id": None, "company_id": None}
        for value in self.customer.data or ():
            match = _CHOSEN.match(value)
            if match:
                found[f"{match[1]}_id"] = keyset.valid_id(match[2])
        for name in ("date", "due_date"):
            if name in self:
                found[name] = self[name].data
        if "currency" in self:
            found["currency"] = self.currency.data
        if "lines" in self and self.lines.data is not None:
            found |= {name: value for name, value in documents.to_json(self.lines.data).items() if name != "currency"}
        return found | typed_custom_fields(self, work, KIND)


def filled(work: Work, invoice: Invoice) -> dict[str, Any]:
    """What the form shows of an invoice."""
    data: dict[str, Any] = {
        name: getattr(invoice, name)
        for name in ("date", "due_date", "reference", "currency", "language", "notes", "terms")
    }
    data["lines"] = invoice.document
    data["customer"] = list(_customer(work, invoice.contact_id, invoice.company_id))
    data["tags"] = [tag.name for tag in tags.of(work, KIND, [invoice.id]).get(invoice.id, ())]
    data |= {field.name: filled_custom_field(field, invoice.custom) for field in custom_fields.definitions(work, KIND)}
    data["version"] = str(invoice.version)
    return data


def fresh(work: Work, contact_id: int | None, company_id: int | None) -> dict[str, Any]:
    """What the form of a new invoice shows."""
    return {
        "customer": list(_customer(work, contact_id, company_id)),
        "date": work.today,
        "currency": str(work.settings.get("site.currency") or "EUR"),
        "terms": str(work.settings.get(settings.TERMS) or ""),
        "notes": str(work.settings.get(settings.NOTES) or ""),
    }


def _customer(work: Work, contact_id: int | None, company_id: int | None) -> Mapping[str, str]:
    chosen = [f"{kind}:{number}" for kind, number in (("contact", contact_id), ("company", company_id)) if number]
    return names(work, chosen)


def names(work: Work, values: Sequence[str]) -> Mapping[str, str]:
    """What chosen customers are called, those that the actor may see."""
    ids: dict[str, set[int]] = {"contact": set(), "company": set()}
    for value in values:
        match = _CHOSEN.match(value)
        if match and (number := keyset.valid_id(match[2])):
            ids[match[1]].add(number)
    found = {f"contact:{key}": name for key, name in cells.contact_names(work, ids["contact"]).items()}
    return found | {f"company:{key}": name for key, name in cells.company_names(work, ids["company"]).items()}


def customers(work: Work, text: str) -> list[dict[str, str]]:
    """Contacts and companies for the field in which a customer is chosen by typing."""
    found = []
    if work.can("contacts.view"):
        page = contacts_list.page(work, contacts_list.ListQuery(q=text, sort="name", limit=10))
        found = [{"value": f"contact:{one.id}", "text": one.name, "note": one.email} for one in page.rows]
    companies = work.service("companies") if work.can("companies.view") else None
    if companies is not None:
        kind = gettext("Company")
        found += [
            {"value": f"company:{one.id}", "text": one.name, "note": kind} for one in companies.find(text, limit=10)
        ]
    return found
