"""The form of an invoice."""

from __future__ import annotations

from typing import Any, ClassVar

from crmhost.api import Work, custom_fields, documents, money, tags
from crmhost.web.api import (
    AreaField,
    ChoiceField,
    DayField,
    LinesField,
    RecordField,
    Section,
    TagsField,
    TextField,
    VersionedForm,
    add_custom_fields,
    filled_custom_field,
    language_choices,
    lazy_text,
    typed_custom_fields,
)

from . import services, settings
from .models import KIND, Invoice

_PLAIN = ("reference", "notes", "terms", "language", "tags")
#: Fields in which a record is picked; the service has them with ``_id`` behind.
CUSTOMER = ("contact", "company")


class InvoiceForm(VersionedForm):
    """What is known of an invoice."""

    contact = RecordField(lazy_text("Contact"), kind="contact", create=True)
    company = RecordField(lazy_text("Company"), kind="company", create=True)
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
            {"contact": 3, "company": 3, "date": 2, "due_date": 2, "reference": 2, "currency": 2, "language": 4},
        ),
        Section("lines", lazy_text("Lines"), {"lines": 6}),
        Section("more", lazy_text("Texts and tags"), {"notes": 6, "terms": 6, "tags": 6}),
    ]

    def offer(self, work: Work, invoice: Invoice | None) -> None:
        """Fills the choices, and leaves out what can't be changed any more."""
        self.language.offer(language_choices())
        self.tags.known = [tag.name for tag in tags.all_tags(work)]
        hidden: set[str] = {name for name in CUSTOMER if not self[name].usable}
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
        """The fields as the service takes them; a contact or company that was typed anew is added.

        :raises Invalid: when that can't be.
        """
        found: dict[str, Any] = {name: self[name].data for name in _PLAIN}
        found |= {f"{name}_id": self[name].settle(work) for name in CUSTOMER if name in self}
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
    data |= {name: getattr(invoice, f"{name}_id") for name in CUSTOMER}
    data["tags"] = [tag.name for tag in tags.of(work, KIND, [invoice.id]).get(invoice.id, ())]
    data |= {field.name: filled_custom_field(field, invoice.custom) for field in custom_fields.definitions(work, KIND)}
    data["version"] = str(invoice.version)
    return data


def fresh(work: Work, contact_id: int | None, company_id: int | None) -> dict[str, Any]:
    """What the form of a new invoice shows."""
    return {
        "contact": contact_id,
        "company": company_id,
        "date": work.today,
        "currency": str(work.settings.get("site.currency") or "EUR"),
        "terms": str(work.settings.get(settings.TERMS) or ""),
        "notes": str(work.settings.get(settings.NOTES) or ""),
    }
