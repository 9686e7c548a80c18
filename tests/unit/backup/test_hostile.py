"""Files that somebody else made or spoilt are refused, with a sentence and without a trace."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmhost.core.files import services as files
from crmhost.errors import CrmError
from crmhost.host import backup, lifecycle
from crmhost.site import Site
from crmhost.testing import Clock
from crmhost.testing_sites import make_config

from .conftest import FOLDERS

Members = dict[str, bytes]
STORED = b"the bytes of a file"


@pytest.fixture(scope="module")
def honest(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Members:
    """Name -> content of everything in a real backup."""
    folder = tmp_path_factory.mktemp("honest")
    shutil.copy(sqlite_template, folder / "site.sqlite")
    config = make_config(folder / "home", f"sqlite:///{folder}/site.sqlite", plugin_folders=FOLDERS)
    site = Site(config, kind="test", clock=Clock())
    lifecycle.enable(site, ["gamut"], try_first=False)
    with site.work() as work:
        staged = files.stage(work, STORED, name="a.txt", owner="gamut")
        with work.begin():
            files.store(work, staged)
    path = backup.save(site, folder / "site.zip").path
    site.close()
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Site]:
    """A site without a database, which must stay so."""
    config = make_config(tmp_path / "home", f"sqlite:///{tmp_path}/target.sqlite", plugin_folders=FOLDERS)
    site = Site(config, kind="test", clock=Clock())
    yield site
    assert not site.ready
    site.close()


def written(path: Path, members: Members) -> Path:
    """A file with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def changed(members: Members, change: Callable[[dict[str, Any]], object]) -> Members:
    """The members with another manifest."""
    manifest = json.loads(members["manifest.json"])
    change(manifest)
    return {**members, "manifest.json": json.dumps(manifest).encode()}


def with_lines(members: Members, table: str, lines: bytes) -> Members:
    """The members with other rows of a table, and a manifest that agrees."""

    def agree(manifest: dict[str, Any]) -> None:
        entry = next(entry for entry in manifest["tables"] if entry["name"] == table)
        entry |= {"rows": lines.count(b"\n"), "size": len(lines), "sha256": hashlib.sha256(lines).hexdigest()}

    return changed({**members, f"tables/{table}.jsonl": lines}, agree)


def with_value(members: Members, column: str, value: Any) -> Members:
    """The members with one row of the table with every type."""
    manifest = json.loads(members["manifest.json"])
    columns = next(entry["columns"] for entry in manifest["tables"] if entry["name"] == "gamut_value")
    row = [1 if name == "id" else value if name == column else None for name, _ in columns]
    return with_lines(members, "gamut_value", json.dumps(row).encode() + b"\n")


def entry_of(manifest: dict[str, Any], table: str) -> dict[str, Any]:
    """A table's part of the manifest."""
    return next(entry for entry in manifest["tables"] if entry["name"] == table)


def table_more(name: str) -> Callable[[dict[str, Any]], None]:
    """A manifest with a table more."""
    empty = {"columns": [["id", "integer"]], "rows": 0, "size": 0, "last_id": None}
    return lambda manifest: manifest["tables"].append(
        {**empty, "name": name, "owner": "crmhost", "sha256": hashlib.sha256(b"").hexdigest()}
    )


