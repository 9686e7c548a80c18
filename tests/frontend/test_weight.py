"""What the first page weighs."""

import gzip
import json

from .conftest import DIST

#: Bytes that the files of the bundle may take of the 150 kB of the first page; its HTML takes the rest.
LIMIT = 120_000


def test_first_page_is_light() -> None:
    """Styles, scripts, typeface and icons that every page loads, compressed as the server does it."""
    manifest = json.loads((DIST / "manifest.json").read_text())
    names = [manifest[name] for name in ("core.css", "core.js", "inter.woff2", "icons.svg", "mark.svg")]
    weights = {}
    for name in dict.fromkeys([*names, *manifest["preload"]]):
        body = (DIST / name).read_bytes()
        weights[name] = len(body) if name.endswith(".woff2") else len(gzip.compress(body, 9))
    assert sum(weights.values()) < LIMIT, weights
