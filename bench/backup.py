"""Saving, restoring and copying a large site through the command line: rows a second, and the most memory that it takes."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

from . import sites
from .fill import fill
from .report import Report
from .sites import Place

#: Contacts of the large site; the small one has a tenth. Can be cut down by CRMHOST_BENCH_CONTACTS while developing.
LARGE = int(os.environ.get("CRMHOST_BENCH_CONTACTS", 200_000))
SMALL = LARGE // 10
#: Contacts that are made through the services before they are copied: what they say does not matter here.
SEEDS = 1_000
#: MiB that the large site may take more than the small one; SQLite maps that much of the file of a database into memory.
SLACK = 40
MAPPED = 256


@dataclasses.dataclass(frozen=True)
class Run:
    """A command that was run.

    :param seconds: with starting it.
    :param cpu: seconds of computing.
    :param peak: most memory that it held, in MiB.
    """

    seconds: float
    cpu: float
    peak: float
    output: str


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    with sites.places(databases=databases) as places:
        return sum(measure(place) for place in places)


def measure(place: Place) -> int:
    """The three commands at both sizes."""
    sites.set_up(place)
    small = round_trip(place, SMALL)
    large = round_trip(place, LARGE)
    report = Report(f"Backup of {SMALL:,} and {LARGE:,} contacts, {place.label}")
    for name, (rows, before) in small.items():
        more_rows, after = large[name]
        rate = more_rows / after.seconds
        report.figure(name, f"{rate:,.0f} rows/s ({after.seconds:.1f} s, cpu {after.cpu:.1f} s)", must=more_rows > rows)
        flat = after.peak <= before.peak + SLACK + MAPPED
        report.figure("  most memory", f"{before.peak:.0f} and {after.peak:.0f} MiB", must=flat)
    report.figure("size of the file", f"{(place.home / 'site.zip').stat().st_size / 1024**2:,.1f} MiB")
    return report.failed


def round_trip(place: Place, contacts: int) -> dict[str, tuple[int, Run]]:
    """Name -> (rows, run) of saving, restoring and copying a site of this size."""
    site = place.site()
    fill(site, contacts, SEEDS)
    site.close()
    file = place.home / "site.zip"
    saved = command(place, "backup", str(file), "--json")
    target = Place(place.label, place.home.with_name(f"{place.home.name}-restored-{contacts}"), "")
    target.home.mkdir()
    restored = command(target, "restore", str(file), "--json")
    copied = command(place, "db", "copy", f"sqlite:///{target.home}/copy.sqlite", "--json")
    rows = [json.loads(run.output)["rows"] for run in (saved, restored)]
    rows.append(sum(table["copy"] for table in json.loads(copied.output)["tables"].values()))
    names = ("backup", "restore into SQLite", "copy into SQLite")
    return dict(zip(names, zip(rows, (saved, restored, copied), strict=True), strict=True))


#: Runs a command and tells what it used. A process of its own, because a child counts the memory of whom it was forked from.
LAUNCHER = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run([sys.executable, "-m", "crmhost", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
peak = used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
print(json.dumps([done.returncode, time.perf_counter() - started, used.ru_utime + used.ru_stime, peak, done.stdout]))
"""


def command(place: Place, *arguments: str) -> Run:
    """Runs a command of the site."""
    launched = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *arguments],
        env=environment(place),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    status, seconds, cpu, peak, output = json.loads(launched.stdout)
    if status:
        raise RuntimeError(f"crmhost {' '.join(arguments)} ended with {status}")
    return Run(seconds, cpu, peak, output)


def environment(place: Place) -> dict[str, str]:
    """The environment of the command; without an address, the database lies in the home."""
    return {name: value for name, value in place.environment().items() if value}
