"""``db`` and ``doctor``."""

from __future__ import annotations

import dataclasses

import click

from ..errors import CrmError
from ..host import health, migrate, setup
from . import backup, common


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Bring the tables of the core and of all enabled plugins to the code."""
    failed = setup.bring_up_to_date(common.the_site())
    for plugin, reason in failed.items():
        click.echo(f"{plugin} is suspended: {reason}", err=True)
    if failed:
        raise CrmError("Not all plugins could be upgraded.")
    click.echo("All tables are up to date.")


@db.command()
def status() -> None:
    """Which revision each part of the database has, and which the code has."""
    site = common.ready_site()
    found = site.discover().found
    owners = {migrate.CORE: migrate.CORE_VERSIONS}
    owners |= {
        name: found[name].folder / "migrations" / "versions" for name in sorted(site.wanted().states) if name in found
    }
    with site.engine.connect() as connection:
        for owner, versions in owners.items():
            have, want = migrate.current(connection, owner), migrate.head(owner, versions)
            note = "" if have == want else "   behind: run “crmhost db upgrade”"
            click.echo(f"{owner:<20} {have or '-':<16} {want or '-':<16}{note}")


db.add_command(backup.copy)


@click.command()
@common.json_option
def doctor(as_json: bool) -> None:
    """Look at the installation and say what to do."""
    findings = health.examine(common.the_site())
    wrong = sum(finding.level == "error" for finding in findings)
    if as_json:
        common.print_json({"level": health.worst(findings), "checks": [dataclasses.asdict(item) for item in findings]})
    else:
        for finding in findings:
            click.echo(f"{finding.level:<8} {finding.name}: {finding.message} {finding.advice}".rstrip())
    if wrong:
        raise CrmError(f"{wrong} to mend.")


COMMANDS = (db, doctor)
