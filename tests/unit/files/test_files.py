"""Files as plugins keep them: two steps in, rules, deleting, sweeping."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from crmhost.api import File, audit, files
from crmhost.core.contacts import services as contacts
from crmhost.errors import Conflict, CrmError, Invalid, NotFound
from crmhost.host import uninstall
from crmhost.testing import Clock, Host
from crmhost.work.unit import Work

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)

#: A plugin whose files only those may open who may see its records, and that lets only admins bring and delete them.
SHELF = """
from crmhost.hooks import hookimpl


class Plugin:
    @hookimpl
    def file_access(self, work, file, action):
        if "broken" in file.name:
            raise RuntimeError("no shelf")
        if "mute" in file.name:
            return None
        return work.can("contacts.view") if action == "open" else work.can("shelf.move")

    @hookimpl
    def permissions(self):
        return [{"name": "shelf.move", "label": "Move files"}]
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder with that plugin."""
    folder = tmp_path / "plugins" / "shelf"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text('id = "shelf"\nname = "Shelf"\nversion = "1.0.0"\napi = ">=1,<2"\n')
    (folder / "__init__.py").write_text(SHELF)
    return folder.parent


def keep(host: Host, content: bytes = b"hello", name: str = "note.txt", *, role: str = "", **more: object) -> int:
    """A file of a plugin that leaves it to the host who may open it, or of another; its number."""
    with host.work(role) as work:
        staged = files.stage(work, content, name=name, **{"owner": "statuses", **more})  # type: ignore[arg-type]
        with work.begin():
            return files.store(work, staged).id


def objects(host: Host) -> list[str]:
    return [item.key for item in host.site.storage.list()]


def rows(host: Host) -> int:
    with host.work() as work:
        return int(work.session.query(File).count())


def test_a_file_is_kept_and_deleted(host: Callable[..., Host]) -> None:
    """Size, digest and type come from the bytes; deleting removes row and object, once it is committed."""
    made = host()
    number = keep(made, PNG, "../me.png", media_type="text/html")
    with made.work() as work:
        file = files.get(work, number)
        assert (file.name, file.size, file.media_type, file.owner) == ("me.png", len(PNG), "image/png", "statuses")
        assert file.sha256 == hashlib.sha256(PNG).hexdigest()
        with files.open(work, number) as stream:
            assert stream.read() == PNG
        take_back(work, lambda: files.delete(work, number))
        made.run_jobs()
        assert len(objects(made)) == 1
        with work.begin():
            files.delete(work, number, 999_999_999_999)
        with pytest.raises(NotFound):
            files.get(work, number)
    assert len(objects(made)) == 1
    made.run_jobs()
    assert objects(made) == []
    assert [job.state for job in made.jobs("storage.remove")] == ["done"]


def test_files_never_get_the_number_of_a_deleted_one(host: Callable[..., Host]) -> None:
    """A link to a deleted file leads nowhere, not to another file."""
    made = host()
    first = keep(made)
    with made.work() as work, work.begin():
        files.delete(work, first)
    assert keep(made) > first


def take_back(work: Work, change: Callable[[], object]) -> None:
    """Makes a change in a transaction that fails afterwards."""

    def fail() -> None:
        with work.begin():
            change()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_what_is_staged_and_never_kept_is_swept_a_day_later(host: Callable[..., Host], clock: Clock) -> None:
    """A transaction that fails after the bytes were stored leaves an object; the sweep takes it, and nothing else."""
    made = host()
    clock.freeze()
    number = keep(made)
    with made.work() as work:
        staged = files.stage(work, b"lost", name="lost.txt", owner="contacts")
        take_back(work, lambda: files.store(work, staged))
    assert len(objects(made)) == 2
    sweep(made)
    assert len(objects(made)) == 2
    clock.move(hours=25)
    with made.work() as work, pytest.raises(Conflict, match="took too long"), work.begin():
        files.store(work, staged)
    sweep(made)
    with made.work() as work:
        assert objects(made) == [files.get(work, number).key]
        with files.open(work, number) as stream:
            assert stream.read() == b"hello"


KILLED = """
import os, sys
from pathlib import Path
from crmhost.core.files import services as files
from crmhost.site import Site
from crmhost.testing_sites import make_config

site = Site(make_config(Path(sys.argv[1]), sys.argv[2]), kind="cli")
with site.work() as work:
    staged = files.stage(work, b"lost", name="lost.txt", owner="contacts")
    with work.begin():
        files.store(work, staged)
        os._exit(9)
