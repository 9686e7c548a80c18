"""A backup that is restored holds what the site held, on both databases and across them."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from crmhost.core.contacts import search
from crmhost.core.contacts import services as contacts
from crmhost.core.files import services as files
from crmhost.core.settings import services as settings
from crmhost.errors import CrmError
from crmhost.host import backup, lifecycle
from crmhost.site import Site
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry, JobRow

from .conftest import FOLDERS, KINDS, put, rows, table


def test_everything_comes_back(
    full: Host, empty: Callable[[str], str], other: Callable[..., Site], tmp_path: Path
) -> None:
    """Every row of the core and of plugins, those that are off too, is the same on either database; nothing is derived twice."""
    kept, gone = (_file(full, content) for content in (b"the bytes of a picture", b"gone"))
    full.site.storage.delete([gone])
    _forget_a_row(full)
    _hold_a_job(full)
    saved = backup.save(full.site, tmp_path / "site.zip")
    before = rows(full.site.engine)
    assert (saved.lost_files, saved.left_out) == (1, ())
    for kind in KINDS:
        site = other(empty(kind))
        done = backup.restore(site, saved.path)
        assert rows(site.engine) == before
        assert sum(done.counts.values()) == saved.manifest.rows
        assert (done.files, done.lost_files, done.to_enter, done.suspended) == (1, 1, (), {})
        with site.storage.get(kept) as stream:
            assert stream.read() == b"the bytes of a picture"
        _works_as_before(site, len(before["contacts_contact"]))
        _derives_as_before(site)


def _file(site: Host, content: bytes) -> str:
    with site.work() as work:
        staged = files.stage(work, content, name="a.png", owner="probe_one")
        with work.begin():
            return files.store(work, staged).key


def _forget_a_row(site: Host) -> None:
    """Gives the number 5 to a row and takes the row away, as erasing does."""
    put(site.site.engine, "gamut_value", [{"id": 5}])
    with site.site.engine.begin() as connection:
        connection.execute(text("DELETE FROM gamut_value WHERE id = 5"))
        connection.execute(text("UPDATE gamut_tally SET added = 2"))
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT setval('gamut_value_id_seq', 5)"))


def _hold_a_job(site: Host) -> None:
    """Leaves what a running site has: a session, a heartbeat, a job that runs and another that waits for the same."""
    assert site.client().get("/").status_code == 200
    with site.work() as work, work.begin():
        for job in work.session.scalars(select(JobRow)):
            job.state, job.worker = "running", "worker 1"
        work.session.flush()
        work.enqueue("probe_one.count", dedupe="one")
        now = work.now
    beat = {"id": "elsewhere:1:web", "kind": "web", "generation": 1, "oldest": 1, "failed": {}, "restart_needed": []}
    put(site.site.engine, "host_process", [{**beat, "since": now, "seen_at": now}])


def _works_as_before(site: Site, contacts_before: int) -> None:
    """Search, secrets, ids and the audit log; what processes held is let go."""
    with site.work() as work:
        assert search.find(work, "contact", "zoë") != []
        assert work.settings.get("probe_one.key") == "a secret"
        assert work.session.scalar(select(AuditEntry.action).where(AuditEntry.action == "site.restored"))
        with work.begin():
            assert contacts.create(work, {"first_name": "Next"}).id > contacts_before
    with site.engine.connect() as connection:
        jobs = connection.execute(select(table(site.engine, "work_job"))).all()
        assert [(job.state, job.worker) for job in jobs] == [("due", None)] * 2
        for name in ("users_session", "host_process"):
            assert connection.execute(select(table(site.engine, name))).all() == []


def _derives_as_before(site: Site) -> None:
    """Triggers did not run while rows were loaded, and run again; computed columns, constraints and numbers go on."""
    with site.engine.connect() as connection:
        assert connection.scalar(text("SELECT added FROM gamut_tally")) == 2
        assert connection.scalars(text("SELECT twice FROM gamut_value ORDER BY id")).all() == [2, 4]
    put(site.engine, "gamut_value", [{"line": "three"}])
    with site.engine.connect() as connection:
        assert connection.scalar(text("SELECT added FROM gamut_tally")) == 3
        assert connection.scalar(text("SELECT max(id) FROM gamut_value")) == 6
    for wrong in ({"line": "one"}, {"parent_id": 99}):
        with pytest.raises(IntegrityError):
            put(site.engine, "gamut_value", [wrong])


@pytest.mark.database("sqlite")
def test_tables_of_an_older_version_are_brought_up_to_date(
    host: Callable[..., Host], empty: Callable[[str], str], other: Callable[..., Site], tmp_path: Path, database: str
) -> None:
    """The rows go into the tables that they came from; then the plugin's newer migrations run on them."""
    old = tmp_path / "old" / "plugins"
    shutil.copytree(FOLDERS[1][1] / "gamut", old / "gamut")
    (old / "gamut" / "migrations" / "versions" / "0002_remark.py").unlink()
    made = host("gamut", plugin_folders=(("home", old),))
    put(made.site.engine, "gamut_value", [{"id": 1}, {"id": 2}, {"id": 3}])
    path = backup.save(made.site, tmp_path / "site.zip").path
    site = other(empty(database))
    backup.restore(site, path)
    with site.engine.connect() as connection:
        assert connection.execute(text("SELECT added, remark FROM gamut_tally")).all() == [(3, "from 3")]


