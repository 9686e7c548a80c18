"""The same as segments, slow and plain: conditions asked of one person at a time, in Python."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from crmhost.api import Contact, ContactEmail, JournalEntry, Status, Tag, Tagging, User, Work
from plugins.companies.models import Company, Member
from plugins.transactions.models import Status as Stage
from plugins.transactions.models import Transaction, Type

from .people import NOW, ZONE

TODAY = NOW.astimezone(ZONE).date()
Person = dict[str, Any]


def plain(text: Any) -> str:
    """Text without case, accents and needless blanks."""
    letters = unicodedata.normalize("NFKD", str(text))
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
    for letter, other in {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "œ": "oe", "æ": "ae", "’": "'"}.items():
        letters = letters.replace(letter, other)
    return " ".join(letters.split())


def people(work: Work) -> dict[int, Person]:
    """Id -> what is known of everybody who is not in the bin: lists for what one has several of."""
    session = work.session
    statuses = {row.id: row.name for row in session.scalars(select(Status))}
    users = {row.id: row.email for row in session.scalars(select(User))}
    tags = {row.id: row.name for row in session.scalars(select(Tag))}
    firms = {row.id: row.name for row in session.scalars(select(Company))}
    found: dict[int, Person] = {}
    for row in session.scalars(select(Contact).where(Contact.deleted_at.is_(None))):
        custom = {f"custom.{key}": value for key, value in row.custom.items()}
        budget = custom.get("custom.budget")
        found[row.id] = custom | {
            "id": row.id, "owner": row.assigned_to_id,
            "custom.budget": [(budget["currency"], budget["amount"])] if budget else [],
            "custom.likes": [key.title() for key in custom.get("custom.likes", [])],
            "custom.tier": (custom.get("custom.tier") or "").title(), "status": statuses[row.status_id],
            "full_name": f"{row.first_name} {row.last_name}", "first_name": row.first_name, "last_name": row.last_name,
            "prefix": row.prefix, "mobile_phone": row.mobile_phone, "work_phone": row.work_phone, "notes": row.notes,
            "source": row.source, "main_email": row.email, "assigned_to": users.get(row.assigned_to_id or 0, ""),
            "created_at": row.created_at, "last_contacted_at": row.last_contacted_at, "updated_at": row.updated_at,
            "days_in_status": (NOW - row.status_since).days, "address1_city": row.address1.get("city", ""),
            "address1_line1": row.address1.get("line1", ""), "address1_country": row.address1.get("country", ""),
            "postal_code": [row.address1.get("postal_code", ""), row.address2.get("postal_code", "")],
            "social_x": row.socials.get("x", ""), "email": [], "tag": [], "company": [], "journal_type": [],
            "journal_at": [], "transaction_count": 0, "total_value": {}, "last_transaction_at": None,
        }  # fmt: skip
    several = (
        ("email", select(ContactEmail.contact_id, ContactEmail.email)),
        ("tag", select(Tagging.object_id, Tagging.tag_id).where(Tagging.object_type == "contact")),
        ("company", select(Member.contact_id, Member.company_id)),
    )
    for name, rows in several:
        for key, value in session.execute(rows):
            if key in found:
                found[key][name].append({"tag": tags, "company": firms}.get(name, {}).get(value, value))
    for entry in session.scalars(select(JournalEntry).where(JournalEntry.by_system.is_(False))):
        if entry.object_id in found:
            found[entry.object_id]["journal_type"].append(entry.type)
            found[entry.object_id]["journal_at"].append(entry.at)
    _add_sales(work, found)
    return found


def _add_sales(work: Work, found: dict[int, Person]) -> None:
    rows = select(Transaction, Type.sign, Stage.name).join(Type).join(Stage)
    for one, sign, stage in work.session.execute(rows):
        if one.contact_id in found and stage == "Completed" and sign:
            person = found[one.contact_id]
            person["transaction_count"] += 1
            person["total_value"][one.currency] = person["total_value"].get(one.currency, 0) + sign * one.total
            last = person["last_transaction_at"]
            person["last_transaction_at"] = max(last, one.at) if last else one.at


# --- one condition ----------------------------------------------------------------------------------------------------------

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda have, want: have == want, "any_of": lambda have, want: have in want,
    "contains": lambda have, want: want in have,
    "starts_with": lambda have, want: have.startswith(want), "gt": lambda have, want: have > want,
    "gte": lambda have, want: have >= want, "lt": lambda have, want: have < want, "lte": lambda have, want: have <= want,
    "before": lambda have, want: have < want, "after": lambda have, want: have > want,
    "between": lambda have, want: want[0] <= have <= want[1],
    "in_last_days": lambda have, want: TODAY - dt.timedelta(want) <= have <= TODAY,
    "in_next_days": lambda have, want: TODAY <= have <= TODAY + dt.timedelta(want),
}  # fmt: skip
_TURNED = {"not_equals": "equals", "not_contains": "contains", "none_of": "any_of", "has_not": "has"}


def fulfils(person: Person, condition: dict[str, Any]) -> bool:
    """Whether a condition or a group holds for a person."""
    if "conditions" in condition:
        every = (fulfils(person, item) for item in condition["conditions"])
        return all(every) if condition["match"] == "all" else any(every)
    name, operator, want = condition["type"], condition["operator"], condition.get("value")
    if operator in _TURNED:
        return not fulfils(person, {**condition, "operator": _TURNED[operator]})
    have = _have(person, name, want)
    if operator in ("empty", "not_empty"):
        return (operator == "empty") == (not have)
    if operator == "has":
        operator = "equals"
    return any(_COMPARE[operator](item, _wanted(item, want)) for item in have)


def _have(person: Person, name: str, want: Any) -> list[Any]:
    value = person.get(name)
    if name == "total_value":
        currency = (want[0] if isinstance(want, list) else want)["currency"]
        return [("money", currency, value.get(currency, 0))] if value is not None else []
    values = value if isinstance(value, list) else [value]
    return [_as(name, item) for item in values if item is not None and item != ""]


def _as(name: str, value: Any) -> Any:
    if name == "custom.budget":
        return ("money", *value)
    if isinstance(value, bool):
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(ZONE).date()
    if name == "custom.born":
        return dt.date.fromisoformat(value)
    if isinstance(value, int | float):
        return Decimal(str(value))
    if name in ("email", "main_email"):
        return value.casefold()
    return plain(value)


def _wanted(have: Any, want: Any) -> Any:
    if isinstance(want, list):
        return [_wanted(have, item) for item in want]
    if isinstance(want, dict):
        return ("money", want["currency"], want["amount"])
    if isinstance(have, dt.date) and isinstance(want, str):
        return dt.date.fromisoformat(want)
    if isinstance(have, bool):
        return want == "yes"
    if isinstance(have, Decimal):
        return Decimal(str(want))
    return want.casefold() if isinstance(want, str) and "@" in have else plain(want) if isinstance(want, str) else want
