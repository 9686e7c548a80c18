"""Who belongs to which company. Of the companies of a person, the first is the main one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ScalarSelect, delete, func, select

from crmhost.api import (
    Change,
    Contact,
    Invalid,
    Message,
    NotFound,
    Work,
    contacts,
    insert_rows,
    journal,
    keyset,
    texts,
)

from . import services
from .models import KIND, Company, Member

#: Companies that one person may belong to.
MOST = 50
#: Up to here the people of a company are counted.
COUNTED = 1_000
LONGEST_ROLE = 120
JOINED, LEFT = "companies.joined", "companies.left"


@dataclasses.dataclass(frozen=True)
class Membership:
    """A company of a person."""

    company_id: int
    name: str
    role: str


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who belongs to a company."""

    contact: Contact
    role: str


def companies_of(work: Work, contact_ids: Sequence[int]) -> dict[int, list[Membership]]:
    """The companies of contacts that the actor may see, the main one first: contact id -> companies, in the bin left out.

    Whoever may see a contact may see its companies.
    """
    if len(contact_ids) == 1:
        return work.once(("companies.of", contact_ids[0]), lambda: _companies_of(work, contact_ids))
    return _companies_of(work, contact_ids)


def _companies_of(work: Work, contact_ids: Sequence[int]) -> dict[int, list[Membership]]:
    wanted = (
        select(Member.contact_id, Company.id, Company.name, Member.role)
        .join(Company, Company.id == Member.company_id)
        .where(Member.contact_id.in_(contact_ids), Company.deleted_at.is_(None))
        .order_by(Member.contact_id, Member.position, Member.company_id)
    )
    found: dict[int, list[Membership]] = {}
    for contact_id, company_id, name, role in work.session.execute(wanted):
        found.setdefault(contact_id, []).append(Membership(company_id, name, role))
    return found


def count_of(work: Work, company_ids: Sequence[int]) -> dict[int, int]:
    """Company id -> how many people belong to it that the actor may see, counted to one more than :data:`COUNTED`."""
    rows = work.session.execute(select(Company.id, counted(work)).where(Company.id.in_(company_ids)))
    return {row[0]: row[1] for row in rows}


def counted(work: Work) -> ScalarSelect[int]:
    """The same as a part of a query on companies."""
    some = (
        select(Member.contact_id)
        .join(Contact, Contact.id == Member.contact_id)
        .where(Member.company_id == Company.id, Contact.visible_to(work.actor))
        .limit(COUNTED + 1)
        .correlate(Company)
        .subquery()
    )
    return select(func.count()).select_from(some).correlate(Company).scalar_subquery()


def people_of(
    work: Work, company_id: int, after: str | None = None, limit: int = 50
) -> tuple[list[Person], str | None]:
    """The people of a company that the actor may see, in the order in which they were added, and the next cursor.

    :raises NotFound: when there is no such company, or the actor may not see it.
    """
    work.require("contacts.view")
    services.get(work, company_id)
    limit = max(1, min(limit, 200))
    wanted = (
        select(Contact, Member.role)
        .join(Member, Member.contact_id == Contact.id)
        .where(Member.company_id == company_id, Contact.visible_to(work.actor))
    )
    if after:
        (edge,) = keyset.decode("companies.people", after, (int,))
        wanted = wanted.where(Member.contact_id > edge)
    rows = work.session.execute(wanted.order_by(Member.contact_id).limit(limit + 1)).all()
    people = [Person(contact, role) for contact, role in rows[:limit]]
    more = len(rows) > limit
    return people, keyset.encode("companies.people", (people[-1].contact.id,)) if more else None


def join(work: Work, company_id: int, contact_id: int, role: str = "") -> bool:
    """Lets a person belong to a company, or changes the role there; gives whether anything changed."""
    role = _checked_role(role)
    contact = _contact(work, contact_id)
    company = services.get(work, company_id)
    known = work.session.get(Member, (company.id, contact.id))
    if known is not None:
        changed, known.role = known.role != role, role
        work.session.flush()
        return changed
    mine = _of_contact(work, contact.id)
    _require_few(len(mine) + 1)
    _write(work, contact.id, mine, [*mine, company.id], {company.id: role})
    return True


