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
    for _ in range(warm_up):
        function()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        function()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def resident_kib() -> int:
    """Memory of this process that is in use, in KiB (Linux)."""
    with Path("/proc/self/status").open(encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
