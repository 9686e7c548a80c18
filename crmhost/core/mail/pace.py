"""How many mails an account may send: counted in the database, so that any number of workers keep one limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select

from ...db import upsert
from ...work.unit import Work
from .accounts import Account
from .models import MailDomainPace, MailPace

_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
#: Slots of a unit. The one that runs is counted whole, so a limit holds in every stretch of that length.
_SLOTS = 12


def take(work: Work, account: Account, number: int = 1) -> float:
    """Counts mails that are about to be sent, inside ``work.begin()``; the account is locked until its end.

    :returns: 0, or the seconds to wait when a limit is reached; then nothing was counted.
    """
    if not account.limits:
        return 0.0
    key = account.id or 0
    work.session.execute(upsert(work.session, MailPace).values(account=key, used={}).on_conflict_do_nothing())
    return _count(work, select(MailPace).where(MailPace.account == key), account.limits, number)


def take_domain(work: Work, domain: str, per_minute: int) -> float:
    """As :func:`take`, for the mails of all accounts to the addresses of one domain."""
    if not per_minute:
        return 0.0
    name = domain.lower()[:253]
    work.session.execute(upsert(work.session, MailDomainPace).values(domain=name, used={}).on_conflict_do_nothing())
    return _count(work, select(MailDomainPace).where(MailDomainPace.domain == name), {"minute": per_minute}, 1)


def _count(work: Work, wanted: Select[Any], limits: Mapping[str, int], number: int) -> float:
    row = work.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).one()
    now = work.now.timestamp()
    kept: dict[str, dict[str, int]] = {}
    waits = [0.0]
    for unit, limit in limits.items():
        length = _SECONDS[unit] / _SLOTS
        slot = int(now // length)
        slots = {int(name): used for name, used in row.used.get(unit, {}).items() if int(name) >= slot - _SLOTS}
        waits.append(_wait(slots, limit, number, now, length))
        kept[unit] = {str(name): used for name, used in (slots | {slot: slots.get(slot, 0) + number}).items()}
    if max(waits) > 0:
        return max(waits)
    row.used = kept
    work.session.flush()
    return 0.0


def seconds(account: Account, number: int) -> float:
    """How long an account takes for so many mails, by its limits alone."""
    return max((number * _SECONDS[unit] / limit for unit, limit in account.limits.items()), default=0.0)


def _wait(slots: dict[int, int], limit: int, number: int, now: float, length: float) -> float:
    """Seconds until enough of the slots lie behind."""
    over = sum(slots.values()) + min(number, limit) - limit
    for slot in sorted(slots):
        if over <= 0:
            break
        over -= slots[slot]
        if over <= 0:
            return max(1.0, math.ceil((slot + _SLOTS + 1) * length - now))
    return 0.0