def join_many(work: Work, wanted: Sequence[tuple[int, str]]) -> None:
    """Lets contacts belong to companies by their names, in a few statements for all; a name that no company has is added.

    A contact that the actor may not see is left alone, and so is a name that can't be one.

    :param wanted: contact id and name of the company each.
    """
    work.require("contacts.edit")
    names = {texts.fold(name)[:200]: name for _, name in reversed(wanted) if texts.fold(name)}
    known = by_name(work, list(names.values()))
    for key, name in names.items():
        if key not in known and work.can("companies.edit") and len(texts.clean_line(name)) <= 200:
            known[key] = services.create(work, {"name": name}, source="import").id
    ids = sorted({contact_id for contact_id, _ in wanted})
    mine = select(Contact.id).where(Contact.id.in_(ids), Contact.visible_to(work.actor)).order_by(Contact.id)
    seen = set(work.session.scalars(mine.with_for_update(of=Contact)))
    have: dict[int, list[int]] = {}
    stored = select(Member.contact_id, Member.company_id).where(Member.contact_id.in_(ids))
    for contact_id, company_id in work.session.execute(stored.order_by(Member.position, Member.company_id)):
        have.setdefault(contact_id, []).append(company_id)
    rows: list[dict[str, Any]] = []
    entries: list[journal.SystemEntry] = []
    for contact_id, name in wanted:
        wanted_id = known.get(texts.fold(name)[:200])
        there = have.setdefault(contact_id, [])
        if wanted_id is None or contact_id not in seen or wanted_id in there or len(there) >= MOST:
            continue
        there.append(wanted_id)
        rows.append({"company_id": wanted_id, "contact_id": contact_id, "role": "", "position": len(there) - 1})
        said = Message("Belongs to %(name)s now", name=names[texts.fold(name)[:200]])
        entries.append(journal.SystemEntry(contact_id, JOINED, summary=said))
    insert_rows(work.session, Member, rows)
    journal.system(work, entries)
    work.audit_many(
        [
            ("contact.companies_changed", "contact", row["contact_id"], None, {"joined": row["company_id"]})
            for row in rows
        ]
    )
    for row in rows:
        work.changed(Change("company.contact_added", KIND, row["company_id"], {}, {"contact_id": row["contact_id"]}))


def leave(work: Work, company_id: int, contact_id: int) -> bool:
    """Ends that a person belongs to a company; gives whether they did."""
    contact = _contact(work, contact_id)
    services.get(work, company_id)
    mine = _of_contact(work, contact.id)
    if company_id not in mine:
        return False
    _write(work, contact.id, mine, [key for key in mine if key != company_id], {})
    return True


def set_companies(work: Work, contact_id: int, wanted: Sequence[int | str]) -> bool:
    """Makes these the companies of a person, the main one first; gives whether anything changed.

    :param wanted: ids, or names: one that no company has yet is added.
    :raises Invalid: when there are too many, or an id is nobody's.
    """
    contact = _contact(work, contact_id)
    mine = _of_contact(work, contact.id)
    keys = list(dict.fromkeys(found_or_made(work, item) for item in wanted))
    # Those in the bin are not shown anywhere; they stay, should they come back.
    hidden = set(mine) - {item.company_id for item in companies_of(work, [contact.id]).get(contact.id, ())}
    keys += [key for key in mine if key in hidden and key not in keys]
    _require_few(len(keys))
    if keys == mine:
        return False
    _write(work, contact.id, mine, keys, {})
    return True


def by_name(work: Work, names: Sequence[str]) -> dict[str, int]:
    """Folded name -> id of the oldest company of that name that the actor may see."""
    keys = [texts.fold(name)[:200] for name in names]
    wanted = select(Company.name_key, func.min(Company.id)).where(Company.name_key.in_(keys))
    wanted = wanted.where(Company.visible_to(work.actor)).group_by(Company.name_key)
    return {row[0]: row[1] for row in work.session.execute(wanted)}


