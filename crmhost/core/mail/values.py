"""What placeholders stand for: the catalogue that pages list, and the values for one contact."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

from ...mail.render import Rich, Source, names
from ...messages import Message
from ...work.unit import Work
from ..contacts.models import Contact
from ..fields import services as custom_fields
from ..settings import logo
from ..users.models import User
from .accounts import Account

#: First parts of the placeholders that the core has values for.
_OURS = ("contact", "owner", "sender", "site", "today", "unsubscribe")
_ADDRESS = ("line1", "line2", "postal_code", "city", "county", "country")


@dataclasses.dataclass(frozen=True)
class Placeholder:
    """A placeholder as pages list it; ``path`` is written as ``{{ path }}``, ``label`` is English text."""

    path: str
    label: str


def catalogue(work: Work) -> list[Placeholder]:
    """Every placeholder of a mail, in the order in which pages list them: those of plugins behind the contact's own."""
    further = [
        Placeholder(path, label)
        for answer in work.hooks.call("mail_placeholders", work=work)
        for path, label in answer.value or ()
    ]
    found = own_catalogue(work)
    place = next(number for number, item in enumerate(found) if not item.path.startswith("contact."))
    return [*found[:place], *further, *found[place:]]


def own_catalogue(work: Work) -> list[Placeholder]:
    """Those that the core has values for, for papers and pages too; those of custom fields behind the contact's own."""
    labels = {
        "contact.first_name": Message("First name"),
        "contact.last_name": Message("Last name"),
        "contact.full_name": Message("Full name"),
        "contact.prefix": Message("Prefix (Ms, Dr …)"),
        "contact.email": Message("E-mail"),
        "contact.mobile_phone": Message("Mobile phone"),
        "contact.work_phone": Message("Work phone"),
        "contact.home_phone": Message("Home phone"),
        "contact.address.line1": Message("Street"),
        "contact.address.line2": Message("Second line of the address"),
        "contact.address.postal_code": Message("Postal code"),
        "contact.address.city": Message("City"),
        "contact.address.county": Message("County or state"),
        "contact.address.country": Message("Country (two letters)"),
        "contact.status": Message("Status"),
        "owner.name": Message("Who the contact is assigned to"),
        "owner.email": Message("Their e-mail"),
        "sender.name": Message("Who writes the mail"),
        "sender.email": Message("Their e-mail address"),
        "sender.signature": Message("Signature of the account"),
        "site.name": Message("Name of the company"),
        "site.address": Message("Address of the company"),
        "site.email": Message("E-mail of the company"),
        "site.url": Message("Address of this site"),
        "site.logo": Message("Logo of the company"),
        "today": Message("Day of sending"),
        "unsubscribe.line": Message("Line with the link to unsubscribe"),
        "unsubscribe.url": Message("Address to unsubscribe at"),
    }
    custom = [
        Placeholder(f"contact.{field.name}", field.label)
        for field in custom_fields.definitions(work, "contact")
        if field.kind != "encrypted"
    ]
    found = [Placeholder(path, label) for path, label in labels.items()]
    place = next(number for number, item in enumerate(found) if not item.path.startswith("contact."))
    return [*found[:place], *custom, *found[place:]]


def asks(source: Source, known: Collection[str] = ()) -> bool:
    """Whether a text uses placeholders that are none of the core's, and begin with none of the words that are known."""
    return any(name.partition(".")[0] not in (*_OURS, *known) for name in names(source))


def further(work: Work, object_type: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What plugins give for mails to records of a kind, by the hook ``mail_values``: id -> values; who is gone is missing.

    :param object_type: ``contact``, or the name of a kind of records.
    :param ids: 0 stands for nobody.
    """
    kind = next((one for one in work.generation.contributions("record_kinds") if one.name == object_type), None)
    there = set(ids) if object_type == "contact" else {0} & set(ids)
    found: dict[int, dict[str, Any]] = {}
    for answer in work.hooks.call("mail_values", work=work, object_type=object_type, ids=list(ids)):
        given = answer.value if isinstance(answer.value, Mapping) else {}
        for number, values_ in given.items():
            found.setdefault(number, {}).update(values_)
        if kind is not None and answer.plugin == kind.plugin:
            there |= set(given)
    return {number: found.get(number, {}) for number in ids if number in there}


def values(
    work: Work,
    contact: Contact | None,
    account: Account,
    *,
    unsubscribe: str = "",
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The values of every placeholder; a field without a value gives an empty text.

    :param unsubscribe: the recipient's own address to unsubscribe at; empty in a mail that is none of many.
    :param more: further values of the caller, such as ``{"quote": {…}}``.
    """
    signature = account.signature
    given = {
        "contact": _contact(work, contact),
        "owner": _owner(contact.assigned_to if contact is not None else None),
        "sender": {
            "name": _sender_name(work, account),
            "email": account.from_email,
            "signature": Rich(_lines(signature), signature),
        },
        "site": _site(work, account),
        "today": work.today.isoformat(),
        "unsubscribe": {"line": _unsubscribe_line(unsubscribe), "url": unsubscribe},
    }
    return {**given, **(more or {})}


def _contact(work: Work, contact: Contact | None) -> dict[str, Any]:
    names = ("prefix", "first_name", "last_name", "email", "mobile_phone", "work_phone", "home_phone")
    found: dict[str, Any] = {name: getattr(contact, name, "") for name in names}
    parts = contact.address1 if contact is not None and contact.address1 else {}
    address = {name: parts.get(name, "") for name in _ADDRESS}
    found["full_name"] = " ".join(part for part in (found["first_name"], found["last_name"]) if part)
    found["address"] = address
    found["status"] = contact.status.name if contact is not None else ""
    found["custom"] = custom_fields.texts(work, "contact", contact.custom if contact is not None else None)
    return found


def _owner(user: User | None) -> dict[str, str]:
    found = {"name": (user.name or user.email) if user else "", "email": user.email if user else ""}
    return {**found, "username": found["email"], "phone": "", "signature": ""}


def _sender_name(work: Work, account: Account) -> str:
    user = work.session.get(User, work.actor.user_id) if work.actor.user_id else None
    return (user.name if user is not None else "") or account.from_name


def _site(work: Work, account: Account) -> dict[str, Any]:
    get = work.settings.get
    return {
        "name": str(get("site.name") or ""),
        "address": str(get("site.address") or ""),
        "email": account.from_email,
        "sender_name": account.from_name,
        "url": work.base_url,
        "logo": _logo(work),
        "extra_info": "",
    }


def _logo(work: Work) -> Rich:
    name = logo.current(work)
    if not name or not work.base_url:
        return Rich("", "")
    address = f"{work.base_url}/settings/logo/{name}.png"
    said = escape(str(work.settings.get("site.name") or ""))
    return Rich(f'<img src="{escape(address)}" alt="{said}" width="180">', "")


def _unsubscribe_line(url: str) -> Rich:
    if not url:
        return Rich("", "")
    return Rich(f'<a href="{escape(url)}">Unsubscribe</a>', f"Unsubscribe: {url}")


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())
