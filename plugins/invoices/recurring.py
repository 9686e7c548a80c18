"""Recurring invoices: copies that are made from time to time, each once."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from crmhost.api import Change, CrmError, Invalid, Message, NotFound, Stale, Work, keyset, notifications

from . import services
from .models import KIND, Invoice, Recurrence

UNITS: dict[str, str] = {"week": Message("weeks"), "month": Message("months"), "year": Message("years")}
MOST = 120
#: Copies made in one transaction.
BATCH = 20


def day_of(recurrence: Recurrence, number: int) -> dt.date:
    """The day of the so-many-th copy; the first has the number 0."""
    start, count = recurrence.starts_on, number * recurrence.every
    if recurrence.unit == "week":
        return start + dt.timedelta(weeks=count)
    months = start.month - 1 + count * (12 if recurrence.unit == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    return dt.date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def get(work: Work, recurrence_id: int, *, lock: bool = False) -> Recurrence:
    """A recurrence. :raises NotFound: when there is none, or the actor may not see its invoice."""
    wanted = select(Recurrence).where(Recurrence.id == (keyset.valid_id(recurrence_id) or 0))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: Recurrence | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("recurring invoice", recurrence_id)
    services.get(work, found.invoice_id)
    return found


def of(work: Work, invoice_id: int) -> Recurrence | None:
    """The recurrence of an invoice."""
    return work.session.scalar(select(Recurrence).where(Recurrence.invoice_id == invoice_id))


def set_up(work: Work, invoice_id: int, given: Mapping[str, Any], *, version: int | None = None) -> Recurrence:
    """Has an invoice copied from time to time, or changes how.

    :param given: ``every`` and ``unit`` (week, month, year), ``starts_on``, ``ends_on``, ``issue``, ``send``, ``active``.
    :raises Invalid: by field.
    """
    work.require("invoices.edit")
    invoice = services.get(work, invoice_id, lock=True)
    if invoice.is_credit:
        raise Invalid("A credit note does not recur.")
    current = of(work, invoice.id)
    if current is not None and version is not None and version != current.version:
        raise Stale("Somebody changed this meanwhile: look at their changes before you save yours.")
    values = _checked(work, given, current)
    if current is None:
        current = Recurrence(invoice_id=invoice.id, made=0, active=True, created_at=work.now, version=0)
    timing = ("starts_on", "every", "unit")
    moved = any(name in values and values[name] != getattr(current, name) for name in timing)
    for name, value in values.items():
        setattr(current, name, value)
    if moved:
        _restart(work, current)
    current.next_on = day_of(current, current.made)
    if current.ends_on and current.next_on > current.ends_on:
        current.active = False
    current.version += 1
    work.session.add(current)
    work.session.flush()
    after = {name: str(getattr(current, name)) for name in (*values, "next_on")}
    work.audit("invoice.recurrence_set", KIND, invoice.id, after=after)
    work.changed(Change("invoice.recurrence_set", KIND, invoice.id, {}, {}), event=False)
    return current


def _restart(work: Work, recurrence: Recurrence) -> None:
    """Counts on from the first day that is not past and has no copy yet."""
    made = select(func.max(Invoice.recurrence_date)).where(Invoice.recurrence_id == recurrence.id)
    last = work.session.scalar(made)
    recurrence.made = 0
    while (day := day_of(recurrence, recurrence.made)) < work.today or (last is not None and day <= last):
        recurrence.made += 1


def _checked(work: Work, given: Mapping[str, Any], current: Recurrence | None) -> dict[str, Any]:
    wrong: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    if "every" in given or current is None:
        number = keyset.valid_id(given.get("every", 1))
        if number is None or number > MOST:
            wrong["every"] = [Message("Give a whole number between 1 and %(most)s.", most=MOST)]
        values["every"] = number
    if "unit" in given or current is None:
        values["unit"] = given.get("unit") or "month"
        if values["unit"] not in UNITS:
            wrong["unit"] = ["Choose weeks, months or years."]
    for name in ("starts_on", "ends_on"):
        if name in given:
            day = given[name]
            try:
                values[name] = dt.date.fromisoformat(day) if isinstance(day, str) and day else day or None
            except ValueError:
                wrong[name] = ["Give a date such as 2026-03-31."]
    if current is None and not values.get("starts_on"):
        values["starts_on"] = work.today
    if values.get("starts_on", 0) is None:
        del values["starts_on"]
    start = values.get("starts_on") or (current.starts_on if current else None)
    if not wrong and values.get("ends_on") and start and values["ends_on"] < start:
        wrong["ends_on"] = ["The end can't be before the start."]
    for name in ("issue", "send", "active"):
        if name in given:
            values[name] = bool(given[name])
    if values.get("send"):
        values["issue"] = True
        if not work.can("invoices.send"):
            wrong["send"] = ["You may not send invoices. Ask an admin for it, or have them only written."]
    if wrong:
        raise Invalid(wrong)
    return values


def due(work: Work, limit: int = BATCH) -> list[int]:
    """Ids of recurrences that have something to make today."""
    wanted = select(Recurrence.id).where(Recurrence.active.is_(True), Recurrence.next_on <= work.today)
    return list(work.session.scalars(wanted.order_by(Recurrence.next_on, Recurrence.id).limit(limit)))


def make(work: Work, recurrence_id: int) -> Invoice | None:
    """Makes the next copy of one, in the transaction that counts it: however often it is called, each copy is made once.

    What can't be made, such as that of a deleted customer, pauses the recurrence and tells those who write invoices.
    """
    recurrence = get(work, recurrence_id, lock=True)
    if not recurrence.active or recurrence.next_on > work.today:
        return None
    day, number = recurrence.next_on, recurrence.made
    columns = {"recurrence_id": recurrence.id, "recurrence_date": day}
    try:
        with work.part():
            made = services.duplicate(work, recurrence.invoice_id, source="recurring", **columns)
            if recurrence.issue:
                services.issue(work, made.id)
    except CrmError as error:
        _pause(work, recurrence, error)
        return None
    recurrence.made = number + 1
    recurrence.next_on = day_of(recurrence, recurrence.made)
    if recurrence.ends_on and recurrence.next_on > recurrence.ends_on:
        recurrence.active = False
    work.tell("invoice.recurred", [made.id])
    if recurrence.send:
        work.enqueue("invoices.send", dedupe=f"recurring:{made.id}", invoice_id=made.id)
    return made


def _pause(work: Work, recurrence: Recurrence, error: CrmError) -> None:
    recurrence.active = False
    recurrence.version += 1
    work.audit("invoice.recurrence_paused", KIND, recurrence.invoice_id, after={"why": str(error)})
    notifications.tell(
        work,
        notifications.who_may(work, "invoices.edit"),
        "A recurring invoice could not be made and is paused: %(why)s",
        url=f"/invoices/{recurrence.invoice_id}",
        kind="invoices.paused",
        data={"why": str(error)},
    )
