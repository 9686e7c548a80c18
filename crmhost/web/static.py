"""Static files, served beside the generations.

``/static/DIGEST/OWNER/PATH``: the digest is that of all files of the owner, so an address never changes its content and
browsers keep it for a year, and modules of one owner may import each other by relative paths. Owner ``crmhost`` is the
bundle, whose files carry a digest in their names. A generation that is being replaced and the new one are served by the
same process at once; so each owner may have several digests.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import mimetypes
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from ..site import Site

PREFIX = "/static/"
BUNDLE = "crmhost"
BUNDLE_FOLDER = Path(__file__).resolve().parent / "static" / "dist"
_YEAR = "public, max-age=31536000, immutable"
_TEXTS = ("text/", "application/javascript", "application/json", "image/svg+xml")
_CACHED_BYTES = 64 * 1024 * 1024

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("image/svg+xml", ".svg")


def digest_of(folder: Path, made: Mapping[str, bytes] | None = None) -> str:
    """Digest of all files below a folder, names and contents, and of those that are made besides."""
    total = hashlib.sha256()
    for name, body in (made or {}).items():
        total.update(name.encode() + b"\0" + hashlib.sha256(body).digest())
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and _plain(path.relative_to(folder))):
        total.update(str(path.relative_to(folder)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12]


def _plain(relative: Path) -> bool:
    return not any(part.startswith((".", "_")) or part == ".." for part in relative.parts)


@dataclasses.dataclass(frozen=True)
class Shared:
    """What is served of an owner.

    :param made: name -> content of files that are made, not read; they come before those of the folder.
    """

    folder: Path
    made: Mapping[str, bytes]


class Published:
    """Folders that this process serves. Generations announce theirs; none is taken back, so that open pages go on."""

    def __init__(self) -> None:
        self._shared: dict[tuple[str, str], Shared] = {}
        self._digests: dict[Path, tuple[float, str]] = {}

    def add(self, owner: str, folder: Path, made: Mapping[str, bytes] | None = None) -> str:
        """Announces an owner's folder, and files that are made; gives the start of their addresses, ``/static/DIGEST/OWNER/``."""
        digest = digest_of(folder, made) if made else self._digest(folder)
        self._shared[digest, owner] = Shared(folder, made or {})
        return f"{PREFIX}{digest}/{owner}/"

    def find(self, digest: str, owner: str, search: Iterable[Path]) -> Shared | None:
        """What is served of the owner with that digest. When no generation of this process has announced it yet (another
        process may be ahead), it is looked for as ``OWNER/static`` in the folders given."""
        if owner == BUNDLE:
            return Shared(BUNDLE_FOLDER, {})
        found = self._shared.get((digest, owner))
        if found is not None or not owner.isidentifier():
            return found
        for root in search:
            folder = root / owner / "static"
            if folder.is_dir() and self._digest(folder) == digest:
                self._shared[digest, owner] = Shared(folder, {})
                return self._shared[digest, owner]
        return None

    def _digest(self, folder: Path) -> str:
        newest = max((path.stat().st_mtime for path in folder.rglob("*")), default=0.0)
        known = self._digests.get(folder)
        if known is None or known[0] != newest:
            known = (newest, digest_of(folder))
            self._digests[folder] = known
        return known[1]


#: What this process serves.
published = Published()


class StaticFiles:
    """WSGI application for ``/static/…``, called beside the generations."""

    def __init__(self, site: Site) -> None:
        self._search = tuple(folder for _, folder in site.config.plugin_folders)
        self._themes = site.config.theme_folders
        self._bodies: dict[tuple[Path, bool], tuple[int, bytes]] = {}
        self._size = 0
        self._lock = threading.Lock()

    def _find(self, address: str) -> Path | bytes | None:
        """The file of an address, or its content when it is made."""
        digest, _, rest = address.removeprefix(PREFIX).partition("/")
        owner, _, name = rest.partition("/")
        relative = Path(name)
        if not name or "\0" in name or relative.is_absolute() or not _plain(relative):
            return None
        shared = published.find(digest, owner, self._search) or self._theme(digest, owner)
        if shared is None:
            return None
        if name in shared.made:
            return shared.made[name]
        path = (shared.folder / relative).resolve()
        return path if path.is_file() and path.is_relative_to(shared.folder.resolve()) else None

    def _theme(self, digest: str, owner: str) -> Shared | None:
        """A theme that another process, which is ahead, has announced."""
        from .themes.files import OWNER, find_themes

        theme = find_themes(self._themes).get(owner.removeprefix(OWNER)) if owner.startswith(OWNER) else None
        if theme is None:
            return None
        published.add(owner, theme.static, theme.made)
        return published.find(digest, owner, ())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            return _plain_answer(start_response, "405 Method Not Allowed", {"Allow": "GET, HEAD"})
        address = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        found = self._find(address)
        if found is None:
            return _plain_answer(start_response, "404 Not Found", {"Cache-Control": "no-store"})
        kind = mimetypes.guess_type(address)[0] or "application/octet-stream"
        packed = kind.startswith(_TEXTS) and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        if isinstance(found, bytes):
            body = gzip.compress(found, 9, mtime=0) if packed else found
        else:
            body = self._body(found, packed=packed)
        headers = {
            "Content-Type": f"{kind}; charset=utf-8" if kind.startswith(("text/", "application/json")) else kind,
            "Content-Length": str(len(body)),
            "Cache-Control": _YEAR,
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if packed:
            headers["Content-Encoding"] = "gzip"
        start_response("200 OK", list(headers.items()))
        return [] if method == "HEAD" else [body]

    def _body(self, path: Path, *, packed: bool) -> bytes:
        changed = path.stat().st_mtime_ns
        known = self._bodies.get((path, packed))
        if known is not None and known[0] == changed:
            return known[1]
        body = path.read_bytes()
        if packed:
            body = gzip.compress(body, 9, mtime=0)
        with self._lock:
            if self._size + len(body) > _CACHED_BYTES:
                self._bodies.clear()
                self._size = 0
            self._bodies[path, packed] = (changed, body)
            self._size += len(body)
        return body


def _plain_answer(start_response: Any, status: str, headers: Mapping[str, str]) -> list[bytes]:
    body = status.partition(" ")[2].encode()
    start_response(
        status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *headers.items()]
    )
    return [body]
