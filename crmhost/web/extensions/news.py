"""Updates: files on the disk that are newer than what runs."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from ...host import grants
from ...host.checks.source import read_text
from ...host.generation import LoadedPlugin
from ...host.registry import Found
from ...host.tables import PluginState

_HEADING = re.compile(r"#{1,4}\s+(.*)")
LONGEST = 4_000


@dataclasses.dataclass(frozen=True)
class News:
    """What an update of an enabled plugin brings.

    :param version: the version on the disk.
    :param before: the version that was enabled; the same when only its files changed.
    :param asks: grants that nobody agreed to yet.
    :param restart: whether crmhost must be restarted to run it.
    :param notes: what its CHANGELOG.md says of the version.
    """

    version: str
    before: str
    asks: tuple[str, ...]
    restart: bool
    notes: str

    @property
    def newer(self) -> bool:
        """Whether the version is another one."""
        return self.version != self.before


def news_of(found: Found, row: PluginState, loaded: LoadedPlugin | None) -> News | None:
    """The update of an enabled plugin; nothing when what is on the disk is what runs."""
    asks = grants.new_grants(found.manifest.grants, row.grants)
    restart = loaded is not None and loaded.digest != found.digest
    if found.manifest.version == row.version and not asks and not restart:
        return None
    return News(found.manifest.version, row.version, asks, restart, notes_of(found.folder, found.manifest.version))


def notes_of(folder: Path, version: str) -> str:
    """What the plugin's CHANGELOG.md says under the heading of a version; empty when it says nothing."""
    found: list[str] = []
    inside = False
    for line in (read_text(folder, "CHANGELOG.md") or "").splitlines():
        heading = _HEADING.match(line)
        if heading and re.search(rf"(?<![\w.]){re.escape(version)}(?![\w.]*\w)", heading[1]):
            inside = True
        elif heading and inside and re.search(r"\d+\.\d", heading[1]):
            break
        elif inside:
            found.append(line)
    return "\n".join(found).strip()[:LONGEST]
