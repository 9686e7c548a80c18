"""Hooks of probe one, for other plugins; one of each kind that a plugin may declare."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from crmhost.api import Box, Contribution, Tab, Vital, Work
from crmhost.hooks import hookspec


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuestPage(Contribution):
    """A page for guests."""

    id: str
    blueprint: Any


@hookspec("filter")
def probe_one_points(value: int, work: Work, contact_id: int) -> int:
    """The points about to be given to a contact."""
    return value


@hookspec("guard")
def probe_one_before_score(work: Work, contact_id: int, points: int) -> None:
    """Raise :class:`crmhost.api.Vetoed` to refuse a score."""


@hookspec("action")
def probe_one_scored(work: Work, score_id: int) -> None:
    """A score was stored, inside its transaction."""


@hookspec("collect")
def probe_one_remarks(work: Work, contact_id: int) -> Any:
    """A sentence on a contact, for the box on its page."""


@hookspec("first")
def probe_one_grade(work: Work, points: int) -> str | None:
    """What to call a number of points."""


@hookspec("declare")
def probe_one_sources() -> list[str]:
    """Names of further sources of scores."""
    return []


@hookspec("declare", gives=GuestPage)
def probe_one_guest_pages() -> Sequence[GuestPage]:
    """Pages for guests, below the address of probe one."""
    return []


@hookspec("declare", gives=Vital)
def probe_one_score_vitals() -> Sequence[Vital]:
    """Figures of a score's page."""
    return []


@hookspec("declare", gives=Box)
def probe_one_score_boxes() -> Sequence[Box]:
    """Boxes of a score's page."""
    return []


@hookspec("declare", gives=Tab)
def probe_one_score_tabs() -> Sequence[Tab]:
    """Tabs of a score's page."""
    return []