def told_of(work: Work, contact_id: int) -> list[dict[str, str]]:
    """The companies that a person belongs to, for whoever wants the data that is held on them."""
    wanted = select(Company.name, Member.role).join(Company, Company.id == Member.company_id)
    mine = wanted.where(Member.contact_id == contact_id).order_by(Member.position, Member.company_id)
    return [{"company": name, "role": role} for name, role in work.session.execute(mine)]


def tidy(work: Work, contact_ids: Sequence[int]) -> None:
    """Numbers the companies of contacts anew, after some came from another contact."""
    wanted = select(Member).where(Member.contact_id.in_(contact_ids))
    places: dict[int, int] = {}
    for row in work.session.scalars(wanted.order_by(Member.contact_id, Member.position, Member.company_id)):
        row.position = places.setdefault(row.contact_id, 0)
        places[row.contact_id] += 1
    work.session.flush()


def found_or_made(work: Work, item: int | str) -> int:
    """The id of a company from its id or its name; a name that no company has yet is added.

    :raises Invalid: when the id is nobody's, or the name can't be taken.
    """
    if isinstance(item, int):
        try:
            return services.get(work, item).id
        except NotFound as error:
            raise Invalid("One of these companies is gone: choose it again.") from error
    found = by_name(work, [item]).get(texts.fold(item)[:200])
    return found if found is not None else services.create(work, {"name": item}).id


def _contact(work: Work, contact_id: int) -> Contact:
    """The contact, which is locked, so that two changes of its companies come one after the other."""
    work.require("contacts.edit")
    contact = contacts.get(work, contact_id)
    work.session.execute(select(Contact.id).where(Contact.id == contact.id).with_for_update())
    return contact


def _of_contact(work: Work, contact_id: int) -> list[int]:
    mine = select(Member.company_id).where(Member.contact_id == contact_id)
    return list(work.session.scalars(mine.order_by(Member.position, Member.company_id)))


def _write(work: Work, contact_id: int, old: Sequence[int], new: Sequence[int], roles: Mapping[int, str]) -> None:
    gone, added = [key for key in old if key not in new], [key for key in new if key not in old]
    if gone:
        chosen = (Member.contact_id == contact_id, Member.company_id.in_(gone))
        work.session.execute(delete(Member).where(*chosen))
    rows = {row.company_id: row for row in work.session.scalars(select(Member).where(Member.contact_id == contact_id))}
    for position, key in enumerate(new):
        if key in rows:
            rows[key].position = position
        else:
            work.session.add(Member(company_id=key, contact_id=contact_id, role=roles.get(key, ""), position=position))
    work.session.flush()
    wanted = select(Company.id, Company.name).where(Company.id.in_([*gone, *added]))
    names = {row[0]: row[1] for row in work.session.execute(wanted)}
    lines = [(LEFT, Message("Belongs to %(name)s no longer", name=names[key])) for key in gone]
    lines += [(JOINED, Message("Belongs to %(name)s now", name=names[key])) for key in added]
    journal.system(work, [journal.SystemEntry(contact_id, kind, summary=said) for kind, said in lines])
    work.audit(
        "contact.companies_changed",
        "contact",
        contact_id,
        before={"companies": list(old)},
        after={"companies": list(new)},
    )
    for name, keys in (("company.contact_removed", gone), ("company.contact_added", added)):
        for key in keys:
            work.changed(Change(name, KIND, key, {}, {"contact_id": contact_id}))


def _require_few(number: int) -> None:
    if number > MOST:
        raise Invalid(Message("A contact belongs to at most %(most)s companies.", most=MOST))


def _checked_role(role: object) -> str:
    text = texts.clean_line(role) if isinstance(role, str) else ""
    if len(text) > LONGEST_ROLE:
        said = Message("The role is too long: at most %(longest)s characters.", longest=LONGEST_ROLE)
        raise Invalid({"role": [said]})
    return text
