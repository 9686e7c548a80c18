"""What the operator decides: environment variables and ``crmhost.toml`` in the home; the environment wins."""

from __future__ import annotations

import dataclasses
import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import make_url

from .errors import CrmError
from .host.proxies import networks
from .host.registry import Origin
from .net.addresses import check_listing

#: Setting -> environment variable. The same names in lower case without the prefix stand in crmhost.toml.
VARIABLES = {
    "database_url": "CRMHOST_DATABASE_URL",
    "broker_url": "CRMHOST_BROKER_URL",
    "storage_url": "CRMHOST_STORAGE_URL",
    "base_url": "CRMHOST_BASE_URL",
    "secret_key": "CRMHOST_SECRET_KEY",
    "safe_mode": "CRMHOST_SAFE_MODE",
    "allow_plugin_upload": "CRMHOST_ALLOW_PLUGIN_UPLOAD",
    "allow_private_hosts": "CRMHOST_ALLOW_PRIVATE_HOSTS",
    "trusted_proxies": "CRMHOST_TRUSTED_PROXIES",
    "log_format": "CRMHOST_LOG_FORMAT",
    "log_level": "CRMHOST_LOG_LEVEL",
    "dev": "CRMHOST_DEV",
    "metrics": "CRMHOST_METRICS",
    "metrics_token": "CRMHOST_METRICS_TOKEN",
}
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclasses.dataclass(frozen=True)
class Config:
    """The operator's configuration.

    :param home: database, uploads, added plugins and themes, secret key, logs.
    :param database_url: SQLAlchemy URL.
    :param base_url: the site's public address without a slash at its end; empty: taken from the request.
    :param safe_mode: start without plugins.
    :param trusted_proxies: addresses and networks whose word about the client's address and the request's number is believed.
    :param log_format: ``text`` or ``json``.
    :param log_level: least level of the site's own lines.
    :param dev: whether authors see ``/dev/gallery``.
    :param metrics: whether ``/metrics`` answers; only who knows ``metrics_token``, if there is one.
    :param plugin_folders: (origin, folder) in which plugins are looked for, first wins.
    :param theme_folders: folders in which themes are looked for, first wins.
    :param entry_points: whether plugins among installed packages are looked for.
    :param search_path: PostgreSQL only: schemas to use instead of the default, for trials.
    """

    home: Path
    database_url: str
    secret_key: str
    base_url: str = ""
    broker_url: str = ""
    storage_url: str = ""
    safe_mode: bool = False
    allow_plugin_upload: bool = False
    allow_private_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    log_format: str = "text"
    log_level: str = "info"
    dev: bool = False
    metrics: bool = False
    metrics_token: str = ""
    plugin_folders: tuple[tuple[Origin, Path], ...] = ()
    theme_folders: tuple[Path, ...] = ()
    entry_points: bool = True
    search_path: str = ""

    @property
    def cookies_secure(self) -> bool:
        """Whether cookies are sent over HTTPS only."""
        return self.base_url.startswith("https://")


def checkout() -> Path:
    """The folder that holds the package, ``plugins/`` and ``themes/``."""
    return Path(__file__).resolve().parent.parent


def load(environment: Mapping[str, str] | None = None) -> Config:
    """The configuration in force; makes the home and the secret key when they are missing.

    :raises CrmError: when a value can't be used; the message names the variable.
    """
    environment = os.environ if environment is None else environment
    home = Path(environment.get("CRMHOST_HOME") or "instance").expanduser().resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CrmError(
            f"The home {home} can't be made: {error.strerror}. Set CRMHOST_HOME to another folder."
        ) from error
    values = _file(home / "crmhost.toml")
    for name, variable in VARIABLES.items():
        if environment.get(variable):
            values[name] = environment[variable]
    database_url = str(values.get("database_url") or f"sqlite:///{home / 'crmhost.sqlite'}")
    try:
        make_url(database_url)
    except Exception as error:
        raise CrmError(
            "CRMHOST_DATABASE_URL is not a database address; it looks like postgresql://user@host/name."
        ) from error
    trusted_proxies = _list(values.get("trusted_proxies", ""))
    networks(trusted_proxies, VARIABLES["trusted_proxies"])
    return Config(
        home=home,
        database_url=database_url,
        secret_key=str(values.get("secret_key") or _secret_key(home / "secret_key")),
        base_url=str(values.get("base_url", "")).rstrip("/"),
        broker_url=str(values.get("broker_url", "")),
        storage_url=str(values.get("storage_url", "")),
        safe_mode=_flag("safe_mode", values.get("safe_mode", False)),
        allow_plugin_upload=_flag("allow_plugin_upload", values.get("allow_plugin_upload", False)),
        allow_private_hosts=_hosts(values.get("allow_private_hosts", "")),
        trusted_proxies=trusted_proxies,
        log_format=_one_of("log_format", values, LOG_FORMATS, "text"),
        log_level=_one_of("log_level", values, LOG_LEVELS, "info"),
        dev=_flag("dev", values.get("dev", False)),
        metrics=_flag("metrics", values.get("metrics", False)),
        metrics_token=str(values.get("metrics_token", "")),
        plugin_folders=(("bundled", checkout() / "plugins"), ("home", home / "plugins")),
        theme_folders=(home / "themes", checkout() / "themes"),
    )


def _file(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CrmError(f"{path} can't be read: {error}.") from error
    unknown = sorted(set(values) - set(VARIABLES))
    if unknown:
        raise CrmError(f"{path} has “{unknown[0]}”; it takes {', '.join(VARIABLES)}.")
    return values


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off", ""):
        return False
    raise CrmError(f"{VARIABLES[name]} takes 1 or 0, not “{value}”.")


def _list(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else str(value).split(",")
    return tuple(text for part in parts if (text := str(part).strip()))


def _hosts(value: object) -> tuple[str, ...]:
    try:
        return tuple(check_listing(entry) for entry in _list(value))
    except ValueError as error:
        raise CrmError(f"{VARIABLES['allow_private_hosts']} takes host:port, separated by commas: {error}") from error


def _one_of(name: str, values: Mapping[str, object], choices: tuple[str, ...], default: str) -> str:
    chosen = str(values.get(name, default)).strip().lower()
    if chosen not in choices:
        raise CrmError(f"{VARIABLES[name]} takes {', '.join(choices)}, not “{chosen}”.")
    return chosen


def _secret_key(path: Path) -> str:
    """The site's key, made at the first start. Two processes that start at once end up with the same one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    if not path.exists():
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text().strip()
