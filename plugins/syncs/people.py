"""Contacts of records: found by their id on the other side, then by e-mail; what staff typed stays, nobody moves back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Contact, ContactEmail, Message, Work, contacts, contacts_bulk, record_fields

from .mapping import Rules
from .models import Connection, Record, fresh, keep
from .ownership import settle
from .shapes import Person, Source

KIND = "person"
_GUEST = "guest-"
_READ = (
    Contact.id, Contact.prefix, Contact.first_name, Contact.last_name, Contact.home_phone, Contact.work_phone,
    Contact.mobile_phone, Contact.address1, Contact.address2, Contact.notes, Contact.socials, Contact.status_id,
    Contact.updated_at,
    Contact.source,
)  # fmt: skip
_SOME = 500
_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def guest_id(email: str) -> str:
    """The id of somebody who is only known by an address: who bought without an account."""
    return f"{_GUEST}{hashlib.sha256(record_fields.email_key(email).encode()).hexdigest()[:32]}"


@dataclasses.dataclass
class Met:
    """A person of a batch, and what became of them.

    :param status_id: the contact status that they are to have; 0 for none.
    :param address: the one that their account there has now; of orders it may be any of theirs.
    """

    person: Person
    status_id: int = 0
    at: dt.datetime | None = None
    contact_id: int | None = None
    refused: str = ""
    address: str = ""


class People:
    """The persons of one batch of records.

    :param records: what is known of them, by their id there.
    """

    def __init__(self, work: Work, source: Source, one: Connection, rules: Rules) -> None:
        self.work = work
        self.source = source
        self.one = one
        self.rules = rules
        self.met: dict[str, Met] = {}
        #: Addresses that were looked up, each with the contact that has it.
        self._taken: dict[str, int | None] = {}

    def meet(self, person: Person, status_id: int, at: dt.datetime | None, *, account: bool = False) -> None:
        """Adds a person; of two records about one the later says more, and the furthest status counts.

        :param account: the record is their account there, and no order of theirs.
        """
        address = person.emails[0] if account and person.emails else ""
        known = self.met.get(person.external_id)
        if known is None:
            self.met[person.external_id] = Met(person, status_id, at, address=address)
            return
        known.address = address or known.address
        positions = self.rules.positions
        if positions.get(status_id, -1) > positions.get(known.status_id, -1):
            known.status_id = status_id
        newer = known.at is None or (at is not None and at >= known.at)
        newest, other = (person, known.person) if newer else (known.person, person)
        known.at = at if newer else known.at
        known.person = dataclasses.replace(
            newest,
            emails=list(dict.fromkeys([*newest.emails, *other.emails])),
            tags=list(dict.fromkeys([*known.person.tags, *person.tags])),
        )

    def contact_of(self, person: Person | None) -> int | None:
        """The contact of a person that was met."""
        return self.met[person.external_id].contact_id if person is not None else None

    # --- storing ------------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Adds those who are new, and brings the others up to date."""
        known = _records(self.work, self.one, self.met)
        digests = {key: _digest(met) for key, met in self.met.items()}
        owners = self._owners()
        loaded = self._contacts({owner for owner in owners.values() if owner is not None})
        told = self._told(known, digests, owners)
        changed: list[str] = []
        for key, met in self.met.items():
            met.contact_id = owner = owners[key]
            record, all_told = known.get(key), told.get(owner or 0, [])
            same = record is not None and record.digest == digests[key] and owner is not None
            if same and record is not None and _later(met, record):
                # Somebody else may have said otherwise meanwhile.
                same = len(all_told) == 1
                record.at = met.at
            if not same or self._moves(met, loaded.get(owner or 0), _written(all_told)):
                changed.append(key)
        emails = contacts.emails_of(self.work, [owner for key in changed if (owner := owners[key]) is not None])
        plans = {
            key: self._plan(key, told.get(owners[key] or 0, []), loaded.get(owners[key] or 0), emails)
            for key in changed
        }
        self._newest(plans)
        self._write(plans)
        self._remember(plans, known, digests, told)

    def _told(
        self, known: Mapping[str, Record], digests: Mapping[str, str], owners: Mapping[str, int | None]
    ) -> dict[int, list[Record]]:
        """All that contacts are on the other side, such as a guest who made an account later: their records, oldest first."""
        found: dict[int, list[Record]] = {}
        wanted: list[int] = []
        for key, met in self.met.items():
            owner, record = owners[key], known.get(key)
            if owner is None:
                continue
            if record is not None:
                found.setdefault(owner, []).append(record)
            if record is None or record.digest != digests[key] or met.status_id or _later(met, record):
                wanted.append(owner)
        # Found by the contact alone: named, the connection would lead the database through all of its records.
        others = (Record.kind == KIND, Record.external_id.not_in(list(self.met)))
        for start in range(0, len(wanted), _SOME):
            theirs = select(Record).where(Record.contact_id.in_(wanted[start : start + _SOME]), *others)
            for record in self.work.session.scalars(theirs):
                if record.connection_id == self.one.id:
                    found.setdefault(record.contact_id or 0, []).append(record)
        return {owner: sorted(records, key=_said) for owner, records in found.items()}

    def _owners(self) -> dict[str, int | None]:
        """The contact of each person: by id there, else by address; ``None`` for nobody yet."""
        keys = {self._external(key): key for key in self.met}
        by_id = {keys[key]: owner for key, owner in record_fields.external_owners(self.work, "contact", keys).items()}
        alive = _alive(self.work, by_id.values())
        by_id = {key: owner for key, owner in by_id.items() if owner in alive}
        wanted = {
            record_fields.email_key(email)
            for key, met in self.met.items()
            if key not in by_id
            for email in met.person.emails
        }
        by_email = self._by_email(sorted(wanted))
        found: dict[str, int | None] = {}
        for key, met in self.met.items():
            mails = (by_email.get(record_fields.email_key(email)) for email in met.person.emails)
            found[key] = by_id.get(key) or next((owner for owner in mails if owner), None)
        return found

    def _by_email(self, keys: Sequence[str]) -> Mapping[str, int | None]:
        """Whose addresses are, as they were before anything of the batch was written."""
        new = [key for key in keys if key not in self._taken]
        self._taken |= dict.fromkeys(new)
        for start in range(0, len(new), _SOME):
            some = new[start : start + _SOME]
            wanted = select(ContactEmail.email_key, ContactEmail.contact_id)
            rows = self.work.session.execute(wanted.where(ContactEmail.active, ContactEmail.email_key.in_(some)))
            self._taken |= {row[0]: row[1] for row in rows}
        return self._taken

    def _external(self, key: str) -> tuple[str, str, str]:
        return (self.source.plugin, self.one.key, key)

    def _contacts(self, ids: Iterable[int]) -> dict[int, Any]:
        """Contacts as rows: of the thousands of an import, nothing else is needed."""
        found: dict[int, Any] = {}
        numbers = sorted(ids)
        for start in range(0, len(numbers), _SOME):
            wanted = select(*_READ).where(Contact.id.in_(numbers[start : start + _SOME]))
            found |= {row.id: row for row in self.work.session.execute(wanted)}
        return found

    def _moves(self, met: Met, contact: Any, written: Mapping[str, Any]) -> bool:
        """Whether a contact is to get another status: never back down the funnel, and not where somebody chose one here."""
        if not met.status_id or contact is None or contact.status_id == met.status_id:
            return False
        last = written.get("status")
        if last is not None and last != contact.status_id and self.rules.rule != "theirs":
            return False
        positions = self.rules.positions
        return self.rules.move_back or positions.get(met.status_id, -1) > positions.get(contact.status_id, -1)

    def _plan(self, key: str, told: Sequence[Record], contact: Any, emails: Mapping[int, Sequence[Any]]) -> _Plan:
        met = self.met[key]
        wanted = {name: value for name, value in met.person.fields.items() if value not in (None, "")}
        kept: list[str] = []
        row: dict[str, Any] = {}
        said = (met.at or _NEVER, not key.startswith(_GUEST))
        stale = met.at is not None and any(_said(record) > said for record in told)
        if contact is None:
            fields = wanted
            mails, moved = list(met.person.emails), True
            if met.status_id:
                row["status"] = met.status_id
        else:
            written = _written(told)
            current = {name: _value(contact, name) for name in wanted}
            if stale:
                # What was said before, such as with an older order, is only news where nothing is known.
                fields, kept = settle(wanted, current, {}, "ours")
            else:
                rule, ours_at = self.rules.rule, contact.updated_at
                fields, kept = settle(wanted, current, written, rule, theirs_at=met.at, ours_at=ours_at)
            # The address that mails go to stays in front; those of others are theirs.
            have = [row_.email for row_ in emails.get(contact.id, ())]
            mails = have + [email for email in met.person.emails if email not in have]
            moved = _moved(met, written, have)
            if moved:
                mails = [met.address, *(email for email in mails if email != met.address)]
            if self._moves(met, contact, written):
                row["status"] = met.status_id
        row |= fields
        row |= {"external_ids": [self._external(key)], "tags": list(met.person.tags)}
        # Who came from here before the connection was removed and made anew: what is as it was, the sync wrote.
        known = contact is not None and contact.source == self.source.plugin
        agreed = [name for name in wanted if known and name not in fields and name not in kept]
        return _Plan(row, mails, sorted([*fields, *agreed]), [] if stale else kept, moved, said)

    def _newest(self, plans: Mapping[str, _Plan]) -> None:
        """Has of several that are one contact who spoke last say each field: each row is written over those before it."""
        whose: dict[str, int] = {}
        alike: dict[int, list[_Plan]] = {}
        for key in _accounts_first(plans):
            plan, owner = plans[key], self.met[key].contact_id
            names = [record_fields.email_key(email) for email in plan.emails]
            # Nobody's number: those who are new are known by their addresses.
            one = owner or next((whose[name] for name in names if name in whose), -1 - len(alike))
            whose |= {name: one for name in names if name not in whose}
            alike.setdefault(one, []).append(plan)
        for some in alike.values():
            told: set[str] = set()
            for plan in sorted(some, key=lambda plan: plan.said, reverse=True):
                plan.row = {name: value for name, value in plan.row.items() if name not in told}
                mine = [name for name in plan.fields if name not in told]
                told.update(plan.fields)
                plan.fields = mine

    def _write(self, plans: Mapping[str, _Plan]) -> None:
        keys = _accounts_first(plans)
        taken = self._by_email(
            sorted({record_fields.email_key(mail) for plan in plans.values() for mail in plan.emails})
        )
        rows = []
        for key in keys:
            owner = self.met[key].contact_id
            mine = [mail for mail in plans[key].emails if taken.get(record_fields.email_key(mail)) in (None, owner)]
            plans[key].leads = plans[key].leads and mine[:1] == plans[key].emails[:1]
            rows.append({**plans[key].row, "emails": mine})
        refused = self._save(keys, rows)
        # Their address came with somebody else of this batch: it stays there.
        again = {key: {**row, "emails": []} for key, row in zip(keys, rows, strict=True) if key in refused}
        for key, why in self._save(list(again), list(again.values())).items():
            self.met[key].refused = why

    def _save(self, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Saves rows; gives those that were refused, with the reason."""
        refused: dict[str, str] = {}
        why = Message("Came with a record of %(name)s", name=self.one.name)
        for start in range(0, len(rows), contacts_bulk.MOST):
            some = rows[start : start + contacts_bulk.MOST]
            results = contacts_bulk.save_many(
                self.work, some, match="external_id", mode="update", source=self.source.plugin, reason=why
            )
            for key, result in zip(keys[start : start + contacts_bulk.MOST], results, strict=True):
                if result.outcome == "refused":
                    refused[key] = Message.joined(result.reasons)
                else:
                    self.met[key].contact_id = result.id
        return refused

    def _remember(
        self,
        plans: Mapping[str, _Plan],
        known: Mapping[str, Record],
        digests: Mapping[str, str],
        told: Mapping[int, Sequence[Record]],
    ) -> None:
        """Keeps what was written into which field, as it was stored: with the record that wrote it last."""
        stored = self._contacts({met.contact_id for key in plans if (met := self.met[key]).contact_id is not None})
        records: list[Record] = []
        for key, plan in plans.items():
            met = self.met[key]
            contact = stored.get(met.contact_id or 0)
            if contact is None:
                continue
            record = known.get(key) or fresh(self.one, KIND, key)
            record.object_type = "contact"
            record.object_id = record.contact_id = contact.id
            if not _stale(met, record):
                record.digest, record.at, record.kept = digests[key], met.at or record.at, plan.kept
                record.url = met.person.url or record.url or ""
            written = {name: _value(contact, name) for name in plan.fields}
            if "status" in plan.row:
                written["status"] = contact.status_id
            if plan.leads and plan.emails:
                written["email"] = plan.emails[0]
            record.written = {**record.written, **written}
            records.append(record)
            for other in told.get(contact.id, ()):
                if other is not record and not written.keys().isdisjoint(other.written):
                    other.written = {name: value for name, value in other.written.items() if name not in written}
        keep(self.work, records)


@dataclasses.dataclass
class _Plan:
    row: dict[str, Any]
    emails: list[str]
    fields: list[str]
    kept: list[str]
    #: The first of the addresses is that of the other side.
    leads: bool
    #: When this was said; at the same time, an account says more than a guest.
    said: tuple[dt.datetime, bool]


def _accounts_first(keys: Iterable[str]) -> list[str]:
    """Those with an account first: a guest with the same address is then the same person."""
    return sorted(keys, key=lambda key: (key.startswith(_GUEST), key))


def _said(record: Record) -> tuple[dt.datetime, bool]:
    return (record.at or _NEVER, not record.external_id.startswith(_GUEST))


def _written(told: Iterable[Record]) -> dict[str, Any]:
    """What a contact's records wrote."""
    return {name: value for record in told for name, value in record.written.items()}


def _later(met: Met, record: Record) -> bool:
    return met.at is not None and (record.at is None or met.at > record.at)


def _moved(met: Met, written: Mapping[str, Any], have: Sequence[str]) -> bool:
    """Whether somebody has another address now, and the one to which mails go here came from there too."""
    if not met.address or not have or met.address == have[0]:
        return False
    return written.get("email") == have[0]


def _records(work: Work, one: Connection, keys: Iterable[str]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    wanted = sorted(keys)
    for start in range(0, len(wanted), _SOME):
        some = wanted[start : start + _SOME]
        mine = (Record.connection_id == one.id, Record.kind == KIND, Record.external_id.in_(some))
        found |= {record.external_id: record for record in work.session.scalars(select(Record).where(*mine))}
    return found


def _alive(work: Work, ids: Iterable[int]) -> set[int]:
    """Those of some contacts that are not in the bin."""
    numbers = sorted(set(ids))
    found: set[int] = set()
    for start in range(0, len(numbers), _SOME):
        wanted = select(Contact.id).where(Contact.id.in_(numbers[start : start + _SOME]), Contact.deleted_at.is_(None))
        found.update(work.session.scalars(wanted))
    return found


def _stale(met: Met, record: Record | None) -> bool:
    return bool(record is not None and record.at and met.at and met.at < record.at)


def _digest(met: Met) -> str:
    person = met.person
    content = json.dumps(
        [list(person.emails), sorted(person.fields.items()), sorted(person.tags), person.url],
        sort_keys=True, default=str,
    )  # fmt: skip
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _value(contact: Any, name: str) -> Any:
    """A field by its flat name."""
    if name.startswith(("address1_", "address2_")):
        return (getattr(contact, name[:8]) or {}).get(name[9:], "")
    if name.startswith("social_"):
        return (contact.socials or {}).get(name[7:], "")
    return getattr(contact, name)
