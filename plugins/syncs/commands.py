"""The commands that every source has: connect, sync, reconcile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import click

from crmhost.api import CrmError, GiveUp, Money, RetryLater, Site, Work

from . import connections, reconciling, running
from .models import Connection

#: Pauses that a command waits for, and how often in a row, before it gives up.
_LONGEST, _TRIES = 60.0, 8


class Terminal:
    """Told how far a reading is, on a terminal."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.key = running.process_key()
        self._shown = 0.0

    def check(self) -> None:
        """Nobody can stop it but by the keyboard."""

    def progress(self, done: int, total: int = 0, text: str = "") -> None:
        """A line that is written anew, on a terminal only."""
        moment = time.monotonic()
        if sys.stderr.isatty() and moment - self._shown > 0.2:
            self._shown = moment
            click.echo(f"\r{text} {done:,}{f' of {total:,}' if total else ''}  ", nl=False, err=True)


def group(
    source_id: str, name: str, help_: str, connect: Callable[..., dict[str, Any]], options: list[Any]
) -> click.Group:
    """The commands of a source: ``connect``, ``sync`` and ``reconcile``.

    :param source_id: id of the source.
    :param name: what it is called by: ``crmhost NAME …``.
    :param connect: gets the options of ``connect``, gives the fields of the connection, ``name`` among them.
    :param options: ``click.option`` decorators of ``connect``.
    """

    @click.group(name, help=help_)
    def commands() -> None:
        pass

    def connect_command(site: Site, **given: Any) -> None:
        with site.work() as work:
            source = connections.source_of(work, source_id)
            fields = connect(**given)
            known = next((one for one in connections.all_of(work, source_id) if one.name == fields["name"]), None)
            if known is not None:
                connections.check_account(work, source, fields, known.id, unreachable=True)
            with work.begin():
                one = connections.save(work, source, fields, known.id if known is not None else None, unreachable=True)
                number = one.id
                work.enqueue("syncs.run", dedupe=str(number), connection_id=number)
            one = connections.get(work, number)
            for finding in connections.test(work, one):
                if not finding.fine:
                    click.echo(f"Warning: {finding.text}", err=True)
            click.echo(f"“{one.name}” is connected. Webhooks go to {work.base_url}/hooks/{source_id}/{one.key}")

    for option in reversed(options):
        connect_command = option(connect_command)
    commands.command("connect", help="Connect, or change the keys of the connection of that name.")(
        click.pass_obj(connect_command)
    )

    @commands.command("sync")
    @click.option("--full", is_flag=True, help="Everything once more, not only what changed.")
    @click.option("--name", default="", help="This connection alone.")
    @click.pass_obj
    def sync_command(site: Site, full: bool, name: str) -> None:
        """Read what is new now, here."""
        with site.work() as work:
            for one in _chosen(work, source_id, name):
                done = _patiently(lambda number=one.id: running.run(Terminal(work), number, full=full))  # type: ignore[misc]
                aside = f", {done.aside:,} set aside" if done.aside else ""
                click.echo(
                    f"{one.name}: {done.added:,} new, {done.updated:,} changed, {done.unchanged:,} as before{aside}."
                )

    @commands.command("reconcile")
    @click.option("--name", default="", help="This connection alone.")
    @click.pass_obj
    def reconcile_command(site: Site, name: str) -> None:
        """Compare both sides month by month."""
        with site.work() as work:
            for one in _chosen(work, source_id, name):
                number = _patiently(lambda number=one.id: reconciling.compare(Terminal(work), number))  # type: ignore[misc]
                click.echo(f"{one.name}:")
                for month in reconciling.months_of(work, one):
                    theirs, ours = Money(month.their_sum, month.currency), Money(month.our_sum, month.currency)
                    sign = "=" if (theirs, month.their_number) == (ours, month.our_number) else "differs:"
                    click.echo(
                        f"  {month.month:%Y-%m}  {sign} there {month.their_number:,} {theirs}, here {month.our_number:,} {ours}"
                    )
                for row in reconciling.differences_of(work, one):
                    click.echo(f"  {row.month:%Y-%m}  {row.kind} {row.external_id}: {_told(row)}")
                click.echo("  Both sides agree." if not number else f"  {number:,} records differ.")

    return commands


def _told(row: Any) -> str:
    shown = [str(Money(amount, row.currency)) if amount is not None else "nothing" for amount in (row.theirs, row.ours)]
    return f"there {shown[0]}, here {shown[1]}"


def _chosen(work: Work, source_id: str, name: str) -> list[Connection]:
    found = [one for one in connections.all_of(work, source_id) if not name or one.name == name]
    if not found:
        raise CrmError("Nothing is connected under this name: connect it first.")
    return found


def _patiently(run: Callable[[], Any]) -> Any:
    """Runs it, and waits where the other side asks for it."""
    for attempt in range(1, _TRIES + 1):
        try:
            return run()
        except GiveUp as error:
            raise CrmError(error.why) from error
        except RetryLater as error:
            if error.seconds > _LONGEST or attempt == _TRIES:
                raise CrmError(error.why) from error
            time.sleep(error.seconds)
    raise AssertionError("unreachable")
