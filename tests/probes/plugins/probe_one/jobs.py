"""Background work of probe one."""

from __future__ import annotations

from typing import Any

from crmhost.api import Event, Work

from . import services


def recount(context: Any) -> None:
    """Makes the roll-up anew."""
    with context.work.begin():
        services.rebuild(context.work)


def on_contact_created(work: Work, event: Event) -> None:
    """Remembers that contacts were added."""
    with work.begin():
        services.hear(work, event)