EVIL = 'x"; DROP TABLE users_user; --'
FORGED: dict[str, tuple[Callable[[Members], Members], str]] = {
    "no manifest": (lambda m: {"tables/x.jsonl": b""}, "has no manifest.json"),
    "manifest that is no JSON": (lambda m: {**m, "manifest.json": b"{"}, "can't be read"),
    "manifest nested deeply": (lambda m: {**m, "manifest.json": b"[" * 200_000}, "can't be read"),
    "manifest of something else": (lambda m: {**m, "manifest.json": b"[]"}, "no backup of crmhost"),
    "manifest that is too large": (lambda m: {**m, "manifest.json": b" " * 9_000_000}, "too large"),
    "newer format": (lambda m: changed(m, lambda j: j.update(format_version=9)), "written by a newer version"),
    "unknown word": (lambda m: changed(m, lambda j: j.update(more=1)), "manifest.json, more"),
    "newer tables": (lambda m: changed(m, lambda j: j["revisions"].update(crmhost="9999")), "install a newer one"),
    "path that climbs": (lambda m: {**m, "../../evil": b"x"}, "unlike its manifest"),
    "absolute path": (lambda m: {**m, "/tmp/evil": b"x"}, "unlike its manifest"),
    "file that climbs": (lambda m: {**m, "files/../../evil": b"x"}, "no stored file"),
    "file with other bytes": (
        lambda m: {name: STORED[::-1] if name.startswith("files/") else held for name, held in m.items()},
        "not the file that was stored",
    ),
    "missing rows": (lambda m: {**m, "tables/users_role.jsonl": b""}, "users_role is not what was written"),
    "more than it says": (
        lambda m: {**m, "tables/users_role.jsonl": b"[0]\n" * 5_000_000},
        "users_role is not what was written",
    ),
    "unknown table": (
        lambda m: changed({**m, "tables/evil.jsonl": b""}, table_more("evil")),
        "a table “evil” that this site does not have",
    ),
    "table of the database itself": (
        lambda m: changed({**m, "tables/sqlite_master.jsonl": b""}, table_more("sqlite_master")),
        "does not have",
    ),
    "statement as a table": (
        lambda m: changed({**m, f"tables/{EVIL}.jsonl": b""}, table_more(EVIL)),
        "does not have",
    ),
    "statement as a column": (
        lambda m: changed(m, lambda j: entry_of(j, "users_role")["columns"].__setitem__(0, [EVIL, "integer"])),
        "the column",
    ),
    "column twice": (
        lambda m: changed(m, lambda j: entry_of(j, "users_role")["columns"].append(["id", "integer"])),
        "the column",
    ),
    "other type": (
        lambda m: changed(m, lambda j: entry_of(j, "users_role")["columns"].__setitem__(0, ["id", "text"])),
        "users_role.id as text",
    ),
    "too few values": (lambda m: with_lines(m, "users_role", b"[1]\n"), "does not have its"),
    "no row": (lambda m: with_lines(m, "users_role", b'{"id": 1}\n'), "does not have its"),
    "no JSON": (lambda m: with_lines(m, "users_role", b"nonsense\n"), "can't be read"),
    "row nested deeply": (lambda m: with_lines(m, "users_role", b"[" * 200_000 + b"\n"), "can't be read"),
    "text for a number": (lambda m: with_value(m, "whole", "1"), "gamut_value.whole holds '1'"),
    "row that refers to nothing": (lambda m: with_value(m, "parent_id", 77), "refers to rows of gamut_value"),
    "row twice": (
        lambda m: with_lines(m, "gamut_right", b"[1,null]\n[1,null]\n"),
        "gamut_right can't be filled: UNIQUE",
    ),
    "row without what it needs": (
        lambda m: with_lines(m, "gamut_tally", b"[null,null]\n"),
        "gamut_tally can't be filled",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_backup_is_refused(honest: Members, target: Site, tmp_path: Path, name: str) -> None:
    """With the reason; the database and the folders around stay as they were."""
    forge, reason = FORGED[name]
    path = written(tmp_path / "forged.zip", forge(honest))
    with pytest.raises(CrmError) as refusal:
        backup.restore(target, path)
    assert reason in str(refusal.value)
    assert not list(tmp_path.parent.glob("**/evil"))


def test_a_spoilt_file_is_refused(honest: Members, target: Site, tmp_path: Path) -> None:
    """Cut off, overwritten in the middle, of another kind, with a name twice, or not there."""
    whole = written(tmp_path / "whole.zip", honest).read_bytes()
    middle = len(whole) // 3
    spoilt = {
        "cut off": whole[:-40],
        "short": whole[: len(whole) // 2],
        "overwritten": whole[:middle] + bytes(64) + whole[middle + 64 :],
        "another kind": b"%PDF-1.7\n",
        "empty": b"",
    }
    for name, content in spoilt.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CrmError, match=r"can't be read|damaged"):
            backup.restore(target, tmp_path / name)
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.writestr("manifest.json", honest["manifest.json"])
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("manifest.json", honest["manifest.json"])
    for name, reason in {"twice.zip": "two files of one name", "nowhere": "No such file"}.items():
        with pytest.raises(CrmError, match=reason):
            backup.restore(target, tmp_path / name)


def test_a_bomb_is_refused_unopened(honest: Members, target: Site, tmp_path: Path) -> None:
    """A file that claims to unpack to more than the disk holds."""
    huge = 2**60

    def claim(manifest: dict[str, Any]) -> None:
        entry_of(manifest, "audit_entry")["size"] = huge

    path = written(tmp_path / "bomb.zip", changed(honest, claim))
    with pytest.raises(CrmError, match="The backup needs about"):
        backup.restore(target, path)


def test_the_honest_one_can_be_restored(honest: Members, target: Site, tmp_path: Path) -> None:
    """What the others are made from is no forgery; looking at it changes nothing."""
    path = written(tmp_path / "honest.zip", honest)
    manifest, problems = backup.check_file(target, path)
    assert (manifest.files.count, problems) == (1, [])
