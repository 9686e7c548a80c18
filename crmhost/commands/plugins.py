"""``plugin``, ``theme`` and ``hooks``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from ..errors import CrmError
from ..host import beats, consent, costs, grants, lifecycle, pack, resolver, scaffold
from ..host import check as checks
from ..host import uninstall as removal
from ..host.hookcall import HookCaller
from ..site import Site
from . import common
from .translate import translate


@click.group()
def plugin() -> None:
    """See and switch plugins."""


@plugin.command("list")
@common.json_option
def list_plugins(as_json: bool) -> None:
    """All plugins that were found, and their state."""
    site = common.the_site()
    discovery = site.discover()
    states = site.wanted().states if site.ready else {}
    waiting = consent.waiting(discovery, states)
    rows: list[dict[str, Any]] = [
        {
            "id": found.id,
            "name": found.manifest.name,
            "version": found.manifest.version,
            "state": "waiting" if found.id in waiting else states[found.id].state if found.id in states else "disabled",
            "origin": found.origin,
            "summary": found.manifest.summary,
            "needs": dict(found.manifest.needs),
            "problem": waiting.get(found.id) or (states[found.id].reason if found.id in states else ""),
        }
        for found in discovery.found.values()
    ]
    rows += [
        {"id": broken.id, "name": broken.id, "version": "", "state": "broken", "origin": broken.origin, "summary": "",
         "needs": {}, "problem": broken.reason}
        for broken in discovery.broken
    ]  # fmt: skip
    gone = set(states) - {row["id"] for row in rows}
    rows += [
        {"id": name, "name": name, "version": states[name].version, "state": "missing", "origin": "", "summary": "",
         "needs": {}, "problem": "Its files are gone; its data is still there."}
        for name in gone
    ]  # fmt: skip
    rows.sort(key=lambda row: str(row["id"]))
    if as_json:
        common.print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['state']:<10} {row['id']:<20} {row['version']:<8} {row['problem'] or row['summary']}")
    if not rows:
        click.echo("No plugins were found.")


def _switch(names: tuple[str, ...], done: str, switch: Callable[[], lifecycle.Switched]) -> None:
    switched = switch()
    found = common.the_site().discover().found
    asked = [name for name in names if name in found]
    needed = {other for name in asked for other in resolver.needs(found, name)} if done == "enabled" else set()
    for name in switched.plugins:
        ends = found[name].manifest.auto_enable_with if name in found else ()
        if name in names:
            why = ""
        elif name in needed:
            why = " (needed)"
        elif ends:
            why = f" (connects {' and '.join(ends)})"
        else:
            why = " (needs it)"
        click.echo(f"{name} {done}{why}")
    for name in names:
        if name not in switched.plugins:
            click.echo(f"{name} was {done} already")
    if switched.lagging:
        click.echo(f"not followed yet: {', '.join(switched.lagging)}", err=True)


def _tell_older_code(site: Site, names: Iterable[str]) -> None:
    """Says which plugins run with older code than the disk holds: a process imports a plugin once."""
    with site.engine.connect() as connection:
        older = {name for process in beats.living(connection, site.clock()) for name in process.restart_needed}
    for name in sorted(older.intersection(names)):
        click.echo(
            f"{name}: a running process imported older code; restart the site to run what is on the disk.", err=True
        )


@plugin.command()
@click.argument("names", nargs=-1, required=True)
def enable(names: tuple[str, ...]) -> None:
    """Enable plugins, and what they need, on the running site. Agrees to what an update of one that waits asks for.

    Code that a process imported before runs on until the site is restarted.
    """
    site = common.ready_site()
    discovery, _, chain = lifecycle.plan_enable(site, names)
    for name in chain:
        for sentence in grants.sentences(discovery.found[name].manifest.grants):
            click.echo(f"{name} may: {sentence}")
    _switch(names, "enabled", lambda: lifecycle.enable(site, names))
    _tell_older_code(site, {*names, *chain})


@plugin.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--with-dependents", is_flag=True, help="Also those that need them.")
def disable(names: tuple[str, ...], with_dependents: bool) -> None:
    """Disable plugins on the running site; their data stays."""
    site = common.ready_site()
    _switch(names, "disabled", lambda: lifecycle.disable(site, names, with_dependents=with_dependents))


@plugin.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option(
    "--export",
    "export_to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write its rows and files here first (ZIP).",
)
def uninstall(name: str, yes: bool, export_to: Path | None) -> None:
    """Disable a plugin and drop all that it stored."""
    site = common.ready_site()
    sizes = removal.preview(site, name)
    if name not in site.wanted().states and not sizes:
        raise CrmError(f"Nothing is stored by “{name}”, so there is nothing to uninstall.")
    for size in sizes:
        click.echo(f"{size.name}: {size.rows} rows")
    if not yes and click.prompt(f"Type {name} to drop this for good", default="", show_default=False) != name:
        raise CrmError("Nothing was dropped.")
    dropped = removal.uninstall(site, name, export_to=export_to)
    click.echo(f"{name} is gone ({len(dropped)} tables dropped).")


@plugin.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def install(path: Path) -> None:
    """Copy a plugin, a folder or a ZIP, into the home's plugins/; enable it afterwards."""
    from ..host import install as installing

    site = common.the_site()
    manifest = installing.install(site, path)
    click.echo(f"{manifest.id} {manifest.version} is installed; “crmhost plugin enable {manifest.id}” switches it on.")


