"""SQLite chooses indexes by what it saw of its tables when it was last told to look."""

from __future__ import annotations

from ... import statistics
from ...work.context import JobContext
from ...work.unit import Work


def needed(work: Work) -> bool:
    """Whether the site's database does not look by itself."""
    return work.session.get_bind().dialect.name == "sqlite"


def gather(job: JobContext) -> dict[str, int]:
    """Looks at all tables; gives of how many the statistics changed."""
    return {"tables": len(statistics.gather(job.work.session.get_bind().engine))}
