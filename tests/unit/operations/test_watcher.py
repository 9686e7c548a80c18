"""A process whose database is away says so without filling the disk."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from crmhost.site import Site
from crmhost.testing_sites import make_config


def test_what_goes_on_failing_is_told_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One traceback, then a line a minute, and one when it works again."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    site = Site(make_config(tmp_path / "home", f"sqlite:///{tmp_path}/no/where.sqlite"), kind="test")
    site.runtime.stop()
    for _ in range(200):
        now[0] += 1
        site.runtime._safely("watch", site.runtime.refresh)
    away = [record for record in caplog.records if record.name == "crmhost.runtime"]
    assert [bool(record.exc_info) for record in away] == [True, False, False, False]
    (tmp_path / "no").mkdir()
    site.upgrade_core()
    caplog.clear()
    for _ in range(3):
        site.runtime._safely("watch", site.runtime.refresh)
    site.close()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "can watch again"
    ]
