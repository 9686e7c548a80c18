"""What is done for companies in the background."""

from __future__ import annotations

from typing import Any

from crmhost.api import JobContext, Plural

from . import mass


def empty_bin(job: JobContext) -> dict[str, Any]:
    """Erases companies whose days in the bin are over, some in each transaction."""
    gone = 0
    while True:
        job.check()
        with job.work.begin():
            number = mass.empty_bin(job.work)
        if not number:
            return {"message": Plural("%(num)s company was erased.", "%(num)s companies were erased.", gone)}
        gone += number
