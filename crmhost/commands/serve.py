"""``init`` and ``run``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import Any

import click

from .. import config, demo, logs
from ..errors import CrmError
from ..host import metrics, setup
from ..site import Site
from . import children, common, serving

#: Requests that one process serves at once.
THREADS = 8


@click.command()
@click.option("--admin-email", default="admin@example.com", show_default=True, help="E-mail of the first admin.")
@click.option("--admin-password", default="", help="Their password; made and printed when left out.")
@click.option("--demo", "with_demo", is_flag=True, help="Add demo data.")
def init(admin_email: str, admin_password: str, with_demo: bool) -> None:
    """Set the site up: tables, roles, the first admin, the plugins that are on from the start."""
    site = common.the_site()
    fresh = not site.ready
    admin = setup.initialise(site, admin_email, admin_password)
    if with_demo and fresh:
        demo.load(site)
    if admin is None:
        click.echo("The site is set up already; its tables are up to date.")
    else:
        _show_admin(admin, shown=not admin_password)


def _show_admin(admin: setup.FirstAdmin, *, shown: bool) -> None:
    click.echo(f"Admin    {admin.email}")
    click.echo(f"Password {admin.password}" if shown else "Password as given")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Default: $PORT, else 8000.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes; more than one needs gunicorn.",
)
@click.option("--no-worker", is_flag=True, help="Start no embedded job worker.")
@click.option("--safe", is_flag=True, help="Start without plugins.")
def run(host: str, port: int | None, workers: int, no_worker: bool, safe: bool) -> None:
    """Serve the site; an empty home is set up with demo data first."""
    if safe:
        os.environ["CRMHOST_SAFE_MODE"] = "1"
    port = port if port is not None else _port()
    _check_free(host, port)
    settings = config.load()
    logs.configure(settings)
    site = Site(settings)
    admin = None
    if site.ready:
        for plugin, reason in setup.bring_up_to_date(site).items():
            click.echo(f"{plugin} is suspended: {reason}", err=True)
    else:
        click.echo("Setting up an empty home with demo data …")
        admin = setup.initialise(site)
        demo.load(site)
    if admin is None:
        admin = _remembered(site)
    else:
        _remember(site, admin)
    click.echo(f"crmhost is on http://{host}:{port}")
    if admin is not None:
        _show_admin(admin, shown=True)
    if safe:
        click.echo("Safe mode: no plugins are running.")
    sys.stdout.flush()
    with metrics.shared(settings, alone=no_worker and workers == 1):
        worker = None if no_worker else children.worker()
        if worker is not None:
            worker.start()
        try:
            if workers > 1:
                site.close()
                _serve_gunicorn(host, port, workers)
            else:
                serving.serve_waitress(site, host, port, THREADS)
        finally:
            if worker is not None:
                worker.stop()


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise CrmError(f"PORT takes a number from 0 to 65535, not “{text}”.")
    return int(text)


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CrmError(
                f"{host}:{port} can't be used ({error.strerror}); choose another with PORT=… or --port."
            ) from error


def _password_file(site: Site) -> Any:
    return site.config.home / "demo-admin.txt"


def _remember(site: Site, admin: setup.FirstAdmin) -> None:
    """Keeps the demo admin's password in the home, so that the next start can print it again."""
    path = _password_file(site)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{admin.email}\n{admin.password}\n")


def _remembered(site: Site) -> setup.FirstAdmin | None:
    """The demo admin, while the password that was made still is theirs."""
    try:
        email, password = _password_file(site).read_text("utf-8").split()
    except (OSError, ValueError):
        return None
    from ..core.users import services as users

    with site.work() as work:
        user = users.find_by_email(work, email)
        if user is None or user.disabled_at is not None or not users.password_fits(user, password):
            return None
    return setup.FirstAdmin(email, password)


def _serve_gunicorn(host: str, port: int, workers: int) -> None:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    arguments = ["--bind", bind, "--workers", str(workers), "--threads", str(THREADS), "--worker-class", "gthread"]
    arguments += ["--config", "python:crmhost.commands.gunicorn_settings", "--no-control-socket"]
    arguments += ["crmhost.wsgi:application"]
    environment = {**os.environ, children.PARENT: str(os.getpid())}
    command = [sys.executable, "-m", "gunicorn", *arguments]
    server = subprocess.Popen(command, start_new_session=True, env=environment)  # noqa: S603  # ours

    def stop(*_: object) -> None:
        server.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    status = server.wait()
    if status > 0:
        raise CrmError(f"gunicorn ended with {status}; its own words stand above.")


COMMANDS = (init, run)
