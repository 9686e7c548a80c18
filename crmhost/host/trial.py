"""The trial: a child process enables plugins on a scratch database, opens their pages, and says how it went.

What it tries: import, hook specifications, names, mappers, migrations up, down and up again, foreign keys, ``on_enable``,
the application, and every page that takes no argument. Nothing of it touches the running site.

Run as ``python -m crmhost.host.trial``: reads one JSON document from standard input, writes one to standard output.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase

from ..config import Config, checkout
from ..db import Base
from ..errors import PluginError
from .attribution import meter, record_fault

if TYPE_CHECKING:
    from ..site import Site
    from .registry import Found

#: Seconds that a trial may take.
LIMIT = 120
#: Bytes that a trial may write.
MAX_OUTPUT = 4 * 1024 * 1024
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
    with _scratch(site) as schema:
        order = {
            "config": dataclasses.asdict(site.config),
            "schema": schema,
            "enabled": list(enabled),
            "tried": list(tried),
        }
        status, output, errors = _child(json.dumps(order, default=str), tried[0])
    answers = [line for line in output.splitlines() if line.startswith(_MARK)]
    if not answers:
        detail = (errors or output)[-8000:]
        raise PluginError(tried[0], f"It ended the process that tried it (exit status {status}).", traceback=detail)
    answer = json.loads(answers[-1].removeprefix(_MARK))
    if answer["plugin"]:
        raise PluginError(answer["plugin"], answer["message"], traceback=answer["traceback"])


@contextlib.contextmanager
def _scratch(site: Site) -> Iterator[str]:
    """A schema of its own in the site's PostgreSQL database; its name, empty on SQLite, where the child uses a file.

    It needs no right to make databases, and is on the very server that will run the plugin. It is made and dropped here,
    because the child may be ended at any moment.
    """
    if site.engine.dialect.name != "postgresql":
        yield ""
        return
    schema = f"crmhost_trial_{secrets.token_hex(6)}"
    with site.engine.begin() as connection:
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    try:
        yield schema
    finally:
        with site.engine.begin() as connection:
            # What the child was doing when it was ended may hold locks for a moment.
            connection.execute(text("SET LOCAL lock_timeout = '20s'"))
            connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))


def _child(order: str, plugin: str) -> tuple[int, str, str]:
    """Runs the child to its end; gives its exit status and what it wrote.

    :raises PluginError: naming the plugin, when it takes too long or writes too much.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "crmhost.host.trial"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=checkout(),
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    readers = [_Reader(child.stdout, child), _Reader(child.stderr, child)]
    try:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(order.encode())
            child.stdin.close()
        child.wait(LIMIT)
        for reader in readers:
            reader.join(5)
    except subprocess.TimeoutExpired as error:
        raise PluginError(plugin, f"Its trial did not end within {LIMIT} s.") from error
    finally:
        _kill(child)
    if any(reader.too_much for reader in readers):
        raise PluginError(plugin, "It writes without end when it is tried.", traceback=readers[1].text[-8000:])
    return child.returncode, readers[0].text, readers[1].text


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


