"""What holds for every plugin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from crmhost.api import files
from crmhost.config import checkout
from crmhost.core.contacts.models import ExternalId, SearchDocument
from crmhost.core.settings.models import StoredSetting
from crmhost.core.users.models import Role
from crmhost.host import builtin, resolver
from crmhost.host.check import check
from crmhost.host.manifest import read_manifest
from crmhost.host.shape import shape_of
from crmhost.host.tables import Fault, HookCost, PluginState
from crmhost.testing import Host
from crmhost.work.tables import JobRow
from tests.conformance.conftest import ADA, BUNDLED, Seen, finds, seen
from tests.conformance.routes import THERE, addresses, answers_of, differing_roles, too_large
from tests.pages import differences

if TYPE_CHECKING:
    from flask.testing import FlaskClient


def test_in_order(folder: Path) -> None:
    """The check that authors run finds nothing; there is a README with more than a title, and there are tests."""
    assert [str(finding) for finding in check(folder)] == []
    assert len((folder / "README.md").read_text(encoding="utf-8").splitlines()) > 2
    assert list((folder / "tests").glob("test_*.py"))
    manifest = read_manifest(folder)
    assert manifest.summary
    assert manifest.licence


def test_trials(sqlite_template: Path, tmp_path: Path) -> None:
    """Each bundled plugin passes the trial that enabling it makes, in a process that no other plugin was in."""
    command = [sys.executable, "-m", "tests.conformance.trials", sqlite_template, tmp_path]
    done = subprocess.run(
        [*command, *(folder.name for folder in BUNDLED)], cwd=checkout(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "{}"), done.stderr


def test_life(site: Host, folder: Path, database: str, untouched: Callable[[Path], Seen]) -> None:
    """Disabled it leaves no trace in pages and addresses, enabled again it is as before, uninstalled nothing of it is left."""
    name = folder.name
    person = site.make.contact(**ADA)
    client = site.client()
    some = ["/", "/contacts/", f"/contacts/{person}", "/settings/"]
    # What pages show is the same on both databases; every page of a site without plugins is looked at once for all of them.
    before = untouched(folder) if database == "sqlite" else seen(site, client, some)
    rules, left = rules_of(site), traces(site)

    chain = site.enable(name).plugins
    assert name in chain
    assert dict(site.generation.failed) == {}
    on, rules_on = seen(site, client, some), rules_of(site)
    assert {status for status, _ in on.values()} <= {200, 302}
    assert use(site, client) == []

    with site.work() as work:
        staged = files.stage(work, b"left", name="left.txt", owner=name)
        with work.begin():
            files.store(work, staged)

    site.disable(*chain)
    assert rules_of(site) == rules
    assert differences(before, seen(site, client, before)) == []

    site.enable(name)
    assert rules_of(site) == rules_on
    assert differences(on, seen(site, client, some)) == []
    assert site.upgrade() == {}

    for plugin in reversed(chain):
        site.uninstall(plugin)
    # Addresses and traces are all that pages are made of.
    assert rules_of(site) == rules
    assert differences({address: before[address] for address in some}, seen(site, client, some)) == []
    assert traces(site) == left
    assert site.faults() == []


def test_routes(host: Callable[..., Host], folder: Path, database: str) -> None:
    """Each of its addresses answers everybody with a page or a plain refusal, and nobody without being signed in."""
    site = host(folder.name, **finds(folder))
    site.make.contact(**ADA)
    # Who is refused never comes to the database: there, what an admin may ask is enough.
    everybody = database == "sqlite"
    roles = differing_roles(site) if everybody else ["Admin"]
    wrong = [answer for answer in answers_of(site, folder.name, roles, strangers=everybody) if answer.wrong]
    assert wrong == []
    assert too_large(site, folder.name) == []
    assert site.faults() == []


@pytest.mark.database("sqlite")
def test_needs(site: Host, folder: Path) -> None:
    """It runs with what its manifest says it needs, and nothing else."""
    found = site.site.discover().found
    assert set(resolver.needs(found, folder.name)) == {folder.name, *found[folder.name].manifest.needs} - set(
        builtin.BUILTIN
    )


# --- what a site is made of ------------------------------------------------------------------------------------------


def rules_of(site: Host) -> list[str]:
    """All addresses with methods and endpoints."""
    app = site.generation.app
    assert app is not None
    return sorted(f"{rule.rule} {sorted(rule.methods or ())} {rule.endpoint}" for rule in app.url_map.iter_rules())


def use(site: Host, client: FlaskClient) -> list[str]:
    """Opens its pages as an admin, so that what is done at the first use is done; gives what failed."""
    failed = []
    for address in addresses(site, {plugin.id for plugin in site.generation.plugins if not plugin.builtin}):
        if address.number != THERE:
            continue
        with client.get(address.path, follow_redirects=True) as answer:
            if answer.status_code >= 500:
                failed.append(f"{address.path}: {answer.status_code}")
    return failed


def traces(site: Host) -> dict[str, object]:
    """Everything that a plugin can leave behind: tables, settings, grants, jobs, states, records, files."""
    with site.site.engine.connect() as connection:
        shape = shape_of(connection)
    with site.site.sessions() as session:
        return {
            "shape": shape,
            "settings": session.scalars(select(StoredSetting.key)).all(),
            "grants": {role.name: sorted(role.permissions) for role in session.scalars(select(Role))},
            "jobs": session.scalars(select(JobRow.kind)).all(),
            "states": session.scalars(select(PluginState.id)).all(),
            "faults": session.scalars(select(Fault.plugin)).all() + session.scalars(select(HookCost.plugin)).all(),
            "found": sorted(session.scalars(select(SearchDocument.owner)).all()),
            "external": session.scalars(select(ExternalId.source)).all(),
            "files": sorted(_files(site.site.config.home)),
        }


def _files(home: Path) -> Iterator[str]:
    for path in home.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(home))
