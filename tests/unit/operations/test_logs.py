"""Lines of the log: one per event, readable by programs, without personal data and secrets."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost import logs
from crmhost.config import Config, load
from crmhost.errors import CrmError

from .conftest import LogTo

SECRET = "a-secret-key-that-nobody-may-see"
TOKEN = "token-of-the-figures"
PASSWORD = "p@ss/word"
HOSTILE = ("line\nbreak", "\x1b[2Jclear", "\r\nHTTP/1.1 200", "nul\x00", "\u2028end\u2029", "\u202eback", "\ud800half")

log = logging.getLogger("crmhost.test")


def settings(log_format: str = "json", log_level: str = "info") -> Config:
    """A configuration full of secrets."""
    return Config(
        home=Path("/nowhere"),
        database_url="postgresql://crm:p%40ss%2Fword@127.0.0.1/crm",
        secret_key=SECRET,
        metrics_token=TOKEN,
        log_format=log_format,
        log_level=log_level,
    )


@pytest.fixture
def written(log_to: LogTo) -> Callable[..., Callable[[], str]]:
    """Configures logging and gives what is written since."""
    return lambda *arguments: log_to(settings(*arguments)).getvalue


def fail(message: str) -> None:
    """Logs an error with a traceback whose last line is the message."""
    try:
        raise ValueError(message)
    except ValueError:
        log.exception("it failed")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_value_stays_in_its_line(written: Callable[..., Callable[[], str]], text: str) -> None:
    """Nothing that a stranger sends ends a line, moves the cursor or breaks the document, in either format."""
    output = written()
    log.warning("said %s", text, extra={"value": text, "odd name\n": 1})
    fail(text)
    lines = output().splitlines()
    assert len(lines) == 2
    assert [json.loads(line)["level"] for line in lines] == ["warning", "error"]
    assert json.loads(lines[0])["value"].isprintable()
    output = written("text")
    log.warning("said %s", text, extra={"value": text})
    fail(text)
    first, *others = output().split("\n")[:-1]
    assert all(line.isprintable() for line in (first, *others))
    assert "warning" in first
    assert "error" in others[0]
    assert all(line.startswith("    ") for line in others[1:])


@given(st.text())
def test_what_is_shown_is_printable(text: str) -> None:
    """Whatever comes in, each character of what goes out can be printed; printable text is left as it is."""
    shown = logs.visible(text)
    assert shown.isprintable()
    assert not text.isprintable() or shown == text


@pytest.mark.parametrize(
    "text",
    [
        "ada.lovelace@example.com wrote",
        "(sqlite3.IntegrityError) UNIQUE failed\n[SQL: INSERT …]\n[parameters: ('Ada', '+44 20 7946')]",
        "duplicate key\nDETAIL:  Key (phone)=(+44 20 7946) already exists.\nmore",
        "GET /login?next=/&email=Ada%20Lovelace",
        "Authorization: Bearer abcdefghijk",
        "Cookie: crmhost_session=abcdefghijk",
        "password='abcdefghijk'",
        '{"api_key": "abcdefghijk"}',
        "postgresql://crm:abcdefghijk@127.0.0.1/crm",
        f"key {SECRET}",
        f"token {TOKEN}",
        f"connecting with {PASSWORD} failed",
    ],
)
@pytest.mark.parametrize("log_format", ["json", "text"])
def test_personal_data_and_secrets_are_left_out(
    written: Callable[..., Callable[[], str]], text: str, log_format: str
) -> None:
    """E-mail addresses, values of queries, query strings, keys and passwords are masked in messages, values and tracebacks."""
    output = written(log_format)
    log.warning("said %s", text)
    log.warning("said", extra={"value": text, "thing": [text]})
    fail(text)
    for private in ("ada", "Ada", "7946", "Lovelace", "abcdefghijk", SECRET, TOKEN, PASSWORD):
        assert private not in output()


def test_lines_carry_what_is_going_on(written: Callable[..., Callable[[], str]]) -> None:
    """The values of a job or request are on each of its lines, what is noted on the later ones, and on no other."""
    output = written()
    logs.note(lost=1)
    with logs.bound(job=17, kind="mail.send"):
        log.info("one")
        logs.note(plugin="mail")
        with logs.bound(request_id="abc"):
            log.info("two")
        log.info("three")
    log.info("four")
    said = {line["event"]: line for line in map(json.loads, output().splitlines())}
    assert (said["one"]["job"], said["one"]["kind"], said["one"].get("plugin")) == (17, "mail.send", None)
    assert (said["two"]["job"], said["two"]["request_id"], said["two"]["plugin"]) == (17, "abc", "mail")
    assert "request_id" not in said["three"]
    assert not {"job", "kind", "lost", "plugin"} & said["four"].keys()


def test_all_that_logs_writes_the_same_lines(written: Callable[..., Callable[[], str]]) -> None:
    """Servers, libraries and warnings come out as ours do; a line that can't be formatted says so without its values."""
    output = written()
    server = logging.getLogger("waitress")
    server.addHandler(logging.StreamHandler(io.StringIO()))
    output = written()
    server.warning("queue is long")
    logging.getLogger("some.library").info("chatter")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old name", DeprecationWarning, stacklevel=1)
    log.info("%d", "secret value")
    said: list[dict[str, Any]] = [json.loads(line) for line in output().splitlines()]
    assert [line["logger"] for line in said] == ["waitress", "py.warnings", "crmhost.test"]
    assert "secret value" not in output()


def test_the_level_is_the_operators(written: Callable[..., Callable[[], str]]) -> None:
    """“debug” shows probes and files too, “warning” leaves requests out."""
    output = written("json", "debug")
    log.debug("a probe")
    assert "a probe" in output()
    output = written("json", "warning")
    log.info("a request")
    assert output() == ""


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CRMHOST_LOG_FORMAT", "xml"), ("CRMHOST_LOG_LEVEL", "loud"), ("CRMHOST_METRICS", "perhaps")],
)
def test_a_wrong_choice_is_named(tmp_path: Path, variable: str, value: str) -> None:
    """The message names the variable and what it takes."""
    with pytest.raises(CrmError, match=f"{variable} takes"):
        load({"CRMHOST_HOME": str(tmp_path), variable: value})
