"""The log of a process: one line per event, as text or JSON, without personal data, secrets and control characters.

Code logs with :mod:`logging` as usual, further values in ``extra``. Values that belong to what is going on (the request's
number, the job's) are put on each line by themselves: see :func:`bound` and :func:`note`. The programs that run a site call
:func:`configure` once; commands and tests leave logging alone.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import re
import sys
import time
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from .config import Config

#: Characters of one value, and of a traceback; the end of a traceback says what happened.
LONGEST = 2000
LONGEST_TRACEBACK = 20_000
HIDDEN = "[hidden]"

_going_on: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("crmhost_log", default=None)


# --- what is going on ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def bound(**values: Any) -> Iterator[dict[str, Any]]:
    """Lines that are logged inside carry these values: ``with logs.bound(job=17, kind="mail.send"):``."""
    with within({**(_going_on.get() or {}), **values}) as going_on:
        yield going_on


@contextlib.contextmanager
def within(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Like :func:`bound`, for what goes on with interruptions: the values are kept in the dictionary given."""
    token = _going_on.set(values)
    try:
        yield values
    finally:
        _going_on.reset(token)


def note(**values: Any) -> None:
    """Adds values to what is going on now, for its further lines; does nothing outside of :func:`bound`."""
    going_on = _going_on.get()
    if going_on is not None:
        going_on.update(values)


class Recurring:
    """What a loop does several times a second and may fail at for hours: one traceback, then a line a minute, one at its end."""

    #: Seconds between two lines.
    EVERY = 60.0

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._told: dict[str, float] = {}

    def failed(self, what: str) -> None:
        """Call it where the exception is caught. ``what`` completes “could not …”."""
        told = self._told.get(what)
        if told is None:
            self._log.exception("could not %s", what)
        elif time.monotonic() - told > self.EVERY:
            self._log.warning("still can't %s", what)
        else:
            return
        self._told[what] = time.monotonic()

    def worked(self, what: str) -> None:
        """Call it when it was done."""
        if self._told.pop(what, None) is not None:
            self._log.warning("can %s again", what)


# --- configuring -----------------------------------------------------------------------------------------------------


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; one that can't be formatted is told without its values, which may be anything."""

    as_json = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name that logging calls
        said = {"level": "error", "logger": record.name, "event": "a log line could not be written"}
        line = json.dumps(said) if self.as_json else f"{said['event']}  logger={visible(record.name)}"
        with contextlib.suppress(Exception):
            self.stream.write(f"{line}\n")


def configure(config: Config, stream: TextIO | None = None) -> None:
    """Makes this process log as the operator wishes, to standard error or the stream given; call it again at will."""
    from structlog.processors import TimeStamper, format_exc_info
    from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

    formatter = ProcessorFormatter(
        foreign_pre_chain=[
            _add_going_on,
            ExtraAdder(),
            add_log_level,
            add_logger_name,
            TimeStamper(fmt="iso", utc=True),
            format_exc_info,
        ],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            Cleaner(secrets_of(config)),
            *_renderers(as_json=config.log_format == "json"),
        ],
    )
    handler = _Handler(stream or sys.stderr)
    handler.as_json = config.log_format == "json"
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("crmhost").setLevel(config.log_level.upper())
    for name in ("gunicorn.error", "gunicorn.access", "waitress"):
        # Servers bring handlers of their own, whose lines would look otherwise.
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
    logging.captureWarnings(capture=True)


def secrets_of(config: Config) -> tuple[str, ...]:
    """Texts of the configuration that must not stand in a log, wherever they come from."""
    urls = (config.database_url, config.broker_url, config.storage_url)
    passwords = [password for url in urls if (password := _password(url))]
    found = {config.secret_key, config.metrics_token, *passwords, *map(unquote, passwords)}
    return tuple(sorted((text for text in found if len(text) > 3), key=len, reverse=True))


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _add_going_on(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in (_going_on.get() or {}).items():
        event.setdefault(key, value)
    return event


# --- cleaning --------------------------------------------------------------------------------------------------------

#: What may carry somebody's data or a key: a sign of it that is quick to look for, the pattern, what is written instead.
_MASKS = (
    ("://", re.compile(r"://[^/\s@]{1,300}@"), f"://{HIDDEN}@"),
    # Values that a database names in its errors.
    ("[parameters: ", re.compile(r"\[parameters: .*"), f"[parameters: {HIDDEN}]"),
    ("DETAIL:", re.compile(r"DETAIL:[^\n]*"), f"DETAIL: {HIDDEN}"),
    ("?", re.compile(r"(?<=[\w/.-])\?[\w.%\[\]-]{1,200}=[^\s\"'<>)]*"), f"?{HIDDEN}"),
    ("earer ", re.compile(r"(?i)\bbearer\s+[\w.~+/=-]+"), f"Bearer {HIDDEN}"),
    *(
        (
            sign,
            re.compile(
                r"(?i)\b([\w-]{0,60}(?:passwor[dt]|passwd|secret|token|api[_-]?key|authorization|cookie|crmhost_session)"
                rf"[\w-]{{0,60}}[\"']?\s*{sign}\s*[\"']?)[^\s\"',;&]+"
            ),
            rf"\1{HIDDEN}",
        )
        for sign in "=:"
    ),
    ("@", re.compile(r"[^\s@<>\"'(),:;=\[\]{}/]{1,64}@[^\s@<>\"'(),:;=\[\]{}/]{1,255}"), "[e-mail]"),
)


class Cleaner:
    """Puts a line's values in order and makes each of them safe to write.

    :param secrets: texts that are left out wherever they stand.
    """

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._secrets = secrets

    def __call__(self, _logger: Any, _name: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        first = ("timestamp", "level", "logger", "event")
        ordered = {name: event.get(name, "") for name in first}
        ordered |= {name: value for name, value in event.items() if name not in first and value is not None}
        return {self._name(name): self._value(name, value) for name, value in ordered.items()}

    @staticmethod
    def _name(name: str) -> str:
        return name if name.isidentifier() else re.sub(r"[^\w.-]", "_", name)[:60]

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, (bool, int, float)):
            return value
        if name == "exception":
            text = str(value)[-LONGEST_TRACEBACK:]
            return "\n".join(visible(line) for line in self.clean(text).split("\n"))
        text = value if isinstance(value, str) else str(value)
        return visible(self.clean(text[:LONGEST]))

    def clean(self, text: str) -> str:
        """The text without secrets, e-mail addresses and query strings."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for sign, pattern, instead in _MASKS:
            if sign in text:
                text = pattern.sub(instead, text)
        return text


def visible(text: str) -> str:
    """The text with every character that is no print escaped: it can neither end the line nor move the cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


# --- writing ---------------------------------------------------------------------------------------------------------


def _renderers(*, as_json: bool) -> list[Any]:
    if as_json:
        from structlog.processors import JSONRenderer

        return [JSONRenderer()]
    return [_text]


def _text(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
    """A line for people: instant, level, event, the rest as ``name=value``; a traceback follows, indented."""
    from structlog.processors import LogfmtRenderer

    instant, level, said = event.pop("timestamp"), event.pop("level"), event.pop("event")
    trace = event.pop("exception", "")
    rest = LogfmtRenderer(bool_as_flag=False)(logger, name, event)
    line = f"{str(instant)[:19]}Z {level:<8} {said}  {rest}"
    return line + "".join(f"\n    {each}" for each in str(trace).split("\n") if each)
