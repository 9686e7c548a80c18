"""``db`` and ``doctor``."""

from __future__ import annotations

import click
from sqlalchemy import inspect

from ..contributions import Health
from ..errors import CrmError
from ..host import migrate, setup
from . import common


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


@click.command()
def doctor() -> None:
    """Look at the installation and say what to do."""
    site = common.the_site()
    problems = 0
    if not site.ready:
        raise CrmError("This site is not set up yet: run “crmhost init” first.")
    with site.engine.connect() as connection:
        tables = len(inspect(connection).get_table_names())
        behind = migrate.current(connection, migrate.CORE) != migrate.head(migrate.CORE, migrate.CORE_VERSIONS)
    click.echo(f"ok       database reached, {tables} tables")
    if behind:
        problems += 1
        click.echo("problem  the core's tables are behind the code: run “crmhost db upgrade”")
    generation = site.runtime.current()
    for plugin, reason in generation.failed.items():
        problems += 1
        click.echo(f"problem  {plugin}: {reason}")
    for state in site.wanted().states.values():
        if state.state == "suspended":
            problems += 1
            click.echo(f"problem  {state.id} is suspended: {state.reason}")
    with site.work(generation=generation) as work:
        for item in generation.contributions("health_checks"):
            health = generation.run(
                item.plugin, f"health check {item.id}", item.check, work, default=None, gives=Health
            )
            if health is None:
                problems += 1
                click.echo(f"problem  the check “{item.label}” of {item.plugin} failed")
            else:
                problems += health.level == "error"
                click.echo(f"{health.level:<8} {item.label}: {health.message} {health.advice}".rstrip())
    if problems:
        raise CrmError(f"{problems} to mend.")


COMMANDS = (db, doctor)
