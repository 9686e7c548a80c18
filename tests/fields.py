"""Custom fields with values, for pictures."""

from __future__ import annotations

from typing import Any

from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.core.fields import services as fields
from crmhost.site import Site

_FIELDS: tuple[dict[str, Any], ...] = (
    {"label": "Customer tier", "kind": "choice", "choices": ["Gold", "Silver", "Bronze"], "section": "Business"},
    {"label": "Yearly budget", "kind": "money", "currency": "EUR", "section": "Business"},
    {"label": "Contract renewal", "kind": "date", "section": "Business", "help": "The day on which it ends."},
    {"label": "Employees", "kind": "number", "section": "Business"},
    {"label": "Interests", "kind": "choices", "choices": ["Training", "Support", "Consulting", "Events, on site"]},
    {"label": "Newsletter by post", "kind": "yes_no"},
    {"label": "Homepage", "kind": "url"},
    {"label": "Invoices to", "kind": "email"},
    {"label": "Directions", "kind": "long_text"},
    {"label": "Door code", "kind": "encrypted", "help": "Only for who visits them."},
    {"label": "Reference at the tax office", "kind": "text", "required": True},
)


def some(site: Site) -> None:
    """A field of each kind, a deleted one, and values for one contact in full and for the others in part."""
    with site.work() as work, work.begin():
        made = [fields.add(work, field) for field in _FIELDS]
        gone = fields.add(work, {"label": "Fax", "kind": "text"})
        fields.delete(work, gone.id)
        tiers = [choice.label for choice in made[0].choices]
        for contact in work.session.query(Contact).filter(Contact.deleted_at.is_(None)).order_by(Contact.id).limit(60):
            number = contact.id
            custom: dict[str, Any] = {"customer_tier": tiers[number % 3], "yearly_budget": str(number * 1250 + 0.5)}
            if number % 2:
                custom |= {"contract_renewal": f"2027-{number % 12 + 1:02}-15", "employees": number * 37}
            if number == 7:
                custom |= {
                    "interests": ["Support", "Events, on site"], "newsletter_by_post": True, "homepage": "example.com/team",
                    "directions": "Second yard, behind the bakery.\nRing twice.", "door_code": "4711#",
                    "reference_at_the_tax_office": "12/345/67890",
                }  # fmt: skip
            contacts.update(work, number, {"custom": custom})
