"""``backup``, ``restore`` and ``db copy``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ..errors import CrmError
from ..host import backup as backups
from ..host.backup.manifest import Manifest
from . import common


class _Bars:
    """Shows one progress bar after the other on standard error."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._bar: Any = None

    def start(self, label: str, total: int) -> None:
        """Ends the bar that is shown and begins another."""
        self._stack.close()
        self._bar = None
        if not total:
            return
        bar = click.progressbar(length=total, label=label, show_pos=label != "Checking", file=sys.stderr)
        self._bar = self._stack.enter_context(bar)

    def advance(self, steps: int) -> None:
        """Moves the bar on."""
        if self._bar is not None:
            self._bar.update(steps)


@contextlib.contextmanager
def _progress(*, shown: bool) -> Iterator[backups.Progress]:
    """Bars on a terminal, else nothing."""
    if not shown or not sys.stderr.isatty():
        yield backups.Unseen()
        return
    with contextlib.ExitStack() as stack:
        yield _Bars(stack)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--with-key", is_flag=True, help="Put the secret key in: guard the file like a password.")
@common.json_option
def backup(file: Path, with_key: bool, as_json: bool) -> None:
    """Write all data and files of the site to FILE, while it runs."""
    with _progress(shown=not as_json) as progress:
        saved = backups.save(common.ready_site(), file, with_key=with_key, progress=progress)
    manifest = saved.manifest
    if as_json:
        document = {"file": str(file), "bytes": saved.size, **_described(manifest)}
        common.print_json({**document, "lost_files": saved.lost_files, "left_out": saved.left_out})
        return
    click.echo(
        f"{file}: {manifest.rows:,} rows of {len(manifest.tables)} tables and {manifest.files.count:,} files,"
        f" {saved.size / 1024**2:,.1f} MiB."
    )
    if saved.lost_files:
        click.echo(f"Files that were gone: {saved.lost_files:,}.", err=True)
    if saved.left_out:
        click.echo(f"Tables that are not the site's were left out: {', '.join(saved.left_out)}.", err=True)
    if with_key:
        click.echo("The file holds the secret key: whoever has it can read all stored secrets.")
    else:
        click.echo("The secret key is not in it: keep it apart, stored secrets can't be read without it.")


def _described(manifest: Manifest) -> dict[str, Any]:
    return {
        "crmhost": manifest.crmhost,
        "taken_at": manifest.taken_at.isoformat(),
        "database": manifest.database,
        "rows": manifest.rows,
        "tables": {entry.name: entry.rows for entry in manifest.tables},
        "files": manifest.files.count,
        "with_key": manifest.with_key,
    }


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only read the file and say whether it could be restored here.")
@click.option("--replace", is_flag=True, help="Drop what the database of this site has.")
@click.option("--yes", is_flag=True, help="Don't ask before replacing.")
@click.option("--without-missing", is_flag=True, help="Leave out tables of plugins whose code is not here.")
@common.json_option
def restore(file: Path, check: bool, replace: bool, yes: bool, without_missing: bool, as_json: bool) -> None:
    """Restore a backup into an empty site; all of it, or nothing."""
    site = common.the_site()
    if check:
        with _progress(shown=not as_json) as progress:
            manifest, problems = backups.check_file(site, file, progress=progress)
        _tell_check(file, manifest, problems, as_json)
        return
    if replace and not yes:
        click.confirm(f"Drop everything in the database of {site.config.home}?", abort=True, err=True)
    with _progress(shown=not as_json) as progress:
        done = backups.restore(site, file, replace=replace, without_missing=without_missing, progress=progress)
    if as_json:
        common.print_json(
            {
                **_described(done.manifest),
                "tables": done.counts,
                "rows": sum(done.counts.values()),
                "files": done.files,
                "lost_files": done.lost_files,
                "left_out": done.left_out,
                "zero_bytes": done.zero_bytes,
                "to_enter": done.to_enter,
                "key_restored": done.key_restored,
                "suspended": done.suspended,
            }
        )
        return
    _tell(done)


def _tell_check(file: Path, manifest: Manifest, problems: list[str], as_json: bool) -> None:
    if as_json:
        common.print_json({**_described(manifest), "problems": problems})
    else:
        click.echo(f"{file} is whole: {manifest.rows:,} rows, taken {manifest.taken_at:%Y-%m-%d %H:%M} UTC.")
    if problems:
        raise CrmError(" ".join(problems))


def _tell(done: backups.Restored) -> None:
    for name, count in done.counts.items():
        if count:
            click.echo(f"{name:<40} {count:>12,}")
    click.echo(f"{sum(done.counts.values()):,} rows and {done.files:,} files are restored; every table has its rows.")
    if done.lost_files:
        click.echo(f"Files that the backup does not hold: {done.lost_files:,}.", err=True)
    if done.left_out:
        click.echo(f"Left out: the tables of {', '.join(done.left_out)}.", err=True)
    _tell_zero_bytes(done.zero_bytes)
    for plugin, reason in done.suspended.items():
        click.echo(f"{plugin} is suspended: {reason}", err=True)
    if done.key_restored:
        click.echo("The secret key of the backup is in force.")
    elif done.manifest.with_key:
        click.echo("The backup's secret key was not taken: CRMHOST_SECRET_KEY or crmhost.toml give another.", err=True)
    if done.to_enter:
        click.echo(f"Enter these secrets again, or give the key they had: {', '.join(done.to_enter)}.", err=True)


def _tell_zero_bytes(count: int) -> None:
    if count:
        click.echo(f"Texts whose zero bytes were replaced, which PostgreSQL can't hold: {count:,}.", err=True)


@click.command("copy")
@click.argument("url")
@click.option("--live", is_flag=True, help="Copy although the site runs; the copy lacks what is written meanwhile.")
@click.option("--without-missing", is_flag=True, help="Leave out tables of plugins whose code is not here.")
@common.json_option
def copy(url: str, live: bool, without_missing: bool, as_json: bool) -> None:
    """Copy the database into the empty one at URL, such as postgresql://user@host/name, and compare."""
    with _progress(shown=not as_json) as progress:
        done = backups.copy(common.ready_site(), url, live=live, without_missing=without_missing, progress=progress)
    if as_json:
        tables = {name: {"source": source, "copy": copied} for name, (source, copied) in done.counts.items()}
        document = {"tables": tables, "differing": done.differing, "changed": done.changed}
        common.print_json({**document, "left_out": done.left_out, "zero_bytes": done.zero_bytes})
    else:
        for name, (source, copied) in done.counts.items():
            if source or copied:
                click.echo(f"{name:<40} {source:>12,} {copied:>12,}{'' if source == copied else '   differs'}")
        click.echo(f"{sum(copied for _, copied in done.counts.values()):,} rows are copied.")
        if done.left_out:
            click.echo(f"Left out: the tables of {', '.join(done.left_out)}.", err=True)
        _tell_zero_bytes(done.zero_bytes)
    if done.differing:
        raise CrmError(f"The numbers of rows differ in {', '.join(done.differing)}: don't use the copy.")
    if done.changed and not live:
        raise CrmError(
            "Somebody changed the site while it was copied; the copy lacks that. Stop the site and copy anew."
        )
    if done.changed and not as_json:
        click.echo("The site was changed while it was copied; the copy lacks that.", err=True)


COMMANDS = (backup, restore)
