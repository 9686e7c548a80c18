"""The Health page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import platform
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from ... import __version__
from ...host import beats
from ...host.builtin import BUILTIN
from ...host.health import Finding, examine
from ..extensions.words import process as process_name
from ..request import current_work, requires
from ..state import state

if TYPE_CHECKING:
    from ...site import Site

blueprint = Blueprint("health", __name__, url_prefix="/settings/health")

#: Libraries whose versions matter when something is asked about an installation.
LIBRARIES = ("Flask", "SQLAlchemy", "alembic", "pluggy")
_GRAVEST_FIRST = {"error": 0, "warning": 1}


@dataclasses.dataclass(frozen=True)
class Process:
    """A living process, as the page shows it.

    :param behind: it runs an older generation than the newest.
    """

    name: str
    generation: int
    behind: bool
    since: dt.datetime
    seen_at: dt.datetime
    restart_needed: list[str]
    failed: list[str]


@blueprint.get("")
@requires("health.view")
def index() -> ResponseReturnValue:
    """All checks, what is wrong first, then processes and versions."""
    work = current_work()
    site = state().site
    findings = examine(site, work.generation)
    wrong = sorted(
        (finding for finding in findings if finding.level != "ok"), key=lambda finding: _GRAVEST_FIRST[finding.level]
    )
    return render_template(
        "health/index.html",
        wrong=wrong,
        well=[finding for finding in findings if finding.level == "ok"],
        owners=_owners(site, findings),
        processes=_processes(site),
        newest=site.wanted().number,
        versions=_versions(site),
        plugins=[plugin.manifest for plugin in work.generation.plugins if not plugin.builtin],
        now=work.now,
        # In templates gettext takes its text for markup, which what a check says is not.
        said=gettext,
    )


def _owners(site: Site, findings: Sequence[Finding]) -> dict[str, str]:
    """Id of a finding -> the extension that it is about, as people know it; empty for the site's own."""
    found = site.discover().found
    return {
        finding.id: gettext(found[finding.plugin].manifest.name) if finding.plugin in found else finding.plugin
        for finding in findings
        if finding.plugin not in BUILTIN
    }


def _processes(site: Site) -> list[Process]:
    newest = site.wanted().number
    with site.engine.connect() as connection:
        return [
            Process(
                name=process_name(row.id),
                generation=row.generation,
                behind=row.generation < newest,
                since=row.since,
                seen_at=row.seen_at,
                restart_needed=list(row.restart_needed),
                failed=sorted(row.failed),
            )
            for row in beats.living(connection, site.clock())
        ]


def _versions(site: Site) -> list[tuple[str, str]]:
    dialect = site.engine.dialect
    database = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(dialect.name, dialect.name)
    number = ".".join(map(str, dialect.server_version_info or ()))
    return [
        ("crmhost", __version__),
        ("Python", platform.python_version()),
        (database, number),
        *((name, metadata.version(name)) for name in LIBRARIES),
        (platform.system(), platform.release()),
    ]
