"""Backups of a site that goes on working, and what a kill in the middle leaves."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy import table as named

from crmhost.config import checkout
from crmhost.errors import CrmError
from crmhost.host import backup
from crmhost.site import Site
from crmhost.testing import Host

#: A process that begins to save or restore, says so when it comes to a part of the work, and waits.
WAITING = """
import sys
from pathlib import Path
from crmhost.host import backup
from crmhost.site import Site
from crmhost.testing_sites import make_config

what, label, home, url, path = sys.argv[1:]

class Wait:
    def start(self, name, total):
        self.here = name == label

    def advance(self, steps):
        if self.here:
            print("here", flush=True)
            sys.stdin.read()

site = Site(make_config(Path(home), url), kind="cli")
getattr(backup, what)(site, Path(path), progress=Wait())
"""


class Writing:
    """Progress that lets a writer add a contact after each batch that is read."""

    def __init__(self, write: Callable[[], object]) -> None:
        self._write = write
        self.count = 0

    def start(self, label: str, total: int) -> None:
        """Nothing."""

    def advance(self, steps: int) -> None:
        """From a thread of its own, as another process would."""
        thread = threading.Thread(target=self._write)
        thread.start()
        thread.join()
        self.count += 1


def kill_in_the_middle(what: str, label: str, site: Site, path: Path) -> None:
    """Begins to save or restore in another process and kills it when it comes to this part."""
    url = site.config.database_url
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, what, label, str(site.config.home), url, str(path)],
        cwd=checkout(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.kill()


def test_a_backup_is_of_one_moment(
    host: Callable[..., Host], empty: Callable[[str], str], other: Callable[..., Site], tmp_path: Path, database: str
) -> None:
    """Contacts that are added while it is written are in it with all that belongs to them, or not at all."""
    made = host()
    for _ in range(3):
        made.make.contact()
    writing = Writing(made.make.contact)
    saved = backup.save(made.site, tmp_path / "site.zip", progress=writing)
    assert writing.count > 5
    site = other(empty(database))
    backup.restore(site, saved.path)
    with site.engine.connect() as connection:
        names = ("contacts_contact", "contacts_email", "search_document")
        assert [connection.scalar(select(func.count()).select_from(named(name))) for name in names] == [3, 3, 3]


def test_a_kill_leaves_nothing_half(
    host: Callable[..., Host], empty: Callable[[str], str], other: Callable[..., Site], tmp_path: Path, database: str
) -> None:
    """No backup under its name, no table in the database; the next try finds nothing in its way."""
    made = host()
    made.make.contact()
    path = tmp_path / "site.zip"
    kill_in_the_middle("save", "Tables", made.site, path)
    assert not path.exists()
    backup.save(made.site, path)
    assert [item.name for item in tmp_path.glob("site.zip*")] == ["site.zip"]
    site = other(empty(database))
    kill_in_the_middle("restore", "Loading", site, path)
    assert not site.ready
    assert backup.restore(site, path).counts["contacts_contact"] == 1


@pytest.mark.database("sqlite")
def test_two_don_t_write_one_file(host: Callable[..., Host], tmp_path: Path) -> None:
    """The second hears of the first; the file that was there stands until a new one is complete."""
    made = host()
    path = tmp_path / "site.zip"
    before = backup.save(made.site, path).path.read_bytes()

    class Twice(backup.Unseen):
        def advance(self, steps: int) -> None:
            with pytest.raises(CrmError, match="Another backup is writing"):
                backup.save(made.site, path)
            assert path.read_bytes() == before

    made.make.contact()
    backup.save(made.site, path, progress=Twice())
    assert path.read_bytes() != before


@pytest.mark.database("sqlite")
def test_a_full_disk_is_told(host: Callable[..., Host], tmp_path: Path) -> None:
    """In one sentence, and what was written is taken away; the backup that was there stands."""
    made = host()
    path = backup.save(made.site, tmp_path / "site.zip").path
    before = path.read_bytes()
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Files may grow to a kilobyte, which to a program looks as a full disk does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, allowed[1]))
    try:
        with pytest.raises(CrmError, match=r"site\.zip can't be written: File too large"):
            backup.save(made.site, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.glob("site.zip*")] == ["site.zip"]
