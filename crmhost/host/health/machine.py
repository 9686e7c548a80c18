"""The machine and what the operator configured: home, disk, secret key, public address."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from ...messages import Message
from .finding import Finding, Look

#: Free space below which the site is warned, and below which it is in danger, in bytes.
LITTLE_SPACE = 2 * 1024**3
NO_SPACE = 300 * 1024**2
#: Bytes that a secret key should have at least.
SHORT_KEY = 32


def home(look: Look) -> Iterator[Finding]:
    """Whether the home can be written to."""
    home = look.site.config.home
    if os.access(home, os.W_OK | os.X_OK):
        yield Finding("home", "Home", "ok", Message("%(home)s can be written to.", home=str(home)))
    else:
        advice = Message(
            "Give the user that runs the site the right to write there, or set CRMHOST_HOME to another folder."
        )
        yield Finding("home", "Home", "error", Message("%(home)s can't be written to.", home=str(home)), advice)


def space(look: Look) -> Iterator[Finding]:
    """How much room is left."""
    places = {"home": look.site.config.home}
    url = make_url(look.site.config.database_url)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        places["database"] = Path(str(url.database)).parent
    least = min(places.values(), key=lambda place: shutil.disk_usage(place).free)
    free = shutil.disk_usage(least).free
    message = Message("%(free)s GiB are free at %(folder)s.", free=round(free / 1024**3, 1), folder=str(least))
    advice = Message("Make room or move the home to a larger disk; a full disk stops every change.")
    if free < LITTLE_SPACE:
        yield Finding("space", "Disk space", "error" if free < NO_SPACE else "warning", message, advice)
    else:
        yield Finding("space", "Disk space", "ok", message)


def key(look: Look) -> Iterator[Finding]:
    """Whether the secret key is long enough and closed to others."""
    config = look.site.config
    open_to_others = [
        path
        for path in (config.home / "secret_key", config.home / "crmhost.toml")
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077 and config.secret_key in path.read_text("utf-8")
    ]
    for path in open_to_others:
        mode = stat.S_IMODE(path.stat().st_mode)
        message = Message(
            "Others may read %(path)s (mode %(mode)s), which holds the secret key.", path=str(path), mode=f"{mode:04o}"
        )
        yield Finding("key", "Secret key", "error", message, Message("Run “%(command)s”.", command=f"chmod 600 {path}"))
    if open_to_others:
        return
    if len(config.secret_key.encode()) < SHORT_KEY:
        message = Message("The secret key has fewer than %(least)s characters.", least=SHORT_KEY)
        advice = Message("Set CRMHOST_SECRET_KEY to a long random text; stored secrets must then be entered again.")
        yield Finding("key", "Secret key", "warning", message, advice)
    else:
        yield Finding("key", "Secret key", "ok", "The secret key is long enough and closed to others.")


def address(look: Look) -> Iterator[Finding]:
    """Whether links in mail lead to the site."""
    url = look.site.config.base_url
    name = Message("Public address")
    if not url:
        advice = Message("Set CRMHOST_BASE_URL, such as https://crm.example.com, so that links in mail lead here.")
        yield Finding("address", name, "warning", "The public address is not set.", advice)
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        advice = Message("Set CRMHOST_BASE_URL to an address such as https://crm.example.com.")
        yield Finding("address", name, "error", Message("“%(url)s” is no web address.", url=url), advice)
    elif parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        advice = Message("Serve the site over HTTPS and set CRMHOST_BASE_URL accordingly.")
        yield Finding(
            "address",
            name,
            "warning",
            Message("%(url)s is not encrypted, so passwords can be read on the way.", url=url),
            advice,
        )
    else:
        yield Finding("address", name, "ok", Message("Links in mail lead to %(url)s.", url=url))
