"""The guides for operators name what is there: commands, settings, figures."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from prometheus_client.parser import text_string_to_metric_families

from crmhost.cli import cli
from crmhost.config import VARIABLES, checkout
from crmhost.testing import Host

GUIDES = sorted((checkout() / "docs" / "operations").glob("*.md"))
#: What stands in the guides for any command.
ANY = ("…", "$@")


def text_of(name: str) -> str:
    """One guide."""
    return (checkout() / "docs" / "operations" / name).read_text("utf-8")


def commands(guide: Path) -> Iterator[list[str]]:
    """What the guide lets people type after ``crmhost``: in blocks, in units and in the text."""
    text = guide.read_text("utf-8")
    for line in re.findall(r"^    (?:\$ )?crmhost (.*)$|-m crmhost ([^'\n]*)", text, re.MULTILINE):
        yield shlex.split("".join(line), comments=True)
    for line in re.findall(r"`(?:\./)?crmhost ([a-z][^`]*)`|“crmhost ([a-z][^”]*)”|`(run --[^`]*)`", text):
        yield shlex.split("".join(line))


def resolved(words: list[str]) -> None:
    """Finds the command and each of its options.

    :raises click.UsageError: when there is no such one.
    """
    command: click.Command = cli
    context = click.Context(cli, info_name="crmhost")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            raise click.UsageError(f"no command {words[0]}")
        command, words = found, words[1:]
    known = {name for parameter in command.params for name in parameter.opts}
    for word in words:
        if word.startswith("--") and word.partition("=")[0] not in known | {"--version"}:
            raise click.UsageError(f"{command.name} has no {word}")


@pytest.mark.parametrize("guide", GUIDES, ids=[guide.stem for guide in GUIDES])
def test_commands_are_there(guide: Path) -> None:
    """Every command and option that a guide lets people type exists."""
    wrong = []
    found = [words for words in commands(guide) if not words[0].startswith(ANY)]
    for words in found:
        try:
            resolved(words)
        except click.UsageError as error:
            wrong.append(f"{' '.join(words)}: {error.message}")
    assert found
    assert wrong == []


def test_links_lead_somewhere() -> None:
    """To a page and a heading that are there."""
    for guide in GUIDES:
        for target, anchor in re.findall(r"\]\(([\w-]+\.md)(?:#([\w-]+))?\)", guide.read_text("utf-8")):
            headings = re.findall(r"^#+ (.*)$", text_of(target), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert not anchor or anchor in anchors, f"{guide.name}: {target}#{anchor}"


def test_settings_are_listed() -> None:
    """All of the operator's settings stand in the table, and no other."""
    table = set(re.findall(r"^\| `(CRMHOST_\w+)` \|", text_of("README.md"), re.MULTILINE))
    assert table == {"CRMHOST_HOME", *VARIABLES.values()}


@pytest.mark.database("sqlite")
def test_figures_are_listed(host: Callable[..., Host]) -> None:
    """All figures stand in the table, and no other; the rules use figures that are there."""
    with host(metrics=True).client("").get("/metrics") as answer:
        told = {family.name for family in text_string_to_metric_families(answer.text)}
    guide = text_of("monitoring.md")
    rows = "".join(line for line in guide.splitlines(keepends=True) if line.startswith("| `crmhost_"))
    assert {name.removesuffix("_total") for name in re.findall(r"`(crmhost_\w+)`", rows)} == told
    used = set(re.findall(r"\b(crmhost_\w+?)(?:_total|_bucket)?\b(?=[\[{)\s])", guide))
    assert used
    assert used <= told
