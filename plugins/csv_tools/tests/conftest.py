"""Importing a file in a test, as the pages and the command line do."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmhost.testing import Host
from plugins.csv_tools import batches, importing, proposing
from plugins.csv_tools.mapping import check, with_choices
from plugins.csv_tools.models import Run

#: Real data beside the checkout, for tests marked ``shared``.
CSV_DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "csv"


@dataclasses.dataclass
class Imported:
    """What an import gave; ``refused`` and ``remarks`` are sentences by row number."""

    run: Run
    refused: dict[int, str]
    remarks: dict[int, str]

    @property
    def figures(self) -> tuple[int, int, int, int]:
        """Added, updated, skipped, refused."""
        return self.run.added, self.run.updated, self.run.skipped, self.run.refused


Bring = Callable[..., Imported]


@pytest.fixture
def bring() -> Bring:
    """Imports contacts from text, bytes or a file into a host."""

    def run(
        host: Host,
        data: str | bytes | Path,
        *choices: str,
        match_by: str = "",
        mode: str = "update",
        role: str = "",
        kind: str = "contacts",
    ) -> Imported:
        raw = data.read_bytes() if isinstance(data, Path) else data.encode() if isinstance(data, str) else data

        def source() -> Any:
            return io.BytesIO(raw)

        with host.work(role) as work:
            fields = importing.importer_of(work, kind).fields(work)
            proposal = proposing.propose(work, kind, source)
            mapping = with_choices(proposal.mapping, proposal.columns, choices, fields)
            check(mapping, fields)
            with work.begin():
                made = importing.create(work, kind, "people.csv", kept=False)
                proposing.settle(work, made, proposal, mapping=mapping, match_by=match_by, mode=mode)
                importing.start(work, made)
            done = batches.proceed(work.begin, made, source)
            rows = list(importing.all_remarks(work, done))
            told = {
                outcome: {row.number: " ".join(row.reasons) for row in rows if (row.outcome == "refused") == outcome}
                for outcome in (True, False)
            }
            return Imported(importing.get(work, done.id), told[True], told[False])

    return run
