"""The trial: a child process enables plugins on a scratch database, opens their pages, and says how it went.

What it tries: import, hook specifications, names, mappers, migrations up, down and up again, foreign keys, ``on_enable``,
the application, and every page that takes no argument. Nothing of it touches the running site.

Run as ``python -m crmhost.host.trial``: reads one JSON document from standard input, writes one to standard output.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, text

from ..config import Config, checkout
from ..errors import PluginError
from .attribution import record_fault

if TYPE_CHECKING:
    from ..site import Site
    from .registry import Found

#: Seconds that a trial may take.
LIMIT = 120
_MARK = "crmhost-trial:"


def failed(plugin: str, what: str, error: BaseException, *, keep: bool = False) -> PluginError:
    """A :class:`PluginError` from an exception of the plugin's own.

    :param keep: also note it as a fault of the plugin.
    """
    if keep:
        record_fault(plugin, what, error)
    detail = "".join(traceback.format_exception(error))
    return PluginError(plugin, f"{what[:1].upper()}{what[1:]}: {type(error).__name__}: {error}"[:500], traceback=detail)


def run(site: Site, enabled: Sequence[str], tried: Sequence[str]) -> None:
    """Tries plugins in a child process.

    :param enabled: ids of all that would run, the tried ones among them.
    :raises PluginError: naming the plugin that failed, with the child's traceback.
    """
    config = dataclasses.asdict(site.config)
    order = json.dumps({"config": config, "enabled": list(enabled), "tried": list(tried)}, default=str)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crmhost.host.trial"],
            input=order,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            cwd=checkout(),
        )
    except subprocess.TimeoutExpired as error:
        raise PluginError(tried[0], f"Its trial did not end within {LIMIT} s.") from error
    answers = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    if not answers:
        detail = (done.stderr or done.stdout)[-8000:]
        raise PluginError(
            tried[0], f"It ended the process that tried it (exit status {done.returncode}).", traceback=detail
        )
    answer = json.loads(answers[-1].removeprefix(_MARK))
    if answer["plugin"]:
        raise PluginError(answer["plugin"], answer["message"], traceback=answer["traceback"])


# --- in the child ----------------------------------------------------------------------------------------------------


def main() -> int:
    """Runs the trial that standard input describes."""
    order = json.load(sys.stdin)
    answer = {"plugin": "", "message": "", "traceback": ""}
    try:
        with tempfile.TemporaryDirectory(prefix="crmhost-trial-") as folder:
            _try_on_scratch(_config(order["config"]), Path(folder), order["enabled"], order["tried"])
    except PluginError as error:
        answer = {
            "plugin": error.plugin,
            "message": error.message,
            "traceback": error.traceback or traceback.format_exc(),
        }
    except (Exception, SystemExit) as error:
        problem = failed(order["tried"][0], "its trial failed", error)
        answer = {"plugin": problem.plugin, "message": problem.message, "traceback": problem.traceback}
    sys.stdout.write(f"\n{_MARK}{json.dumps(answer)}\n")
    sys.stdout.flush()
    return 0


def _config(values: dict[str, Any]) -> Config:
    values["home"] = Path(values["home"])
    values["plugin_folders"] = tuple((origin, Path(folder)) for origin, folder in values["plugin_folders"])
    values["theme_folders"] = tuple(Path(folder) for folder in values["theme_folders"])
    values["allow_private_hosts"] = tuple(values["allow_private_hosts"])
    return Config(**values)


def _try_on_scratch(config: Config, folder: Path, enabled: list[str], tried: list[str]) -> None:
    from ..db import make_engine
    from ..site import Site

    postgresql = config.database_url.startswith("postgres")
    if not postgresql:
        scratch = dataclasses.replace(config, database_url=f"sqlite:///{folder / 'trial.sqlite'}", safe_mode=False)
        _try(Site(scratch, kind="test"), enabled, tried)
        return
    # A schema of its own in the site's database: needs no right to make databases, and is the very server that will run it.
    schema = f"crmhost_trial_{secrets.token_hex(6)}"
    outside: Engine = make_engine(config.database_url)
    with outside.begin() as connection:
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    try:
        scratch = dataclasses.replace(config, search_path=f"{schema},public", safe_mode=False)
        _try(Site(scratch, kind="test"), enabled, tried)
    finally:
        with outside.begin() as connection:
            connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
        outside.dispose()


def _try(site: Site, enabled: list[str], tried: list[str]) -> None:
    from ..core.users import services as users
    from . import lifecycle, schema, setup

    try:
        site.upgrade_core()
        setup.first_rows(site)
        with site.work() as work, work.begin():
            admin = users.create(work, "trial@example.com", "Admin", password=secrets.token_urlsafe(16))
            token = users.open_session(work, admin)
        discovery = site.discover()
        order, refused = site.plan_of(discovery, enabled, {})
        for plugin in tried:
            if plugin in refused:
                raise PluginError(plugin, refused[plugin])
        for found in order:
            if found.id in tried:
                _up_and_down(site, found)
        lifecycle.enable(site, enabled, try_first=False)
        _configure_mappers(tried)
        _open_pages(site, tried, token)
        with site.engine.connect() as connection:
            for plugin in tried:
                schema.check_foreign_keys(connection, plugin, discovery.found)
    finally:
        site.close()


def _up_and_down(site: Site, found: Found) -> None:
    """Migrates up and down, so that uninstalling is known to work; enabling then migrates up again."""
    from . import migrate, schema

    versions = found.folder / "migrations" / "versions"
    known = site.discover().found
    try:
        with migrate.schema_transaction(site.engine) as connection:
            migrate.migrate(connection, found.id, versions)
        with migrate.schema_transaction(site.engine) as connection:
            migrate.migrate(connection, found.id, versions, "base")
        with site.engine.connect() as connection:
            left = schema.tables_of(connection, found.id, known)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        raise failed(found.id, "its migration failed", error) from error
    if left:
        raise PluginError(found.id, f"Its migrations leave {', '.join(left)} behind when they are taken back.")


def _configure_mappers(tried: Sequence[str]) -> None:
    from sqlalchemy.orm import configure_mappers

    try:
        configure_mappers()
    except Exception as error:
        raise failed(tried[-1], "its models can't be used", error) from error


def _open_pages(site: Site, tried: Sequence[str], token: str) -> None:
    """Opens every page that takes no argument, as an admin; a page that fails refuses the plugin."""
    from ..web.request import COOKIE

    app = site.runtime.current().app
    assert app is not None
    client = app.test_client()
    client.set_cookie(COOKIE, token)
    own = {
        rule.rule: plugin
        for rule in app.url_map.iter_rules()
        for plugin in tried
        if rule.endpoint.partition(".")[0].startswith(plugin) and not rule.arguments and "GET" in (rule.methods or ())
    }
    shared = ["/", "/contacts/", "/settings/"]
    for address in [*own, *shared]:
        answer = client.get(address, follow_redirects=True)
        answer.close()
        if answer.status_code >= 500:
            from .attribution import meter

            _, faults = meter.take()
            plugin = own.get(address) or next((fault.plugin for fault in faults if fault.plugin in tried), tried[-1])
            detail = next((fault.traceback for fault in faults if fault.plugin == plugin), "")
            last = detail.strip().splitlines()[-1] if detail else f"status {answer.status_code}"
            raise PluginError(plugin, f"Its page {address} fails: {last}"[:500], traceback=detail)


if __name__ == "__main__":
    raise SystemExit(main())
