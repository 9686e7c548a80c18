"""The figures of the funnel."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from crmhost.api import Status, Work, contacts_list, statuses

from .settings import steps

PERMISSION = "funnel.view"


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of the funnel.

    :param count: contacts that are at this step or at a later one.
    :param current: contacts that are at this step now.
    :param share: ``count`` as a share of the top (0 to 1); ``None`` while there is nobody at the top.
    :param conversion: ``count`` as a share of the step before; ``None`` for the top, and where nobody got to the step before.
    :param status_ids: the statuses that are counted: this step's and all later ones.
    """

    status: Status
    count: int
    current: int
    share: float | None
    conversion: float | None
    status_ids: tuple[int, ...]

    @property
    def further(self) -> int:
        """Contacts that are past this step."""
        return self.count - self.current


@dataclasses.dataclass(frozen=True)
class Funnel:
    """The funnel, from the top.

    :param left_out: statuses that are no step and hold contacts, with their number.
    :param unknown: names in the setting that no status has.
    """

    view: str
    steps: tuple[Step, ...]
    left_out: tuple[tuple[Status, int], ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def top(self) -> int:
        """Contacts in the funnel."""
        return self.steps[0].count if self.steps else 0

    @property
    def vacant(self) -> list[Step]:
        """Steps at which nobody is now."""
        return [step for step in self.steps if not step.current]


def backfilled(work: Work, filters: Mapping[str, str] | None = None) -> Funnel:
    """The funnel by the statuses that contacts have now: whoever is at a step has passed those above it.

    Without filters the numbers come from kept counters, so they cost the same whatever the number of contacts; a user who is
    limited to their own contacts, and filters, are counted exactly.

    :param filters: of the contact list, by name (``tag``, ``assigned_to`` …).
    :raises Invalid: when a filter is unknown.
    """
    work.require(PERMISSION)
    chosen, unknown = steps(work)
    counts = contacts_list.count_by_status(work, filters) if filters else statuses.counts(work)
    ids = {status.id for status in chosen}
    left_out = [
        (status, counts[status.id])
        for status in statuses.all_statuses(work)
        if status.id not in ids and counts.get(status.id)
    ]
    return Funnel("backfilled", tuple(add_up(chosen, counts)), tuple(left_out), tuple(unknown))


def add_up(chosen: Sequence[Status], counts: Mapping[int, int]) -> list[Step]:
    """The steps from the number of contacts at each status."""
    currents = [counts.get(status.id, 0) for status in chosen]
    totals = [sum(currents[place:]) for place in range(len(chosen))]
    return [
        Step(
            status,
            totals[place],
            currents[place],
            _share(totals[place], totals[0]),
            _share(totals[place], totals[place - 1]) if place else None,
            tuple(later.id for later in chosen[place:]),
        )
        for place, status in enumerate(chosen)
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
