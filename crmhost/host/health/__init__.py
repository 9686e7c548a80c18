"""Is the installation well? The checks behind ``crmhost doctor`` and the Health page, with what to do about each.

Nothing is written. A check that can't be made says so as a finding of its own; :func:`examine` never raises.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ...messages import Message
from ..generation import Generation
from . import database, machine, running
from .finding import Finding, Level, Look, NoGeneration

if TYPE_CHECKING:
    from ...site import Site

__all__ = ["Finding", "Level", "examine", "worst"]

log = logging.getLogger("crmhost.health")

_Check = Callable[[Look], Iterable[Finding]]


def examine(site: Site, generation: Generation | None = None) -> list[Finding]:
    """Makes all checks, those of plugins last.

    :param generation: the one in force here; by default the process's own.
    """
    look = Look(site, generation)
    found = [finding for check in _ALONE for finding in _guarded(look, *check)]
    if not any(finding.id == "database" and finding.level == "error" for finding in found):
        found += [finding for check in _WITH_DATABASE for finding in _guarded(look, *check)]
    return found


def worst(findings: Iterable[Finding]) -> Level:
    """The highest level among them."""
    levels = {finding.level for finding in findings}
    return "error" if "error" in levels else "warning" if "warning" in levels else "ok"


def _guarded(look: Look, id_: str, name: str, check: _Check) -> list[Finding]:
    try:
        return list(check(look))
    except NoGeneration:
        return []
    except Exception as error:
        log.warning("the check %s failed", id_, exc_info=True)
        problem = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return [
            Finding(
                id_,
                name,
                "error",
                Message("This could not be looked at: %(problem)s", problem=problem),
                "Look into the log.",
            )
        ]


_ALONE: tuple[tuple[str, str, _Check], ...] = (
    ("home", "Home", machine.home),
    ("space", "Disk space", machine.space),
    ("key", "Secret key", machine.key),
    ("address", "Public address", machine.address),
    ("database", "Database", database.reachable),
)
_WITH_DATABASE: tuple[tuple[str, str, _Check], ...] = (
    ("schema", "Tables", database.schema),
    ("statistics", "Statistics of tables", database.statistics),
    ("secrets", "Stored secrets", database.secrets),
    ("clock", "Clock", database.clock),
    ("plugins", "Extensions", running.plugins),
    ("faults", "Failures of extensions", running.faults),
    ("processes", "Processes", running.processes),
    ("queue", "Background work", running.queue),
    ("plugins-checks", "Checks of extensions", running.of_plugins),
)
