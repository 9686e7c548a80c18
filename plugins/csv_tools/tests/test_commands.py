"""``crmhost import`` and ``crmhost export``, run by a shell where that matters."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from bench.load import Start
from crmhost.api import AuditEntry, Contact, Invalid
from crmhost.testing import Host
from plugins.csv_tools.commands import export_command, import_command
from plugins.csv_tools.models import Row, Run

Hosts = Callable[..., Host]
ROOT = Path(__file__).resolve().parents[3]


@dataclasses.dataclass
class Shell:
    """Runs the command line against a host's database."""

    host: Host

    @property
    def environment(self) -> dict[str, str]:
        """That of a command."""
        config = self.host.site.config
        return {
            **os.environ,
            "CRMHOST_HOME": str(config.home),
            "CRMHOST_DATABASE_URL": config.database_url,
            "CRMHOST_SECRET_KEY": config.secret_key,
        }

    def start(self, *arguments: object) -> subprocess.Popen[bytes]:
        """Begins a command."""
        command = [sys.executable, "-m", "crmhost", *map(str, arguments)]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments: object) -> tuple[int, bytes, str]:
        """Exit status, standard output and standard error of a command."""
        process = self.start(*arguments)
        out, error = process.communicate(timeout=120)
        return process.returncode, out, error.decode()

    def here(self, command: click.Command, *arguments: object) -> Result:
        """What a command does, run in this process."""
        return CliRunner().invoke(command, [str(item) for item in arguments], obj=self.host.site)

    def json(self, *arguments: object) -> Any:
        """The document that an import prints."""
        result = self.here(import_command, *arguments, "--json")
        assert (result.exception, result.stderr) == (None, "")
        return json.loads(result.stdout)


@pytest.fixture
def shell(host: Hosts) -> Shell:
    """The command line on a site with the plugin."""
    return Shell(host("csv_tools"))


def written(path: Path, text: str) -> Path:
    """A file with this text."""
    path.write_text(text, "utf-8")
    return path


def number_of(host: Host, model: type[Any]) -> int:
    """How many rows a table has."""
    with host.work() as work:
        return work.session.scalar(select(func.count()).select_from(model)) or 0


def test_import(shell: Shell, tmp_path: Path) -> None:
    """The figures, the errors by row, and nothing else with --json; the same in words without."""
    file = written(tmp_path / "p.csv", "email,first_name,shoe\na@example.com,A,43\nbroken,B,44\n")
    told = shell.json("contacts", file)
    assert {name: told[name] for name in ("added", "updated", "skipped", "refused")} == {
        "added": 1,
        "updated": 0,
        "skipped": 0,
        "refused": 1,
    }
    assert [error["row"] for error in told["errors"]] == [3]
    assert "not an e-mail address" in told["errors"][0]["reasons"][0]
    assert told["left_out"] == ["shoe"]
    assert isinstance(told["run"], int)
    refused = tmp_path / "refused.csv"
    result = shell.here(import_command, "contacts", file, "--refused", refused)
    assert (result.exception, result.stderr) == (None, "")
    assert result.stdout.startswith("0 added, 0 updated, 1 skipped, 1 refused.")
    rows = list(csv.reader(io.StringIO(refused.read_text("utf-8"))))
    assert rows[0] == ["Row", "Why it was refused", "email", "first_name", "shoe"]
    assert rows[1][0] == "3"
    assert rows[1][2:] == ["broken", "B", "44"]


def test_dry_run(shell: Shell, tmp_path: Path) -> None:
    """A dry run says what would be done and does nothing."""
    file = written(tmp_path / "p.csv", "email\na@example.com\nbroken\n")
    told = shell.json("contacts", file, "--dry-run")
    assert (told["added"], told["refused"], told["run"]) == (1, 1, None)
    assert number_of(shell.host, Contact) == number_of(shell.host, Run) == 0


def test_choices(shell: Shell, tmp_path: Path) -> None:
    """Columns, matching, mode and format can be chosen."""
    file = written(tmp_path / "p.csv", "a@example.com|Nick|7\n")
    told = shell.json(
        "contacts", file, "--no-header", "--delimiter", "pipe", "--map", "email=1", "--map", "first_name=2",
        "--map", "external_id=3", "--match", "external_id", "--mode", "skip",
    )  # fmt: skip
    assert told["added"] == 1
    told = shell.json(
        "contacts", file, "--no-header", "--map", "external_id=3", "--match", "external_id", "--mode", "skip"
    )
    assert told["skipped"] == 1


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        (["nothing"], "email\na@example.com\n", "Nothing called “nothing” can be imported"),
        (["contact"], "email\na@example.com\n", "Did you mean “contacts”?"),
        (["contacts"], "", "The file is empty"),
        (["contacts"], "one,two\n1,2\n", "None of the columns is known"),
        (["contacts"], "email\n", "no rows below it"),
        (["contacts", "--map", "email=nothing"], "email\na@example.com\n", "There is no column “nothing”"),
        (["contacts", "--match", "name"], "email\na@example.com\n", "“name” is no field to match by"),
    ],
)
def test_refusals(shell: Shell, tmp_path: Path, arguments: list[str], text: str, said: str) -> None:
    """What can't be done is refused with a sentence, and nothing is done."""
    file = written(tmp_path / "p.csv", text)
    result = shell.here(import_command, arguments[0], file, *arguments[1:])
    assert isinstance(result.exception, Invalid)
    assert said in str(result.exception)
    assert result.stdout == ""
    assert number_of(shell.host, Contact) == number_of(shell.host, Run) == 0


