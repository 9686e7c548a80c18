"""``backup``, ``restore``, ``db copy``: what they say and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost.cli import main
from crmhost.errors import CrmError
from crmhost.host import backup
from crmhost.host.backup import copying
from crmhost.site import Site
from crmhost.testing import Clock, Host
from crmhost.testing_sites import make_config

pytestmark = pytest.mark.database("sqlite")


def test_saving_and_restoring(host: Callable[..., Host], tmp_path: Path) -> None:
    """In words and as JSON; replacing asks, and a refusal is one line and status 1."""
    made = host()
    made.make.contact()
    path = tmp_path / "site.zip"
    said = made.cli("backup", str(path))
    assert said.exit_code == 0
    assert "The secret key is not in it" in said.output
    document = json.loads(made.cli("backup", str(path), "--with-key", "--json").output)
    assert (document["tables"]["contacts_contact"], document["with_key"]) == (1, True)
    assert "is whole" in made.cli("restore", "--check", str(path)).output
    assert json.loads(made.cli("restore", "--check", str(path), "--json").output)["problems"] == []
    refused = made.cli("restore", str(path))
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
    assert "The database is not empty" in refused.output
    made.make.contact()
    assert made.cli("restore", str(path), "--replace").exit_code == 1
    assert len(made.site.sessions().execute(_count()).all()) == 2
    replaced = made.cli("restore", str(path), "--replace", "--yes")
    assert replaced.exit_code == 0, replaced.output
    assert "contacts_contact" in replaced.output
    assert len(made.site.sessions().execute(_count()).all()) == 1
    document = json.loads(made.cli("restore", str(path), "--replace", "--yes", "--json").output)
    assert (document["tables"]["contacts_contact"], document["to_enter"]) == (1, [])


def _count() -> object:
    from sqlalchemy import select

    from crmhost.core.contacts.models import Contact

    return select(Contact.id)


def test_places_that_can_t_be_written_to(host: Callable[..., Host], tmp_path: Path) -> None:
    """Are named, and nothing is left there."""
    made = host()
    (tmp_path / "folder").mkdir()
    for place, reason in (("folder", "is a folder"), ("nowhere/site.zip", "can't be written")):
        said = made.cli("backup", str(tmp_path / place))
        assert (said.exit_code, reason in said.output) == (1, True), said.output
    empty = Site(make_config(tmp_path / "new", f"sqlite:///{tmp_path}/new.sqlite"), kind="test", clock=Clock())
    with pytest.raises(CrmError, match="not set up yet"):
        backup.save(empty, tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()
    empty.close()


def test_copying(host: Callable[..., Host], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tells both counts of each table; a copy that is not the same ends with status 1."""
    made = host()
    made.make.contact()
    said = made.cli("db", "copy", f"sqlite:///{tmp_path}/copy.sqlite")
    assert said.exit_code == 0, said.output
    assert any(line.split() == ["contacts_contact", "1", "1"] for line in said.output.splitlines())
    for wrong in ("nonsense", f"sqlite:///{tmp_path}/no/folder.sqlite", "mysql://x@y/z"):
        refused = made.cli("db", "copy", wrong)
        assert (refused.exit_code, refused.output.count("\n")) == (1, 1), refused.output
    real = copying.copy

    def losing(*arguments: object, **named: object) -> backup.Copied:
        done = real(*arguments, **named)  # type: ignore[arg-type]
        return backup.Copied({**done.counts, "contacts_contact": (1, 0)}, 0, False, ())

    monkeypatch.setattr(backup, "copy", losing)
    differs = made.cli("db", "copy", f"sqlite:///{tmp_path}/second.sqlite")
    assert differs.exit_code == 1
    assert "The numbers of rows differ in contacts_contact" in differs.output


def test_a_database_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ends with status 1 and one line saying so, not with a traceback."""
    monkeypatch.setenv("CRMHOST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CRMHOST_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(SystemExit) as end:
        main(["backup", str(tmp_path / "site.zip")])
    said = capsys.readouterr().err
    assert (end.value.code, said.count("\n")) == (1, 1)
    assert said.startswith("crmhost: The database refused: connection failed")
