"""Changes with events and jobs, and the traces that those leave."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from crmhost.api import Change, Work

from .models import Effect, Told


def tell(work: Work, number: int, data: dict[str, str] | None = None) -> int:
    """Makes a change that is told as an event and wants a job, once for each number; gives the change's id."""
    known = work.session.scalar(select(Told.id).where(Told.number == number))
    if known is not None:
        return known
    told = Told(number=number)
    work.session.add(told)
    work.session.flush()
    work.changed(Change("errand.told", "errand", told.id, after={"number": number}), event=False)
    work.tell("errand.told", [told.id], data)
    work.enqueue("errand.do", key=f"errand:{told.id}")
    return told.id


def receive(work: Work, key: str, _headers: Mapping[str, str], _body: bytes) -> tuple[int, dict[str, int]]:
    """Makes the change with the number in the address; sent again, it answers the same."""
    with work.begin():
        return 200, {"id": tell(work, int(key))}


def effect(work: Work, key: str, note: str = "") -> bool:
    """Leaves a trace, once for each key; says whether it was the first."""
    if work.session.scalar(select(Effect.id).where(Effect.key == key)) is not None:
        return False
    work.session.add(Effect(key=key, note=note))
    work.session.flush()
    return True


def effects(work: Work) -> list[str]:
    """Keys of all traces, in order."""
    return list(work.session.scalars(select(Effect.key).order_by(Effect.id)))
