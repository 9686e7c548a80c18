"""The ordered list of company statuses."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, func, select, update

from crmhost.api import Change, Invalid, Message, NotFound, Work, keyset, record_fields, texts

from .models import Company, CompanyStatus

#: What a new site has: name and colour.
FIRST = {"Lead": "blue", "Customer": "green", "Vendor": "amber"}
MOST = 100


def all_statuses(work: Work) -> list[CompanyStatus]:
    """All statuses in their order; the first is that of a new company."""
    return work.once(("companies.statuses",), lambda: list(work.session.scalars(_ordered())))


def find(work: Work, name_or_id: str | int) -> CompanyStatus:
    """The status with this id, or with this name in any case.

    :raises Invalid: when there is none; the sentence names the one that was probably meant.
    """
    known = all_statuses(work)
    number = keyset.valid_id(name_or_id)
    name = texts.clean_line(str(name_or_id))
    for status in known:
        if status.name_key == texts.fold(name) or (number is not None and status.id == number):
            return status
    names = [status.name for status in known]
    said = Message("There is no company status “%(name)s”.", name=name[:80])
    near = texts.nearest(name, names)
    raise Invalid({"status": [texts.unknown(said, near, Message("There are: %(names)s.", names=names))]})


def choices(work: Work) -> list[tuple[str, str]]:
    """Statuses to choose from in a form: id as text, and name."""
    return [(str(status.id), status.name) for status in all_statuses(work)]


def counts(work: Work) -> dict[int, int]:
    """Status id -> number of companies that the actor may see; statuses without any are left out."""
    rows = select(Company.status_id, func.count()).where(Company.visible_to(work.actor)).group_by(Company.status_id)
    return {row[0]: row[1] for row in work.session.execute(rows)}


def first_start(work: Work) -> None:
    """Gives a site without company statuses the first ones."""
    if work.session.scalar(select(CompanyStatus.id).limit(1)) is None:
        for position, (name, hue) in enumerate(FIRST.items()):
            work.session.add(CompanyStatus(name=name, name_key=texts.fold(name), hue=hue, position=position))
        work.session.flush()


def add(work: Work, name: str, hue: str = "") -> CompanyStatus:
    """Adds a status at the end.

    :raises Invalid: when the name is empty, too long or taken, or the colour unknown.
    """
    work.require("companies.statuses")
    known = _locked(work)
    if len(known) >= MOST:
        raise Invalid({"name": [Message("There can be at most %(most)s statuses.", most=MOST)]})
    name = _checked_name(name, known)
    position = max((status.position for status in known), default=-1) + 1
    hue = _checked_hue(hue or record_fields.hue_for(name))
    status = CompanyStatus(name=name, name_key=texts.fold(name), hue=hue, position=position)
    work.session.add(status)
    work.session.flush()
    work.audit("company_status.added", "company_status", status.id, after={"name": name, "hue": status.hue})
    work.changed(Change("company_status.added", "company_status", status.id, {}, {"name": name}))
    return status


def change(work: Work, status_id: int, name: str, hue: str = "") -> CompanyStatus:
    """Renames and recolours a status; its companies keep it."""
    work.require("companies.statuses")
    known = _locked(work)
    status = _by_id(known, status_id)
    name = _checked_name(name, [other for other in known if other is not status])
    hue = _checked_hue(hue or status.hue)
    before, after = {"name": status.name, "hue": status.hue}, {"name": name, "hue": hue}
    if before != after:
        status.name, status.name_key, status.hue = name, texts.fold(name), hue
        work.session.flush()
        work.audit("company_status.changed", "company_status", status.id, before=before, after=after)
        work.changed(Change("company_status.changed", "company_status", status.id, before, after))
    return status


def reorder(work: Work, ids: Sequence[int]) -> list[CompanyStatus]:
    """Puts the statuses into this order; those not named follow in the order they had."""
    work.require("companies.statuses")
    known = _locked(work)
    place = {status_id: number for number, status_id in enumerate(ids)}
    for status_id in place:
        _by_id(known, status_id)
    ordered = sorted(known, key=lambda status: place.get(status.id, len(place)))
    if ordered != known:
        before, after = [status.name for status in known], [status.name for status in ordered]
        for position, status in enumerate(ordered):
            status.position = position
        work.session.flush()
        work.audit("company_status.reordered", "company_status", "", before=before, after=after)
    return ordered


def delete(work: Work, status_id: int, heir: int | str | None = None) -> int:
    """Deletes a status and gives its companies (those in the bin too) to ``heir``; gives how many moved.

    :raises Invalid: when an heir is needed, or the status is the last one.
    """
    work.require("companies.statuses")
    known = _locked(work)
    status = _by_id(known, status_id)
    if len(known) == 1:
        raise Invalid("This is the only status: add another one before you delete it.")
    taker = find(work, heir) if heir not in (None, "") and heir is not None else None
    if taker is status:
        raise Invalid({"heir": ["Choose another status for its companies."]})
    used = work.session.scalar(select(Company.id).where(Company.status_id == status_id).limit(1)) is not None
    if used and taker is None:
        said = Message("Companies have the status “%(name)s”: choose the status that they get.", name=status.name)
        raise Invalid({"heir": [said]})
    moved = _move_all(work, status, taker) if used and taker is not None else 0
    after = {"heir": taker.name if taker else None}
    work.audit("company_status.deleted", "company_status", status_id, before={"name": status.name}, after=after)
    work.changed(Change("company_status.deleted", "company_status", status_id, {"name": status.name}, after))
    work.session.delete(status)
    work.session.flush()
    return moved


def _move_all(work: Work, status: CompanyStatus, heir: CompanyStatus) -> int:
    chosen = Company.status_id == status.id
    living = list(work.session.scalars(select(Company.id).where(chosen, Company.deleted_at.is_(None))))
    number = work.session.scalar(select(func.count()).where(chosen)) or 0
    values = {"status_id": heir.id, "updated_at": work.now, "version": Company.version + 1}
    work.session.execute(update(Company).where(chosen).values(values))
    for company_id in living:
        before, after = {"status_id": status.id}, {"status_id": heir.id}
        work.changed(Change("company.status_changed", "company", company_id, before, after))
    return int(number)


def _ordered() -> Select[CompanyStatus]:
    return select(CompanyStatus).order_by(CompanyStatus.position, CompanyStatus.id)


def _locked(work: Work) -> list[CompanyStatus]:
    return list(work.session.scalars(_ordered().with_for_update()))


def _by_id(known: Sequence[CompanyStatus], status_id: int) -> CompanyStatus:
    for status in known:
        if status.id == status_id:
            return status
    raise NotFound("company status", status_id)


def _checked_name(name: str, others: Sequence[CompanyStatus]) -> str:
    name = texts.clean_line(name)
    key = texts.fold(name)
    if not key:
        raise Invalid({"name": ["Give the status a name."]})
    if "," in name:
        raise Invalid({"name": ["The name of a status can't hold a comma."]})
    if len(name) > 80 or len(key) > 80:
        said = Message("The name of a status is at most 80 characters long, this has %(count)s.", count=len(name))
        raise Invalid({"name": [said]})
    if any(other.name_key == key for other in others):
        raise Invalid({"name": [Message("There is a status “%(name)s” already.", name=name)]})
    return name


def _checked_hue(hue: str) -> str:
    if hue not in record_fields.HUES:
        raise Invalid({"hue": [Message("Choose one of the colours: %(names)s.", names=list(record_fields.HUES))]})
    return hue
