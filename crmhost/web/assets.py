"""Addresses of style sheets, modules and icons: of the bundle by its manifest, of plugins by their digests."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from markupsafe import Markup

from .static import BUNDLE, BUNDLE_FOLDER, published

if TYPE_CHECKING:
    from ..contributions import Asset
    from ..host.generation import Generation

_manifests: dict[Path, tuple[int, dict[str, Any]]] = {}
_icons: dict[Path, tuple[int, frozenset[str], dict[str, str]]] = {}


def read_manifest(folder: Path = BUNDLE_FOLDER) -> dict[str, Any]:
    """The bundle's manifest: name before hashing -> name in the folder, and under ``preload`` the modules that each page
    needs at once; empty while the bundle is not built."""
    path = folder / "manifest.json"
    if not path.is_file():
        return {}
    changed = path.stat().st_mtime_ns
    known = _manifests.get(path)
    if known is None or known[0] != changed:
        known = (changed, json.loads(path.read_text("utf-8")))
        _manifests[path] = known
    return known[1]


def read_icons(folder: Path = BUNDLE_FOLDER) -> tuple[frozenset[str], dict[str, str]]:
    """Names of the icons in the sprite, and the drawing of every icon there is."""
    path = folder / "icons.json"
    if not path.is_file():
        return frozenset(), {}
    changed = path.stat().st_mtime_ns
    known = _icons.get(path)
    if known is None or known[0] != changed:
        table = json.loads(path.read_text("utf-8"))
        known = (changed, frozenset(table["sprite"]), table["drawings"])
        _icons[path] = known
    return known[1], known[2]


class Assets:
    """Addresses for one generation."""

    def __init__(self, generation: Generation) -> None:
        self._manifest = read_manifest()
        self._sprite, self._drawings = read_icons()
        self._bundle = f"/static/dist/{BUNDLE}/"
        self._plugins: dict[str, str] = {}
        for plugin in generation.plugins:
            folder = plugin.folder / "static"
            if plugin.origin != "builtin" and folder.is_dir():
                self._plugins[plugin.id] = published.add(plugin.id, folder)
        self.sprite = self.url("icons.svg")
        self.preload = [self._bundle + name for name in self._manifest.get("preload", ())]
        self._extra = cast("tuple[Asset, ...]", generation.contributions("assets"))
        self._records = {kind.endpoint for kind in generation.contributions("record_kinds")}
        self._import_map = json.dumps({"imports": {"crmhost/core": self.url("core.js")}}, separators=(",", ":"))
        digest = base64.b64encode(hashlib.sha256(self._import_map.encode()).digest()).decode()
        self.import_map_source = f"'sha256-{digest}'"

    def url(self, name: str) -> str:
        """Address of a file of the bundle."""
        return self._bundle + str(self._manifest.get(name, name))

    def has(self, name: str) -> bool:
        """Whether the bundle holds a file of that name."""
        return name in self._manifest

    def drawing(self, name: str) -> Markup | None:
        """The drawing of an icon that the sprite lacks; ``None`` for one that it has, or that does not exist."""
        if name in self._sprite or name not in self._drawings:
            return None
        return Markup(self._drawings[name])  # noqa: S704  # Tabler's own, from the bundle

    def plugin_url(self, plugin: str, path: str) -> str:
        """Address of a file in a plugin's ``static/``."""
        return self._plugins.get(plugin, f"/static/none/{plugin}/") + path

    @property
    def import_map(self) -> Markup:
        """The import map, as it must stand in the page: the policy names its digest."""
        return Markup(self._import_map)  # noqa: S704  # made above from addresses of our own

    def extra(self, endpoint: str | None) -> list[tuple[str, str]]:
        """What plugins add to a page: pairs of kind (“style” or “module”) and address."""
        return [
            ("style" if item.path.endswith(".css") else "module", self.plugin_url(item.plugin, item.path))
            for item in self._extra
            if self._wanted(item, endpoint)
        ]

    def _wanted(self, item: Asset, endpoint: str | None) -> bool:
        if item.records and endpoint in self._records:
            return True
        return endpoint in item.pages or not (item.pages or item.records)
