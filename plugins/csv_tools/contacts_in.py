"""Contacts from CSV: what their columns are called here and elsewhere, and how cells become fields."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crmhost.api import (
    ImportField,
    Invalid,
    Message,
    RowResult,
    Work,
    contacts,
    contacts_bulk,
    custom_fields,
    statuses,
    texts,
)

from .contacts_out import address_label
from .mapping import SEVERAL

if TYPE_CHECKING:
    from plugins.companies.api import Companies

#: Tag of people who asked for no mail in the program that they come from.
UNSUBSCRIBED = "Unsubscribed"
#: Source under which the ids of a file are kept when the file does not say which system they are from.
EXTERNAL_SOURCE = "import"

_NO = {"", "0", "no", "false", "n", "f", "non", "faux", "active", "subscribed", "actif", "unconfirmed", "never"}
#: What mailing programs write into a column called “Status”.
_SUBSCRIPTION = {
    "active",
    "subscribed",
    "unconfirmed",
    "unsubscribed",
    "bounced",
    "cleaned",
    "archived",
    "non-subscribed",
}
_ADDRESS = {
    "line1": ("line 1", "street", "street address", "address", "adresse", "rue"),
    "line2": ("line 2", "street 2", "address 2", "extended address", "complement"),
    "city": ("city", "town", "ville", "localite"),
    "county": ("county", "state", "state/region", "region", "province", "departement", "county/state"),
    "postal_code": ("postal code", "post code", "postcode", "zip", "zip code", "zip/postal code", "code postal", "cp"),
    "country": ("country", "country/region", "pays", "country code"),
}


def _address(number: int, prefixes: Sequence[str], *, bare: bool) -> list[ImportField]:
    fields = []
    for part, names in _ADDRESS.items():
        aliases = [f"{prefix} {name}" for prefix in prefixes for name in names] + (list(names) if bare else [])
        if part.startswith("line"):
            aliases += [f"address line {part[-1]}"] if bare else [f"second address line {part[-1]}"]
        label = address_label(str(number), part)
        fields.append(ImportField(name=f"address{number}_{part}", label=label, aliases=aliases))
    return fields


def import_fields(work: Work) -> list[ImportField]:
    """The fields of a contact, with what Google, Outlook, HubSpot, Mailchimp, Salesforce, Zoho, Brevo, ActiveCampaign and
    Jetpack CRM call them, in English and French; and the custom fields."""
    return [
        ImportField(
            name="email",
            label="E-mail",
            aliases=("email address", "e-mail address", "e-mail 1 - value", "courriel", "adresse e-mail", "adresse email",
                     "mail", "primary email", "main email", "contact_email"),
        ),
        ImportField(
            name="emails",
            label="Further e-mails",
            kind="list",
            aliases=("e-mail 2 address", "e-mail 3 address", "e-mail 2 - value", "e-mail 3 - value", "e-mail 4 - value",
                     "additional emails", "other emails", "secondary email", "autres e-mails", "email 2", "email 3"),
        ),
        ImportField(name="prefix", label="Prefix", aliases=("salutation", "name prefix", "civilite", "prefixe", "honorific")),
        ImportField(
            name="first_name", label="First name", aliases=("firstname", "given name", "prenom", "forename", "fname")
        ),
        ImportField(
            name="last_name",
            label="Last name",
            aliases=("lastname", "family name", "surname", "nom", "nom de famille", "lname"),
        ),
        ImportField(
            name="full_name",
            label="Full name",
            aliases=("name", "lead name", "contact name", "display name", "nom complet", "nom et prenom"),
        ),
        ImportField(name="company", label="Company" if work.service("companies") else "Company (kept in the notes)",
                    aliases=("company", "company name", "organization name", "organization 1 - name", "organisation",
                             "account name", "entreprise", "societe", "organization")),
        ImportField(name="status", label="Status", choices=[status.name for status in statuses.all_statuses(work)],
                    aliases=("lifecycle stage", "contact status", "lead status", "statut", "etat")),
        ImportField(name="tags", label="Tags", kind="list",
                    aliases=("tag", "labels", "categories", "etiquettes", "group membership", "mots cles", "keywords")),
        ImportField(name="mobile_phone", label="Mobile phone",
                    aliases=("mobile", "mobile telephone", "mobilephone", "mobile phone number", "cell phone", "sms", "portable",
                             "telephone portable", "telephone mobile", "phone 1 - value")),
        ImportField(name="work_phone", label="Work phone",
                    aliases=("phone", "phone number", "phones", "telephone", "phone 2 - value", "work telephone",
                             "business phone", "primary phone", "company main phone", "telephone professionnel", "tel")),
        ImportField(name="home_phone", label="Home phone",
                    aliases=("home telephone", "home phone number", "telephone domicile", "other phone", "phone 3 - value")),
        *_address(1, ("business", "address 1 -", "mailing", "work", "primary"), bare=True),
        *_address(2, ("home", "other", "address 2 -", "second address", "secondary"), bare=False),
        ImportField(name="notes", label="Notes", kind="list",
                    aliases=("note", "description", "comments", "remarques", "commentaires")),
        ImportField(name="unsubscribed", label="Wants no mail (yes or no)",
                    aliases=("email opt out", "has opted out of email", "hasoptedoutofemail", "email_blacklisted",
                             "unsubscribed", "opted out", "desinscrit")),
        ImportField(name="assigned_to", label="Assigned to (e-mail of a user)",
                    aliases=("assigned to", "assigne a", "owner email")),
        ImportField(name="created_at", label="Date added", kind="instant",
                    aliases=("create date", "created date", "createddate", "created time", "date created", "optin_time",
                             "added_time", "creation date", "created on", "created", "date de creation", "date d'ajout")),
        ImportField(name="last_contacted_at", label="Date last contacted", kind="instant",
                    aliases=("last contacted date", "last contacted", "dernier contact", "last activity date")),
        ImportField(name="source", label="Source"),
        ImportField(name="social_x", label="X (Twitter)", aliases=("twitter handle", "twitter", "x handle")),
        ImportField(name="social_linkedin", label="LinkedIn", aliases=("linkedin url", "linkedin profile")),
        ImportField(name="social_facebook", label="Facebook", aliases=("facebook page", "facebook url")),
        *(
            ImportField(name=name, label=label, aliases=(f"{label} url", f"{label} profile"))
            for name, label in contacts.social_kinds(work).items()
            if name not in ("social_x", "social_linkedin", "social_facebook")
        ),
        ImportField(name="socials", label="Other profiles (JSON)"),
        ImportField(name="avatar", label="Picture"),
        ImportField(name="external_id", label="Id in another system", aliases=("external id", "external_ids")),
        ImportField(name="external_source", label="System of that id"),
        ImportField(name="custom", label="Custom fields (JSON)"),
        *(_custom(field) for field in custom_fields.definitions(work, "contact")),
    ]  # fmt: skip


def _custom(field: custom_fields.Definition) -> ImportField:
    kinds: dict[str, Any] = {"date": "instant", "choices": "list"}
    return ImportField(
        name=field.name, label=field.label, aliases=(field.key,), required=False, kind=kinds.get(field.kind, "text")
    )


def new_field(work: Work, label: str, kind: str) -> str:
    """Makes a custom field for a column that no field fits; gives its name."""
    return custom_fields.add(work, {"label": label, "kind": kind}).name


def save(work: Work, rows: Sequence[Mapping[str, str]], match: str, mode: str) -> Sequence[RowResult]:
    """Saves rows as contacts; gives one result per row."""
    companies: Companies | None = work.service("companies")
    known = {texts.fold(status.name) for status in statuses.all_statuses(work)}
    results: dict[int, RowResult] = {}
    good: list[tuple[int, dict[str, Any]]] = []
    for number, row in enumerate(rows):
        try:
            good.append((number, contact_fields(row, known, companies=companies is not None)))
        except Invalid as error:
            results[number] = RowResult(outcome="refused", reasons=(str(error),))
    saved = contacts_bulk.save_many(work, [fields for _, fields in good], match=match, mode=mode)
    results |= {number: result for (number, _), result in zip(good, saved, strict=True)}
    if companies is not None:
        named = [(result.id, rows[number].get("company", "")) for number, result in results.items()]
        companies.join_many([(key, name) for key, name in named if key is not None and name])
    return [results[number] for number in range(len(rows))]


def contact_fields(row: Mapping[str, str], status_keys: Collection[str], *, companies: bool = False) -> dict[str, Any]:
    """A row's fields as the contacts service takes them.

    :param status_keys: folded names of the statuses: a site may have one that is called like a state of a subscription.
    :param companies: whether the company has a record of its own, and need not be kept in the notes.

    :raises Invalid: when a cell with JSON can't be read.
    """
    fields: dict[str, Any] = {name: text for name, text in row.items() if name not in _READ_HERE}
    if isinstance(reason := row.get("reason"), Message) and "row" in reason.values:
        # Apart from the row, so that the contacts of one file are known to belong together.
        file = Message("Import of %(file)s", file=reason.values["file"])
        fields["reason"] = {"text": file, "row": reason.values["row"]}
    emails = _parts(row.get("email", "")) + _parts(row.get("emails", "").replace(";", "\n").replace(",", "\n"))
    if emails:
        fields["emails"] = emails
    tags = _tags(row.get("tags", ""))
    status = row.get("status", "")
    wants_mail = row.get("unsubscribed", "")
    key = texts.fold(status) if status else ""
    if key in _SUBSCRIPTION and key not in status_keys:
        status, wants_mail = "", wants_mail or status
    if status:
        fields["status"] = status
    if wants_mail and texts.fold(wants_mail) not in _NO:
        tags.append(UNSUBSCRIBED)
    if tags:
        fields["tags"] = tags
    if row.get("full_name") and not (row.get("first_name") or row.get("last_name")):
        fields["first_name"], fields["last_name"] = split_name(row["full_name"])
    if row.get("company") and not companies:
        fields["more_notes"] = f"Company: {row['company']}"
    for name in ("custom", "socials"):
        if row.get(name):
            fields[name] = _json(name, row[name])
    if row.get("external_id"):
        fields["external_ids"] = _external_ids(row["external_id"], row.get("external_source") or EXTERNAL_SOURCE)
    return fields


_READ_HERE = {
    "email",
    "emails",
    "tags",
    "status",
    "unsubscribed",
    "full_name",
    "company",
    "custom",
    "socials",
    "external_id",
    "external_source",
}


def split_name(name: str) -> tuple[str, str]:
    """First and last name from one text: “Lovelace, Ada” and “Ada Lovelace” are the same person."""
    last, comma, first = name.partition(",")
    if comma and first.strip():
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return (first.strip(), last) if first else (last, "")


def _parts(text: str) -> list[str]:
    if "\n" not in text and SEVERAL not in text:
        return [text] if text else []
    return [part.strip() for line in text.split("\n") for part in line.split(SEVERAL) if part.strip()]


def _tags(text: str) -> list[str]:
    """Tags from a cell of any of the programs: commas, semicolons, lines, or Mailchimp's quoted list inside the cell.

    Google marks groups of its own with an asterisk: they are left out.
    """
    found: list[str] = []
    for line in text.split("\n") if text else ():
        delimiter = ";" if ";" in line and "," not in line else ","
        found += next(csv.reader([line.replace("\r", "")], delimiter=delimiter, skipinitialspace=True), [])
    return [tag.strip() for tag in found if tag.strip() and not tag.startswith("* ")]


def _json(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Invalid(Message('“%(name)s” must be a JSON object such as {"key": "value"}.', name=name))
    return value


def _external_ids(text: str, source: str) -> list[dict[str, str]]:
    """One id as it stands, or the JSON list of [source, account, id] that an export of ours holds."""
    if not text.startswith("[["):
        return [{"source": source, "account": "", "id": text}]
    try:
        return [dict(zip(("source", "account", "id"), map(str, item), strict=True)) for item in json.loads(text)]
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid(
            'The ids in other systems can\'t be read: give one id, or [["source", "account", "id"], …].'
        ) from error
