"""How measurements are shown and judged."""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path


@dataclasses.dataclass
class Report:
    """Lines of figures; a figure that must hold and does not makes the run fail.

    :param title: what was measured.
    """

    title: str
    failed: int = 0

    def __post_init__(self) -> None:
        print(f"\n{self.title}", flush=True)

    def figure(self, name: str, value: str, *, must: bool | None = None, aim: bool | None = None) -> None:
        """Shows a figure; ``must`` or ``aim`` says whether what is asked of it holds."""
        mark = (
            ""
            if must is None and aim is None
            else "ok"
            if (must if aim is None else aim)
            else "MISSED"
            if aim is None
            else "below aim"
        )
        if must is False:
            self.failed += 1
        print(f"  {name:<62} {value:<34} {mark}", flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def median_ms(function: Callable[[], object], runs: int = 25, warm_up: int = 3) -> float:
    """Median of the wall time of a call, in milliseconds."""
    return medians_ms(function, runs=runs, warm_up=warm_up)[0]


def medians_ms(*functions: Callable[[], object], runs: int = 25, warm_up: int = 3) -> list[float]:
    """Median of the wall time of each call, called in turn, so that a machine that slows down slows all of them."""
    times: list[list[float]] = [[] for _ in functions]
    for run in range(warm_up + runs):
        for function, mine in zip(functions, times, strict=True):
            started = time.perf_counter()
            function()
            if run >= warm_up:
                mine.append((time.perf_counter() - started) * 1000)
    return [statistics.median(mine) for mine in times]


def resident_kib(what: str = "VmRSS") -> int:
    """Memory of this process that is in use, in KiB (Linux).

    :param what: ``RssAnon`` leaves out what of files the system keeps at hand, such as of an SQLite database.
    """
    with Path("/proc/self/status").open(encoding="ascii") as status:
        for line in status:
            if line.startswith(f"{what}:"):
                return int(line.split()[1])
    return 0