@pytest.mark.database("sqlite")
def test_exit_status(shell: Shell, tmp_path: Path) -> None:
    """A refusal is one line on standard error and exit status 1, wrong usage is 2."""
    status, out, error = shell.run("import", "nothing", written(tmp_path / "p.csv", "email\na@example.com\n"))
    assert (status, out, error.count("\n")) == (1, b"", 1)
    assert shell.here(import_command, "contacts", tmp_path / "missing.csv").exit_code == 2
    assert shell.here(import_command, "contacts", tmp_path / "p.csv", "--mode", "replace").exit_code == 2


def test_killed_import(shell: Shell, forked: Start, tmp_path: Path) -> None:
    """An import that is killed in the middle goes on where it was; no row is lost and none is taken twice."""
    people = 3000
    file = written(
        tmp_path / "p.csv",
        "email,first_name\n"
        + "".join(f"p{number}@example.com,P\n" if number % 7 else f",Nameless {number}\n" for number in range(people)),
    )
    process = forked(["-m", "crmhost", "import", "contacts", str(file)], shell.environment, tmp_path / "killed.log")
    until = time.monotonic() + 60
    while number_of(shell.host, Row) < 500 and process.poll() is None:
        assert time.monotonic() < until, "the import did not begin"
        time.sleep(0.02)
    process.kill()
    process.wait(timeout=30)
    taken = number_of(shell.host, Row)
    assert 0 < taken < people, "the import was killed too late to tell anything"
    assert number_of(shell.host, Contact) == taken
    status, out, error = shell.run("import", "contacts", file)
    assert (status, out.decode().partition("\n")[0]) == (0, f"{people:,} added, 0 updated, 0 skipped, 0 refused.")
    assert f"Going on after row {taken + 1:,}" in error
    assert number_of(shell.host, Contact) == number_of(shell.host, Row) == people
    assert number_of(shell.host, Run) == 1


def test_export(shell: Shell, tmp_path: Path) -> None:
    """To standard output or a file, filtered, with chosen columns; who exports is in the audit log."""
    shell.host.make.contact(email="a@example.com", first_name="=1+1", tags=["VIP"])
    shell.host.make.contact(email="b@example.com", first_name="B", status="Customer")
    status, out, _ = shell.run("export", "contacts", "--columns", "email,first_name,tags")
    assert (status, out) == (0, b"email,first_name,tags\r\na@example.com,'=1+1,VIP\r\nb@example.com,B,\r\n")
    target = tmp_path / "out.csv"
    result = shell.here(
        export_command, "contacts", "-o", target, "--filter", "status=customer", "--bom", "--delimiter", "semicolon"
    )
    assert (result.exception, result.stdout) == (None, "")
    assert target.read_bytes().startswith("\ufeffid;prefix;".encode())
    assert target.read_bytes().count(b"\r\n") == 2
    with shell.host.work() as work:
        entries = work.session.scalars(select(AuditEntry).where(AuditEntry.action == "export.made")).all()
        assert [entry.after for entry in entries] == [{"filters": {}}, {"filters": {"status": "customer"}}]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "Nothing called “nothing” can be exported"),
        (["contacts", "--columns", "emial"], "Did you mean “email”?"),
        (["contacts", "--filter", "status=Nope"], "There is no status “Nope”"),
        (["contacts", "--filter", "nonsense=1"], "There is no filter “nonsense”"),
        (["contacts", "--segment", "1"], "There is no filter “segment”"),
    ],
)
def test_export_refusals(shell: Shell, tmp_path: Path, arguments: list[str], said: str) -> None:
    """An export that can't be made says why and leaves no file."""
    target = tmp_path / "out.csv"
    result = shell.here(export_command, arguments[0], "-o", target, *arguments[1:])
    assert isinstance(result.exception, Invalid)
    assert said in str(result.exception)
    assert list(tmp_path.glob("out.csv*")) == []
