"""Commands of probe one."""

from __future__ import annotations

from typing import Any

import click

from . import services


@click.group("probe-one")
def group() -> None:
    """Scores on the command line."""


@group.command()
@click.argument("contact", type=int)
@click.argument("points", type=int)
@click.pass_obj
def give(site: Any, contact: int, points: int) -> None:
    """Give points to a contact."""
    with site.work() as work, work.begin():
        services.give(work, contact, points, source="command")
    click.echo(f"Contact {contact} got {points} points.")


@group.command()
@click.pass_obj
def total(site: Any) -> None:
    """Print the points of all contacts."""
    with site.work() as work:
        click.echo(services.grand_total(work))
