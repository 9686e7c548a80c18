"""``bench``: the measurements of ``bench/``, which are part of a checkout."""

from __future__ import annotations

import importlib
import sys

import click

from ..config import checkout
from ..errors import CrmError

#: Measurement -> module.
NAMES = {
    name: f"bench.{name}"
    for name in (
        "backup",
        "campaigns",
        "contacts",
        "faults",
        "host",
        "objects",
        "pages",
        "portal",
        "sales",
        "segments",
        "sending",
        "sequences",
        "syncs",
        "uploads",
        "work",
    )
}


@click.command()
@click.argument("name", type=click.Choice(sorted(NAMES)), required=False)
@click.option("--database", type=click.Choice(["both", "sqlite", "postgresql"]), default="both", show_default=True)
def bench(name: str | None, database: str) -> None:
    """Measure; each figure is a ratio within one run, or compared with what it must keep to."""
    if not (checkout() / "bench").is_dir():
        raise CrmError("The measurements are part of a checkout of the project, not of an installed package.")
    sys.path.insert(0, str(checkout()))
    failed = sum(
        importlib.import_module(NAMES[chosen]).main(database) for chosen in ([name] if name else sorted(NAMES))
    )
    if failed:
        raise CrmError(f"{failed} figures that must hold do not.")


COMMANDS = (bench,)
