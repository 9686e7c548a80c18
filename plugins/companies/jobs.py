"""What is done for companies in the background."""

from __future__ import annotations

from typing import Any

from crmhost.api import JobContext, Plural

from . import mass


def empty_bin(job: JobContext) -> dict[str, Any]:
    """Erases companies whose days in the bin are over, some in each transaction."""
    gone = job.some_at_a_time(mass.empty_bin)
    return {"message": Plural("%(num)s company was erased.", "%(num)s companies were erased.", gone)}