@plugin.command()
@click.argument("name")
def new(name: str) -> None:
    """Make a new plugin in the home's plugins/, one that works and whose tests pass."""
    site = common.the_site()
    made = scaffold.new_plugin(site.config.home / "plugins", name, site.discover().found)
    click.echo(f"Made {made}; “crmhost plugin enable {made.name}” switches it on.")


@plugin.command()
@click.argument("path", type=click.Path(path_type=Path))
@common.json_option
def check(path: Path, as_json: bool) -> None:
    """Tell what is wrong with a plugin."""
    found = checks.check(path)
    if as_json:
        common.print_json([finding.__dict__ for finding in found])
    else:
        for finding in found:
            click.echo(str(finding))
    errors = [finding for finding in found if finding.level == "error"]
    if errors:
        raise CrmError(f"{len(errors)} to mend.")
    if not as_json:
        click.echo("Nothing to mend.")


@plugin.command("pack")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder or file to write, the current folder by default.",
)
def pack_plugin(path: Path, output: Path) -> None:
    """Make a ZIP of a plugin, ID-VERSION.zip in the current folder, the same for the same files."""
    import hashlib

    made = pack.pack(path, output)
    click.echo(f"{made}\nsha256 {hashlib.sha256(made.read_bytes()).hexdigest()}")


plugin.add_command(translate)


@click.group()
def hooks() -> None:
    """Who listens to what."""


@click.command("list")
def list_hooks() -> None:
    """All hooks with the number of implementations."""
    caller = common.ready_site().runtime.current().hooks
    for name in sorted(caller.specs):
        click.echo(f"{name:<28} {caller.specs[name].kind:<8} {len(caller.implementations(name))}")


@click.command("show")
@click.argument("name")
def show_hook(name: str) -> None:
    """Who is called for a hook, in which order, at what cost in the last hour."""
    site = common.ready_site()
    caller: HookCaller = site.runtime.current().hooks
    if name not in caller.specs:
        raise CrmError(f"There is no hook “{name}”; “crmhost hooks list” shows them.")
    click.echo(f"{name} ({caller.specs[name].kind}, since {caller.specs[name].since})")
    with site.engine.connect() as connection:
        spent_by = costs.last_hour(connection, site.clock())
    for place, item in enumerate(caller.implementations(name), 1):
        cost = spent_by.get(item.plugin)
        spent = (
            f"{cost.milliseconds:.1f} ms in {cost.calls} calls, {cost.errors} errors" if cost else "not measured yet"
        )
        click.echo(f"{place}. {item.plugin} (order {item.order}): all its hooks of the last hour {spent}")


hooks.add_command(list_hooks)
hooks.add_command(show_hook)


@click.group()
def theme() -> None:
    """See and switch themes."""


@theme.command("list")
@common.json_option
def list_themes(as_json: bool) -> None:
    """All themes that were found; the active one has a star."""
    from ..web.templating import plain
    from ..web.themes import services as themes

    site = common.ready_site()
    with site.work() as work:
        active = themes.active(work)
        rows = [
            {
                "id": found.id,
                "name": found.title,
                "version": found.theme.version if found.theme else "",
                "active": found.id == active,
                "problem": found.fault,
            }
            for found in themes.catalogue(work, plain)
        ]
    if as_json:
        common.print_json(rows)
        return
    for row in rows:
        click.echo(f"{'*' if row['active'] else ' '} {row['id']:<20} {row['name']:<20} {row['problem']}".rstrip())


@theme.command()
@click.argument("name")
def activate(name: str) -> None:
    """Use a theme, at once."""
    from ..web.templating import plain
    from ..web.themes import services as themes

    site = common.ready_site()
    with site.work() as work, work.begin():
        themes.activate(work, name, plain)
    click.echo(f"{name} is active.")


@theme.command("check")
@click.argument("name")
def check_theme(name: str) -> None:
    """Say what is wrong with a theme: templates, tokens, contrast of its colours."""
    from ..web.templating import CORE_OWNER, CORE_TEMPLATES, plain
    from ..web.themes import services as themes

    site = common.the_site()
    known = {found.id: found.folder / "templates" for found in site.discover().found.values()}
    known |= {plugin.id: plugin.folder / "templates" for plugin in site.runtime.current().plugins if plugin.builtin}
    errors, warnings = themes.check(site.config.theme_folders, name, plain, {**known, CORE_OWNER: CORE_TEMPLATES})
    for sentence in warnings:
        click.echo(f"warning: {sentence}")
    if errors:
        raise CrmError(errors[0])
    click.echo(f"{name} can be used." if warnings else f"{name} is well.")


COMMANDS = (plugin, theme, hooks)
