"""Plugins that together use every kind of extension, for tests of the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Folder of the probes.
FOLDER = Path(__file__).resolve().parent / "plugins"
#: Keywords for ``host(…)``: a site that finds the probes and nothing else.
ONLY: dict[str, Any] = {"plugin_folders": (("bundled", FOLDER),)}
