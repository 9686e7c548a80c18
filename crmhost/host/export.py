"""A copy of what a plugin keeps, for who uninstalls it: one ZIP with its rows and its files."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import select

from ..core.files.models import File
from ..core.files.names import clean_name
from . import schema

if TYPE_CHECKING:
    from ..site import Site

ROWS = "rows.jsonl"
_PIECE = 256 * 1024
#: What is told of a file; where its bytes lay says nothing to anybody.
_TOLD = (File.id, File.name, File.size, File.sha256, File.media_type, File.contact_id, File.created_at)


def write(site: Site, plugin: str, target: IO[bytes]) -> tuple[int, int]:
    """Writes the ZIP: ``rows.jsonl`` with ``{"table", "row"}`` on each line, and ``files/ID/NAME`` for each of its files.

    No transaction is open while files are fetched: they may come over a network.

    :returns: numbers of rows and of files. A file whose bytes are missing in the storage is told in ``rows.jsonl`` alone.
    :raises StorageError: when the storage can't be reached.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        with archive.open(ROWS, "w", force_zip64=True) as raw, io.TextIOWrapper(raw, encoding="utf-8") as lines:
            with site.engine.connect() as connection:
                rows = schema.export(connection, plugin, site.discover().found, lines)
                kept = connection.execute(select(File.key, *_TOLD).where(File.owner == plugin).order_by(File.id)).all()
            for _, *values in kept:
                row = dict(zip((column.key for column in _TOLD), values, strict=True))
                lines.write(
                    json.dumps({"table": File.__tablename__, "row": row}, ensure_ascii=False, default=str) + "\n"
                )
        files = sum(
            _add(site, archive, key, f"files/{values[0]}/{clean_name(str(values[1]))}") for key, *values in kept
        )
    return rows + len(kept), files


def _add(site: Site, archive: zipfile.ZipFile, key: str, name: str) -> bool:
    try:
        content = site.storage.get(key)
    except FileNotFoundError:
        return False
    with content, archive.open(name, "w", force_zip64=True) as member:
        for piece in _pieces(content):
            member.write(piece)
    return True


def _pieces(content: IO[bytes]) -> Iterator[Any]:
    while piece := content.read(_PIECE):
        yield piece
