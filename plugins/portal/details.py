"""What clients see and change of their own details: which fields, by the site's policy; at once, or after staff approved it.

What is not the client's to change never reaches the contact, whatever a form sends: it is left out by the policy here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Select, func, select

from crmhost.api import Contact, Invalid, Message, NotFound, Work, contacts, custom_fields, journal, keyset

from . import settings, telling
from .api import Client
from .models import DetailChange

Policy = Literal["hidden", "read", "edit", "ask"]
POLICIES: dict[str, str] = {
    "hidden": Message("Hidden"),
    "read": Message("Can be read"),
    "edit": Message("Can be changed"),
    "ask": Message("Can be changed, staff approve it"),
}
PARTS = ("line1", "line2", "postal_code", "city", "county", "country")
_CHANGED = Message("%(client)s changed their details in the portal.")
_WANTS = Message("%(client)s wants details changed: look at them in the list of changes.")
#: Changes that a list counts.
_COUNTED = 1_000
#: What may be chosen for a field that is the site's own, and for the user name, which no client changes alone.
_OWN: tuple[Policy, ...] = ("hidden", "read")
_NAME: tuple[Policy, ...] = ("hidden", "read", "ask")
_ANY: tuple[Policy, ...] = ("hidden", "read", "edit", "ask")


@dataclasses.dataclass(frozen=True)
class Unit:
    """A field of a contact, as the policy sees it; an address is one, and so are all social profiles.

    :param fields: what services call its parts.
    :param policies: what may be chosen for it.
    """

    name: str
    label: str
    fields: tuple[str, ...]
    policy: Policy
    policies: tuple[Policy, ...] = _ANY


def units(work: Work) -> list[Unit]:
    """All fields, with the policy that holds for each."""
    found = [
        Unit("prefix", Message("Prefix"), ("prefix",), "edit"),
        Unit("first_name", Message("First name"), ("first_name",), "edit"),
        Unit("last_name", Message("Last name"), ("last_name",), "edit"),
        Unit("email", Message("E-mail"), ("email",), "read", _NAME),
        Unit("mobile_phone", Message("Mobile phone"), ("mobile_phone",), "edit"),
        Unit("work_phone", Message("Work phone"), ("work_phone",), "edit"),
        Unit("home_phone", Message("Home phone"), ("home_phone",), "edit"),
        Unit("address1", Message("Address"), tuple(f"address1_{part}" for part in PARTS), "edit"),
        Unit("address2", Message("Second address"), tuple(f"address2_{part}" for part in PARTS), "edit"),
        Unit("socials", Message("Social profiles"), tuple(contacts.social_kinds(work)), "edit"),
        Unit("status", Message("Status"), ("status",), "hidden", _OWN),
        Unit("tags", Message("Tags"), ("tags",), "hidden", _OWN),
        Unit("assigned_to", Message("Assigned to"), ("assigned_to",), "hidden", _OWN),
        Unit("source", Message("Source"), ("source",), "hidden", _OWN),
        Unit("notes", Message("Notes"), ("notes",), "hidden", _OWN),
    ]
    custom = [field for field in custom_fields.by_key(work, "contact").values() if field.kind != "encrypted"]
    found.extend(Unit(field.name, field.label, (field.name,), "hidden") for field in custom)
    chosen = work.settings.get(settings.FIELDS)
    known: Mapping[str, Any] = chosen if isinstance(chosen, dict) else {}
    return [
        dataclasses.replace(unit, policy=known[unit.name]) if known.get(unit.name) in unit.policies else unit
        for unit in found
    ]


def choose(work: Work, policies: Mapping[str, str]) -> None:
    """Stores the site's policy by unit.

    :raises Invalid: by unit, for what can't be chosen.
    """
    work.require("portal.settings")
    known = {unit.name: unit for unit in units(work)}
    wrong = {
        name: ["Choose one of those that are offered."]
        for name, policy in policies.items()
        if name not in known or policy not in known[name].policies
    }
    if wrong:
        raise Invalid(wrong)
    settings.store(work, settings.FIELDS, dict(policies))


def as_client(work: Work, client: Client) -> Work:
    """The same unit of work for the client, who may see and change their own contact while services are asked to."""
    permissions = frozenset({"contacts.view", "contacts.edit"})
    return work.as_actor(dataclasses.replace(client.actor, permissions=permissions))


def waiting(work: Work, contact_id: int) -> DetailChange | None:
    """What a contact asked for and nobody decided yet."""
    wanted = select(DetailChange).where(DetailChange.contact_id == contact_id, DetailChange.state == "waiting")
    found: DetailChange | None = work.session.scalar(wanted)
    return found


def save(
    work: Work, client: Client, values: Mapping[str, Any], shown: Mapping[str, Any], *, version: int | None
) -> tuple[int, int]:
    """Stores what a client typed of their details; what needs it waits for approval.

    :param values: field -> what was typed.
    :param shown: field -> what the form showed before; only what differs is asked for.
    :param version: of the contact that the client saw.
    :returns: how many fields were changed, and how many wait.
    :raises Invalid: by field. :raises Stale: when somebody saved the contact since.
    """
    mine = as_client(work, client)
    known = units(work)
    direct = {name: values[name] for unit in known if unit.policy == "edit" for name in unit.fields if name in values}
    before = _snapshot(contacts.get(mine, client.contact_id), known)
    contacts.update(mine, client.contact_id, direct, version=version)
    contact = contacts.get(mine, client.contact_id)
    after = _snapshot(contact, known)
    changed = [unit for unit in known if unit.policy == "edit" and before[unit.name] != after[unit.name]]
    asked_units = [unit for unit in known if unit.policy == "ask"]
    asked = {name: _plain(values[name]) for unit in asked_units for name in unit.fields if name in values}
    differs = {name: value for name, value in asked.items() if value != _plain(shown.get(name))}
    if differs:
        contacts.prepare(mine, differs, contact)
    number = _ask(work, client, {name: _plain(shown.get(name)) for name in asked}, asked, differs)
    labels = [unit.label for unit in changed]
    wanted = [unit.label for unit in asked_units if any(name in differs for name in unit.fields)]
    _tell(work, client, labels, wanted)
    return len(changed), number


def _snapshot(contact: Contact, known: Sequence[Unit]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for unit in known:
        if unit.name.startswith("custom."):
            found[unit.name] = (contact.custom or {}).get(unit.name.removeprefix("custom."))
        else:
            found[unit.name] = _plain(getattr(contact, unit.name, None))
    return found


def _ask(
    work: Work, client: Client, before: Mapping[str, Any], asked: Mapping[str, Any], differs: Mapping[str, Any]
) -> int:
    """Keeps what waits: one row of a contact, which a second form changes; gives how many fields differ."""
    there = waiting(work, client.contact_id)
    kept = {name: value for name, value in (there.after if there is not None else {}).items() if name not in asked}
    after = {**kept, **differs}
    if there is None and not after:
        return 0
    if there is not None and not after:
        work.session.delete(there)
        return 0
    if there is None:
        there = DetailChange(contact_id=client.contact_id, state="waiting", asked_at=work.now)
        work.session.add(there)
    if there.after != after:
        there.asked_at = work.now
    told = {**(there.before or {}), **before}
    there.before, there.after = {name: told.get(name) for name in after}, after
    work.session.flush()
    return len(differs)


def _tell(work: Work, client: Client, changed: list[str], asked: list[str]) -> None:
    if not changed and not asked:
        return
    said = Message("Changed in the client portal: %(fields)s", fields=changed)
    if not changed:
        said = Message("Wants changed, by the client portal: %(fields)s", fields=asked)
    elif asked:
        said = Message(
            "Changed in the client portal: %(fields)s. Wants changed: %(asked)s", fields=changed, asked=asked
        )
    journal.system(work, [journal.SystemEntry(client.contact_id, "portal.details", summary=said)])
    text = _CHANGED if not asked else _WANTS
    url = f"/contacts/{client.contact_id}" if not asked else "/portal/staff/changes"
    telling.tell_owner(work, client.contact_id, text, url, "portal.details", {"client": client.name[:120]})


def _plain(value: Any) -> Any:
    """A value as JSON has it; empty ones are one."""
    match value:
        case None | "" | []:
            return ""
        case dt.date():
            return value.isoformat()
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return dict(value)
        case str() | int() | bool():
            return value
    return str(value)


# --- what waits ---------------------------------------------------------------------------------------------------------


def page(
    work: Work,
    state: str,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    sort: str = "asked_at",
) -> keyset.KeysetPage[tuple[DetailChange, Contact]]:
    """A page of what clients whom the actor sees wanted changed, with their contacts, in the order of asking.

    :param state: waiting, approved or rejected.
    """
    orders = {"asked_at": (DetailChange.id,)}
    found = keyset.page(work.session, _seen(work, state), orders, sort, after=after, before=before, limit=limit)
    ids = {change.contact_id for change in found.rows}
    known = {one.id: one for one in work.session.scalars(select(Contact).where(Contact.id.in_(ids)))} if ids else {}
    return keyset.KeysetPage([(change, known[change.contact_id]) for change in found.rows], found.next, found.previous)


def _seen(work: Work, state: str) -> Select[DetailChange]:
    work.require("portal.review")
    wanted = select(DetailChange).join(Contact, Contact.id == DetailChange.contact_id)
    return wanted.where(DetailChange.state == state, keyset.opaque(Contact.visible_to(work.actor)))


def count(work: Work, state: str) -> tuple[int, bool]:
    """How many there are, and whether that is all: more than 1,000 are not counted."""
    some = _seen(work, state).with_only_columns(DetailChange.id).limit(_COUNTED + 1).subquery()
    number = work.session.scalar(select(func.count()).select_from(some)) or 0
    return min(number, _COUNTED), number <= _COUNTED


def get_change(work: Work, change_id: int) -> tuple[DetailChange, Contact]:
    """What a client wanted changed, and the contact.

    :raises NotFound: when there is none, or the actor doesn't see the contact.
    """
    work.require("portal.review")
    found = work.session.get(DetailChange, keyset.valid_id(change_id) or 0)
    if found is None:
        raise NotFound("change", change_id)
    return found, contacts.get(work, found.contact_id)


def number_waiting(work: Work) -> int | None:
    """How many changes wait for the actor, for the menu; ``None`` for none."""
    visible = Contact.visible_to(work.actor)
    wanted = select(DetailChange.id).join(Contact, Contact.id == DetailChange.contact_id)
    some = wanted.where(DetailChange.state == "waiting", visible).limit(100).subquery()
    return work.session.scalar(select(func.count()).select_from(some)) or None