"""


def test_a_process_that_is_killed_leaves_only_what_the_sweep_takes(host: Callable[..., Host], clock: Clock) -> None:
    """Killed between storing the bytes and the commit: no row, one object, gone a day later."""
    made = host()
    config = made.site.config
    clock.freeze()
    done = subprocess.run([sys.executable, "-c", KILLED, str(config.home), config.database_url], check=False)
    assert done.returncode == 9
    assert (rows(made), len(objects(made))) == (0, 1)
    clock.move(hours=25)
    sweep(made)
    assert objects(made) == []


def sweep(host: Host) -> None:
    with host.work() as work, work.begin():
        work.enqueue("storage.sweep")
    host.run_jobs()
    assert {job.state for job in host.jobs("storage.sweep")} == {"done"}


def test_the_sweep_runs_by_the_clock(host: Callable[..., Host]) -> None:
    """It is started every night."""
    schedules = host().generation.contributions("schedules")
    assert [item.cron for item in schedules if item.kind == "storage.sweep"] == ["40 3 * * *"]


def test_large_files_are_refused_and_not_kept(host: Callable[..., Host]) -> None:
    """The setting limits them unless the caller says otherwise, and what was sent so far is dropped."""
    made = host()
    with made.work("Admin") as work:
        with pytest.raises(Invalid, match="at most 60 MB"):
            files.stage(work, (bytes(1024 * 1024) for _ in range(70)), name="big", owner="contacts")
        with pytest.raises(Invalid, match="at most 5 bytes"):
            files.stage(work, io.BytesIO(b"123456"), name="big", owner="contacts", largest=5)
    assert objects(made) == []
    assert made.cli("settings", "set", "storage.max_size_mb", "1").exit_code == 0
    assert made.cli("settings", "set", "storage.max_size_mb", "0").exit_code == 1
    with made.work("Admin") as work, pytest.raises(Invalid, match="at most 1 MB"):
        files.stage(work, bytes(1024 * 1024 + 1), name="big", owner="contacts")
    with made.work("Admin") as work:
        assert files.stage(work, bytes(1024 * 1024), name="fits", owner="contacts").size == 1024 * 1024


def test_nothing_goes_over_a_network_inside_a_transaction(host: Callable[..., Host]) -> None:
    """Staging and opening are refused there, whatever the storage."""
    made = host()
    number = keep(made)
    with made.work() as work, work.begin():
        for call in (lambda: files.stage(work, b"x", name="x", owner="contacts"), lambda: files.open(work, number)):
            with pytest.raises(RuntimeError, match="inside a transaction"):
                call()
    with made.work() as work, pytest.raises(ValueError, match="no plugin"):
        files.stage(work, b"x", name="x", owner="nobody")


def test_the_owner_says_who_may(host: Callable[..., Host], shelf: Path) -> None:
    """The rule of the plugin that owns a file is asked for opening, adding and deleting, and nobody else's."""
    made = host("shelf", home_plugins=shelf)
    number = keep(made, owner="shelf", role="Admin")
    before = len(objects(made))
    with made.work("Read only") as work:
        with files.open(work, number) as stream:
            assert stream.read() == b"hello"
        staged = files.stage(work, b"x", name="x", owner="shelf")
        for change in (lambda: files.delete(work, number), lambda: files.store(work, staged)):
            with pytest.raises(CrmError) as caught, work.begin():
                change()
            assert caught.value.status == 403
    assert (rows(made), len(objects(made))) == (1, before + 1)
    with made.work("Admin") as work, work.begin():
        files.delete(work, number)
    assert rows(made) == 0


def test_without_a_rule_only_who_brought_it(host: Callable[..., Host], shelf: Path) -> None:
    """An owner that says nothing leaves a file to its uploader; one that fails or is off leaves it to nobody."""
    made = host("shelf", home_plugins=shelf)
    mute, broken = (keep(made, name=name, owner="shelf", role="Admin") for name in ("mute.txt", "mute2.txt"))
    with made.site.engine.begin() as connection:
        connection.execute(text("UPDATE files_file SET name = 'broken' WHERE id = :id"), {"id": broken})
    with made.work("Admin") as work:
        assert files.get(work, mute).name == "mute.txt"
        with pytest.raises(NotFound):
            files.get(work, broken)
    assert [fault.plugin for fault in made.faults()] == ["shelf"]
    with made.work("CRM manager") as work, pytest.raises(NotFound):
        files.get(work, mute)
    made.disable("shelf")
    with made.work("Admin") as work, pytest.raises(NotFound):
        files.get(work, mute)