@pytest.mark.database("sqlite")
def test_a_plugin_that_is_not_here_is_named(
    full: Host, empty: Callable[[str], str], other: Callable[..., Site], tmp_path: Path, database: str
) -> None:
    """Its tables can't be made, so restoring is refused, unless it is left out; the rest is there then."""
    path = backup.save(full.site, tmp_path / "site.zip").path
    site = other(empty(database), plugin_folders=FOLDERS[:1])
    with pytest.raises(CrmError, match=r"“gamut”, which is not here.*--without-missing"):
        backup.restore(site, path)
    assert not site.ready
    done = backup.restore(site, path, without_missing=True)
    assert done.left_out == ("gamut",)
    assert "gamut_value" not in done.counts
    assert {name: found for name, found in rows(full.site.engine).items() if not name.startswith("gamut")} == rows(
        site.engine
    )


def test_only_an_empty_site_is_restored_into(full: Host, tmp_path: Path) -> None:
    """What is there stands, unless it is to be replaced; then only the backup's rows are there."""
    path = backup.save(full.site, tmp_path / "site.zip").path
    before = rows(full.site.engine)
    full.make.contact(first_name="Later")
    lifecycle.enable(full.site, ["probe_two"], try_first=False)
    with pytest.raises(CrmError, match="The database is not empty"):
        backup.restore(full.site, path)
    assert len(rows(full.site.engine)["contacts_contact"]) == len(before["contacts_contact"]) + 1
    backup.restore(full.site, path, replace=True)
    assert rows(full.site.engine) == before


@pytest.mark.database("sqlite")
def test_the_secret_key_comes_only_when_asked_for(
    full: Host, empty: Callable[[str], str], other: Callable[..., Site], tmp_path: Path, database: str
) -> None:
    """Without it the secrets to enter again are named; with it they can be read. Either file is closed to others."""
    key = full.site.config.secret_key
    with full.work() as work:
        sealed = settings.seal(work, "a secret too", "gamut.secret")
    put(full.site.engine, "gamut_value", [{"secret": sealed}, {"secret": "$argon2id$v=19$m=65536"}])
    without = backup.save(full.site, tmp_path / "without.zip").path
    with_key = backup.save(full.site, tmp_path / "with.zip", with_key=True).path
    for path in (without, with_key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with zipfile.ZipFile(path) as archive:
            held = any(key.encode() in archive.read(name) for name in archive.namelist())
        assert held is (path == with_key)
    new = "another-key-0123456789abcdefghijk"
    site = other(empty(database), secret_key=new)
    assert backup.restore(site, without).to_enter == ("probe_one.key", "gamut_value.secret (1)")
    site = other(empty(database), secret_key=new)
    (site.config.home / "secret_key").write_text(new)
    done = backup.restore(site, with_key)
    assert (done.to_enter, done.key_restored) == ((), True)
    assert (site.config.home / "secret_key").read_text() == key
    with site.work() as work:
        assert work.settings.get("probe_one.key") == "a secret"