class _Reader(threading.Thread):
    """Reads what the child writes; ends the child when that is too much to be kept."""

    def __init__(self, stream: IO[bytes], child: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self.too_much = False
        self._stream = stream
        self._child = child
        self._content = bytearray()
        self.start()

    @property
    def text(self) -> str:
        return self._content.decode("utf-8", "replace")

    def run(self) -> None:
        with self._stream:
            while part := self._stream.read1(65536):  # type: ignore[attr-defined]
                self._content += part
                if len(self._content) > MAX_OUTPUT:
                    self.too_much = True
                    self._child.kill()
                    return


# --- in the child ----------------------------------------------------------------------------------------------------


def main() -> int:
    """Runs the trial that standard input describes."""
    # It ends within seconds, and most of what it makes stays until then: collecting takes a tenth of its time.
    gc.disable()
    from ..site import Site

    order = json.load(sys.stdin)
    answer = {"plugin": "", "message": "", "traceback": ""}
    try:
        with tempfile.TemporaryDirectory(prefix="crmhost-trial-") as folder:
            config = _config(order["config"], order["schema"], Path(folder))
            try_out(Site(config, kind="test"), order["enabled"], order["tried"])
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


def _config(values: dict[str, Any], schema: str, folder: Path) -> Config:
    """The site's configuration, but for the database and the file storage."""
    values["home"] = Path(values["home"])
    values["plugin_folders"] = tuple((origin, Path(folder)) for origin, folder in values["plugin_folders"])
    values["theme_folders"] = tuple(Path(folder) for folder in values["theme_folders"])
    values["allow_private_hosts"] = tuple(values["allow_private_hosts"])
    values["safe_mode"] = False
    values["storage_url"] = (folder / "files").as_uri()
    if schema:
        # Nothing else: a name that is not in the scratch schema must not reach the site's own tables.
        values["search_path"] = schema
    else:
        values["database_url"] = f"sqlite:///{folder / 'trial.sqlite'}"
    return Config(**values)


def try_out(site: Site, enabled: Sequence[str], tried: Sequence[str]) -> None:
    """Enables plugins on a site that is there for nothing else, uses them a little, and closes it.

    :raises PluginError: naming the plugin that failed.
    """
    from ..core.users import services as users
    from . import lifecycle, schema, setup

    try:
        site.upgrade_core()
        setup.first_rows(site)
        with site.work() as work, work.begin():
            # Without a password, which would take longer to judge and to hash than most plugins take to be tried.
            admin = users.create(work, "trial@example.com", "Admin")
            token = users.open_session(work, admin)
        discovery = site.discover()
        order, refused = site.plan_of(discovery, enabled, {})
        for plugin in tried:
            if plugin in refused:
                raise PluginError(plugin, refused[plugin])
        _up_and_down(site, order, tried)
        lifecycle.enable(site, enabled, try_first=False)
        generation = site.runtime.current()
        for plugin in tried:
            if plugin in generation.failed:
                raise PluginError(plugin, generation.failed[plugin], traceback=generation.tracebacks.get(plugin, ""))
        _configure_mappers([found for found in order if found.id in tried])
        _open_pages(site, tried, token)
        with site.engine.connect() as connection:
            for plugin in tried:
                schema.check_foreign_keys(connection, plugin, discovery.found)
    finally:
        site.close()


def _up_and_down(site: Site, order: Sequence[Found], tried: Sequence[str]) -> None:
    """Migrates up and down, so that uninstalling is known to work; enabling then migrates up again."""
    from . import migrate, schema

    known = site.discover().found
    for found in order:
        with migrate.schema_transaction(site.engine) as connection:
            migrate.migrate(connection, found.id, found.folder / "migrations" / "versions", known=known)
    for found in reversed(order):
        if found.id not in tried:
            continue
        with migrate.schema_transaction(site.engine) as connection:
            migrate.migrate(connection, found.id, found.folder / "migrations" / "versions", "base", known=known)
        with site.engine.connect() as connection:
            left = schema.tables_of(connection, found.id, known)
        if left:
            raise PluginError(found.id, f"Its migrations leave {', '.join(left)} behind when they are taken back.")


def _configure_mappers(tried: Sequence[Found]) -> None:
    for found in tried:
        try:
            for base in _bases(found.module):
                base.registry.configure(cascade=True)
        except Exception as error:
            raise failed(found.id, "its models can't be used", error) from error
        for mapper in Base.registry.mappers:
            for attribute in mapper.relationships:
                if f"{attribute.mapper.class_.__module__}.".startswith(f"{found.module}."):
                    raise PluginError(
                        found.id,
                        f"It adds “{attribute.key}” to {mapper.class_.__name__}; leave backref and back_populates out.",
                    )


def _bases(module: str) -> list[type[DeclarativeBase]]:
    """The declarative bases and models in a plugin's modules."""
    modules = [loaded for name, loaded in sys.modules.items() if name == module or name.startswith(f"{module}.")]
    values = {id(value): value for loaded in modules for value in list(vars(loaded).values())}.values()
    return [
        value
        for value in values
        if isinstance(value, type) and issubclass(value, DeclarativeBase) and hasattr(value, "registry")
    ]


def _open_pages(site: Site, tried: Sequence[str], token: str) -> None:
    """Opens every page that takes no argument, as an admin; a page or a part of one that fails refuses the plugin."""
    from ..core.contacts import services as contacts
    from ..web.request import COOKIE

    meter.take()
    with site.work() as work, work.begin():
        person = contacts.create(work, {"first_name": "Ada", "last_name": "Trial", "email": "ada.trial@example.com"})
    app = site.runtime.current().app
    assert app is not None
    client = app.test_client()
    client.set_cookie(COOKIE, token)
    own = {
        rule.rule: plugin
        for rule in app.url_map.iter_rules()
        if not rule.arguments and "GET" in (rule.methods or ()) and (plugin := _owner(rule.endpoint, tried))
    }
    for address in [*own, "/", "/contacts/", f"/contacts/{person.id}", "/settings/", "/search?q=ada"]:
        with client.get(address) as answer:
            _, faults = meter.take()
            fault = next((fault for fault in faults if fault.plugin in tried), None)
            if fault is None and answer.status_code < 500:
                continue
            plugin = fault.plugin if fault else own.get(address, tried[-1])
            reason = fault.error if fault else f"status {answer.status_code}"
            place = f" ({fault.place})" if fault else ""
            raise PluginError(
                plugin,
                f"Its part of the page {address}{place} fails: {reason}"[:500],
                traceback=fault.traceback if fault else "",
            )


def _owner(endpoint: str, plugins: Sequence[str]) -> str:
    """Which of the plugins an endpoint belongs to; empty for none."""
    blueprint = endpoint.partition(".")[0]
    fitting = [plugin for plugin in plugins if blueprint == plugin or blueprint.startswith(f"{plugin}_")]
    return max(fitting, key=len, default="")


if __name__ == "__main__":
    raise SystemExit(main())