def test_files_about_a_person_follow_the_person(host: Callable[..., Host], shelf: Path) -> None:
    """Who may not see the contact may not open its files, whatever the owner says; erasing the contact erases them."""
    made = host("shelf", home_plugins=shelf)
    mine = made.actor("Contacts manager", only_assigned=True).user_id
    seen = made.make.contact(first_name="Ada", assigned_to=mine)
    other = made.make.contact(first_name="Bob")
    numbers = [keep(made, name="Bob's papers", owner="shelf", contact_id=person) for person in (seen, other)]
    with made.work("Contacts manager", only_assigned=True) as work:
        assert files.get(work, numbers[0]).contact_id == seen
        with pytest.raises(NotFound):
            files.get(work, numbers[1])
        staged = files.stage(work, b"x", name="x", owner="shelf", contact_id=other)
        with pytest.raises(NotFound), work.begin():
            files.store(work, staged)
    with made.work("Admin") as work:
        key = files.get(work, numbers[1]).key
        with work.begin():
            contacts.to_bin(work, [other])
            contacts.erase(work, other)
        lines, _ = audit.entries(work, object_type="contact", object_id=other)
        assert {"file.stored", "file.deleted"} <= {line.action for line in lines}
        assert "papers" not in str([(line.before, line.after) for line in lines])
    made.run_jobs()
    assert rows(made) == 1
    assert key not in objects(made)


def test_uninstalling_removes_the_files(host: Callable[..., Host], shelf: Path) -> None:
    """Nothing of a plugin's files is left, those of others stay."""
    made = host("shelf", home_plugins=shelf)
    kept = keep(made)
    keep(made, owner="shelf")
    made.disable("shelf")
    assert rows(made) == 2
    assert [(size.name, size.rows) for size in uninstall.preview(made.site, "shelf")] == [("files_file", 1)]
    made.uninstall("shelf")
    with made.work() as work:
        assert objects(made) == [files.get(work, kept).key]
    assert rows(made) == 1


def test_a_copy_made_before_holds_the_files(host: Callable[..., Host], shelf: Path, tmp_path: Path) -> None:
    """Rows and bytes, also of a file whose name is no path; one whose bytes are lost doesn't keep the rest from being saved."""
    made = host("shelf", home_plugins=shelf)
    keep(made)
    first = keep(made, owner="shelf", name="../a/Angebot é.png", content=PNG)
    lost = keep(made, owner="shelf", name="lost.txt", content=b"lost")
    with made.work() as work:
        work.storage.delete([files.get(work, lost).key])
    made.disable("shelf")
    copy = tmp_path / "shelf.zip"
    uninstall.uninstall(made.site, "shelf", export_to=copy)
    with zipfile.ZipFile(copy) as archive:
        assert archive.namelist() == ["rows.jsonl", f"files/{first}/Angebot é.png"]
        assert archive.read(archive.namelist()[1]) == PNG
        told = [json.loads(line) for line in archive.read("rows.jsonl").decode().splitlines()]
    assert [(line["table"], line["row"]["id"]) for line in told] == [("files_file", first), ("files_file", lost)]
    assert "key" not in told[0]["row"]
    assert rows(made) == 1


def test_a_job_removes_no_file_that_has_a_row(host: Callable[..., Host]) -> None:
    """A backup that was restored brings rows back whose removal may still be wanted."""
    made = host()
    number = keep(made)
    with made.work() as work:
        key = files.get(work, number).key
        with work.begin():
            work.enqueue("storage.remove", keys=[key])
    made.run_jobs()
    assert objects(made) == [key]


def test_lists_and_rules_are_served_by_indexes(host: Callable[..., Host]) -> None:
    """By owner, by contact and by key no table is read from end to end."""
    made = host()
    with made.work() as work:
        for condition, index in (
            ("owner = 'x' ORDER BY id", "ix_files_file_owner"),
            ("contact_id = 1", "ix_files_file_contact"),
            ("key IN ('a', 'b')", "uq_files_file_key"),
        ):
            assert index in plan(work, condition)


def plan(work: Work, condition: str) -> str:
    sqlite = work.session.get_bind().dialect.name == "sqlite"
    if not sqlite:
        work.session.execute(text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
    lines = work.session.execute(text(f"{explain} SELECT * FROM files_file WHERE {condition}"))
    # SQLite names the index of a unique constraint itself.
    return " ".join(map(str, lines)).replace("sqlite_autoindex_files_file_1", "uq_files_file_key")
