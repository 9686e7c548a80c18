"""People: what the portal holds on them beyond the columns that the manifest names. All of it goes with the contact."""

from __future__ import annotations

from typing import Any

from crmhost.api import Work

from . import accounts, sessions


def told_of(work: Work, contact_id: int) -> Any:
    """The access of a person and their last visits, as JSON; no passwords, no tokens."""
    account = accounts.of(work, contact_id)
    if account is None:
        return None
    return {
        "access": account.enabled,
        "since": account.created_at.isoformat(),
        "last_there": account.last_at.isoformat() if account.last_at is not None else None,
        "language": account.locale,
        "visits": [
            {"at": visit.created_at.isoformat(), "address": visit.address, "browser": visit.agent, "way": visit.way}
            for visit in sessions.visits(work, account.id, sessions.MOST)
        ],
    }
