"""``crmhost sales-dashboard verify``."""

from __future__ import annotations

import itertools
import sys

import click

from crmhost.api import Site

from . import summing, verifying

#: Differences that are listed.
_SHOWN = 100


@click.group("sales-dashboard", help="The figures of the sales dashboard.")
def commands() -> None:
    """The commands of the sales dashboard."""


@commands.command("verify")
@click.option("--rebuild", is_flag=True, help="Make everything anew first.")
@click.pass_obj
def verify(site: Site, rebuild: bool) -> None:
    """Compare all that is kept with plain SQL over the transactions; status 1 when something differs."""
    with site.work() as work:
        if rebuild:
            summing.make_anew(work)
        if not work.settings.get(summing.FRESH):
            click.echo("The figures are being made anew, and read from the transactions meanwhile.")
            return
        found = list(itertools.islice(verifying.differences(work), _SHOWN + 1))
    for line in found[:_SHOWN]:
        click.echo(line)
    if len(found) > _SHOWN:
        click.echo("… and more.")
    if found:
        click.echo("Mend it with: crmhost sales-dashboard verify --rebuild", err=True)
        sys.exit(1)
    click.echo("All that is kept is what the transactions say.")
