"""The checks of the installation: what is wrong is said, with what to do; nothing stops the others."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from crmhost.db import WRITES
from crmhost.host import health, lifecycle
from crmhost.host.tables import HostState
from crmhost.site import Site
from crmhost.testing import Clock, Host
from crmhost.testing_sites import make_config
from crmhost.work.tables import AuditEntry, JobRow
from tests import probes


def found(site: Site) -> dict[str, health.Finding]:
    """The findings by id."""
    return {finding.id: finding for finding in health.examine(site)}


def test_a_site_that_is_well(host: Callable[..., Host]) -> None:
    """Every check is there, none is an error, and the command ends with status 0."""
    made = host("probe_one", **probes.ONLY, base_url="https://crm.example.com")
    findings = found(made.site)
    assert {"home", "space", "key", "address", "database", "schema", "secrets", "clock", "statistics"} <= set(findings)
    assert {"plugins", "processes", "queue", "storage.answers"} <= set(findings)
    assert "mail.sending" in findings
    assert [finding for finding in findings.values() if finding.level == "error"] == []
    assert all(finding.advice for finding in findings.values() if finding.level != "ok")
    said = made.cli("doctor")
    assert said.exit_code == 0, said.output
    document = json.loads(made.cli("doctor", "--json").output)
    assert document["level"] == health.worst(list(findings.values()))
    assert {check["id"] for check in document["checks"]} == set(findings)


def test_a_site_with_everything_wrong(host: Callable[..., Host], tmp_path: Path) -> None:
    """Each fault is found beside the others, and the command ends with status 1."""
    folder = tmp_path / "plugins"
    shutil.copytree(probes.FOLDER / "probe_one", folder / "probe_one")
    (folder / "broken").mkdir()
    (folder / "broken" / "plugin.toml").write_text("id = 7")
    made = host("probe_one", plugin_folders=(("home", folder),), base_url="http://crm.example.com")
    with made.work() as work, work.begin():
        work.session.execute(insert(AuditEntry).values(_audit(work.now + dt.timedelta(days=1))))
        late = {"created_at": work.now, "plugin": "probe_one", "kind": "probe_one.count", "arguments": {}}
        work.session.execute(insert(JobRow).values(**late, due_at=work.now - dt.timedelta(hours=3)))
        work.session.execute(insert(JobRow).values(**late, due_at=work.now, state="failed"))
        store_secret(work.session, "probe_one.key")
    lifecycle.suspend(made.site, "probe_one", "5 errors in 10 minutes", "")
    (made.site.config.home / "secret_key").write_text(made.site.config.secret_key)
    (made.site.config.home / "secret_key").chmod(0o644)
    with made.site.engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(text("UPDATE crmhost_alembic_version SET version_num = '0001'"))
    findings = found(made.site)
    wrong = {"key", "schema", "secrets", "clock", "plugin.probe_one", "queue"}
    assert {name for name, finding in findings.items() if finding.level == "error"} == wrong
    warned = {name for name, finding in findings.items() if finding.level == "warning"}
    assert {"address", "plugin.broken", "failed-jobs"} <= warned
    assert all(finding.advice for finding in findings.values() if finding.level != "ok")
    assert "probe_one.key" in findings["secrets"].message
    assert "3 hours" in findings["queue"].message
    said = made.cli("doctor")
    assert (said.exit_code, "6 to mend." in said.output) == (1, True)


def _audit(at: dt.datetime) -> dict[str, Any]:
    return {"at": at, "actor_kind": "system", "actor_label": "", "action": "x", "object_type": "x"}


def store_secret(session: Any, key: str) -> None:
    """A setting that was encrypted with a key that nobody has any more."""
    from crmhost.core.settings.models import StoredSetting
    from crmhost.core.settings.secrets import Cipher

    sealed, key_id = Cipher("a key that was lost 0123456789abcdef").encrypt("x", key)
    values = {"plugin": "probe_one", "key": key, "secret": sealed, "key_id": key_id}
    session.execute(insert(StoredSetting).values(**values, updated_at=dt.datetime.now(dt.UTC)))


@pytest.mark.database("sqlite")
def test_a_site_that_can_t_be_asked(tmp_path: Path, host: Callable[..., Host]) -> None:
    """Without its database the rest is looked at all the same; a site that was not set up says so."""
    home = tmp_path / "home"
    away = Site(make_config(home, "postgresql://nobody@127.0.0.1:1/none"), kind="test", clock=Clock())
    findings = found(away)
    assert (findings["home"].level, findings["database"].level) == ("ok", "error")
    assert "can't be reached" in findings["database"].message
    away.close()
    new = Site(make_config(home, f"sqlite:///{tmp_path}/new.sqlite"), kind="test", clock=Clock())
    assert found(new)["database"].advice == "Run “crmhost init” first."
    new.close()
    gone = host()
    gone.site.config = dataclasses.replace(gone.site.config, home=tmp_path / "nowhere", secret_key="short")
    findings = found(gone.site)
    assert [findings[name].level for name in ("home", "space", "key", "database")] == [
        "error",
        "error",
        "warning",
        "ok",
    ]


def test_processes_that_lag(host: Callable[..., Host], clock: Clock) -> None:
    """One that runs an older set of extensions is named."""
    from crmhost.host import beats

    made = host()
    beats.beat(made.site, made.site.runtime)
    assert found(made.site)["processes"].message == "Running now: 1 × test."
    with made.site.engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(update(HostState).values(generation=9))
    assert found(made.site)["processes"].level == "warning"
    clock.freeze()
    clock.move(minutes=5)
    assert found(made.site)["processes"].message == "Running now: none."
