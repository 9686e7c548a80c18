"""The forms of a quote, of a template, and of the mail that brings a quote."""

from __future__ import annotations

from typing import Any, ClassVar

from crmhost.api import (
    Message,
    Work,
    documents,
    keyset,
    placeholders,
    tags,
)
from crmhost.web.api import (
    AreaField,
    ChoiceField,
    ChoicesField,
    DayField,
    Form,
    LinesField,
    MoneyField,
    RecordField,
    RichTextField,
    Section,
    TagsField,
    TextField,
    VersionedForm,
    add_custom_fields,
    gettext,
    language_choices,
    lazy_text,
    people_choices,
    typed_custom_fields,
)

from . import settings
from .models import KIND, Quote

#: Fields in which a record is picked; the service has them with ``_id`` behind.
CUSTOMER = ("contact", "company")
#: What stands for parts of the quote, with labels.
OWN_PLACEHOLDERS = {
    "quote.title": Message("Title of the quote"),
    "quote.value": Message("Value of the quote"),
    "quote.date": Message("Date of the quote"),
    "quote.valid_until": Message("Last day of the quote"),
    "quote.notes": Message("Notes of the quote"),
    "quote.number": Message("Number of the quote"),
}


def offered(work: Work, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """What the menu of the editor offers: quote, contact with custom fields, company, site."""
    companies = work.service("companies")
    known = companies.placeholders() if companies is not None else [("company.name", Message("Company: name"))]
    own = [(path, gettext(label)) for path, label in (*OWN_PLACEHOLDERS.items(), *known)]
    rest = [(item.path, gettext(item.label)) for item in placeholders.catalogue(work)]
    return [*own, *more, *(pair for pair in rest if not pair[0].startswith(("unsubscribe.", "sender.")))]


class QuoteForm(VersionedForm):
    """What is known of a quote."""

    title = TextField(lazy_text("Title"), render_kw={"autocomplete": "off", "maxlength": 200})
    contact = RecordField(lazy_text("Contact"), kind="contact", create=True)
    company = RecordField(lazy_text("Company"), kind="company", create=True)
    date = DayField(lazy_text("Date"))
    valid_until = DayField(lazy_text("Valid until"), description=lazy_text("Nobody can accept it after this day."))
    owner = ChoiceField(lazy_text("Owner"), none="–", description=lazy_text("Is told what becomes of it."))
    currency = TextField(lazy_text("Currency"), render_kw={"maxlength": 3, "autocomplete": "off"})
    value = MoneyField(
        lazy_text("Value"), description=lazy_text("Counts while there are no lines; else it is their total.")
    )
    language = ChoiceField(
        lazy_text("Language"),
        none=lazy_text("That of the site"),
        description=lazy_text("Of the client's page, the PDF, days and amounts."),
    )
    lines = LinesField(lazy_text("Lines"))
    content = RichTextField(lazy_text("Text"), description=lazy_text("What the client reads, above the lines."))
    tags = TagsField(lazy_text("Tags"))
    notes = AreaField(lazy_text("Notes"), description=lazy_text("The client does not see them."), render_kw={"rows": 3})

    sections: ClassVar[list[Section]] = [
        Section(
            "quote",
            lazy_text("Quote"),
            {
                "title": 6,
                "contact": 3,
                "company": 3,
                "owner": 3,
                "language": 3,
                "date": 2,
                "valid_until": 2,
                "value": 1,
                "currency": 1,
            },
        ),
        Section("text", lazy_text("Text"), {"content": 6}),
        Section("lines", lazy_text("Lines"), {"lines": 6}),
        Section("more", lazy_text("Tags and notes"), {"tags": 6, "notes": 6}),
    ]

    def offer(self, work: Work, quote: Quote | None) -> None:
        """Fills the choices."""
        for name in CUSTOMER:
            if not self[name].usable:
                del self[name]
        currency = (self.currency.data or "").strip().upper() or str(work.settings.get("site.currency") or "EUR")
        invoices = work.service("invoices")
        self.lines.fill(currency, invoices.tax_rates() if invoices is not None else [])
        self.value.currency = currency
        self.owner.offer(people_choices(work))
        self.language.offer(language_choices())
        self.tags.known = [tag.name for tag in tags.all_tags(work)]
        self.content.offer(offered(work))
        more = add_custom_fields(self, work, KIND, quote.custom if quote is not None else None)
        self.own_sections = [*self.sections[:-1], *more, self.sections[-1]]

    def values(self, work: Work) -> dict[str, Any]:
        """The fields as the service takes them.

        :raises Invalid: when a contact or company that was typed anew can't be added.
        """
        found: dict[str, Any] = {
            name: self[name].data for name in ("title", "currency", "notes", "tags", "date", "language")
        }
        found |= {"content": self.content.data or "", "valid_until": self.valid_until.data}
        if self.lines.data is not None:
            found |= documents.to_json(self.lines.data)
        if self.value.data is not None:
            found["value"] = self.value.data
        found["owner_id"] = keyset.valid_id(self.owner.data) if self.owner.data else None
        found |= {f"{name}_id": self[name].settle(work) for name in CUSTOMER if name in self}
        return found | typed_custom_fields(self, work, KIND)


def filled(work: Work, quote: Quote) -> dict[str, Any]:
    """What the form shows of a quote."""
    names_ = ("title", "date", "valid_until", "currency", "content", "notes", "language")
    return {name: getattr(quote, name) for name in names_} | {
        "contact": quote.contact_id,
        "company": quote.company_id,
        "owner": str(quote.owner_id or ""),
        "value": quote.worth,
        "lines": quote.document,
        "tags": [tag.name for tag in tags.of(work, KIND, [quote.id]).get(quote.id, ())],
        "version": str(quote.version),
    }


def fresh(work: Work, contact_id: int | None, title: str, content: str) -> dict[str, Any]:
    """What the form of a new quote shows."""
    return {
        "title": title,
        "content": content,
        "date": work.today,
        "valid_until": settings.valid_until(work, work.today),
        "currency": str(work.settings.get("site.currency") or "EUR"),
        "contact": contact_id,
        "owner": str(work.actor.user_id or ""),
    }


class TemplateForm(VersionedForm):
    """A text to begin quotes with."""

    name = TextField(lazy_text("Name"), render_kw={"autocomplete": "off", "maxlength": 120})
    title = TextField(lazy_text("Title of the quote"), render_kw={"autocomplete": "off", "maxlength": 200})
    content = RichTextField(lazy_text("Text"))
    sections: ClassVar[list[Section]] = [Section("template", "", {"name": 3, "title": 3, "content": 6})]


class SendForm(Form):
    """The mail that brings a quote."""

    subject = TextField(lazy_text("Subject"), render_kw={"autocomplete": "off", "maxlength": 300})
    content = RichTextField(lazy_text("Text of the mail"), description=lazy_text("The quote is attached as PDF."))
    files = ChoicesField(lazy_text("Attach files too"), description=lazy_text("Files of this quote."))
    sections: ClassVar[list[Section]] = [Section("mail", "", {"subject": 6, "content": 6, "files": 6})]

    def offer(self, work: Work, quote: Quote) -> None:
        """Fills the choices; without files there is nothing to choose."""
        self.content.offer(offered(work, ("quote.link", gettext("Link of the quote"))))
        shelf = work.service("files")
        known = shelf.choices(KIND, quote.id) if shelf is not None else []
        if known:
            self.files.offer(known)
        else:
            del self.files
