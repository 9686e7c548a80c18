"""Reading the log as it is written."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmhost import logs
from crmhost.config import Config

LogTo = Callable[[Config], io.StringIO]


@pytest.fixture
def log_to() -> Iterator[LogTo]:
    """Makes this process log as a configuration says, into the stream given back; logging is afterwards as it was."""
    root, ours = logging.getLogger(), logging.getLogger("crmhost")
    before = (root.handlers[:], root.level, ours.level)

    def start(config: Config) -> io.StringIO:
        stream = io.StringIO()
        logs.configure(config, stream)
        return stream

    yield start
    logging.captureWarnings(capture=False)
    root.handlers[:], level, own = before
    root.setLevel(level)
    ours.setLevel(own)


def taken(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines since the last call."""
    text = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return [json.loads(line) for line in text.splitlines()]
