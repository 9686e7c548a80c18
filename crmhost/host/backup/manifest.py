"""``manifest.json``: what a backup holds, and how it is checked when it comes back from who knows where."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields, validate

from ...errors import CrmError
from .values import Kind

FORMAT = "crmhost-backup"
#: Grows when an older crmhost could no longer read what a newer one writes.
FORMAT_VERSION = 1
#: A manifest is some lines per table; a larger one is none, in bytes.
LARGEST = 8 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Entry:
    """A table.

    :param owner: ``crmhost`` or the id of a plugin.
    :param columns: (name, kind) of each value of a row, in order.
    :param rows: how many there are.
    :param size: bytes of its lines, before compression.
    :param sha256: of its lines.
    :param last_id: the highest id ever given, where the database remembers it.
    """

    name: str
    owner: str
    columns: tuple[tuple[str, Kind], ...]
    rows: int = 0
    size: int = 0
    sha256: str = ""
    last_id: int | None = None


@dataclasses.dataclass(frozen=True)
class Files:
    """The stored files: how many, and their bytes together. Their digests stand in the table of files."""

    count: int = 0
    size: int = 0


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    :param crmhost: version that wrote it.
    :param taken_at: the instant of the snapshot.
    :param database: sqlite or postgresql.
    :param revisions: owner -> revision of its tables.
    :param plugins: id -> version of every plugin that was ever enabled.
    :param key_id: which secret key the stored secrets need.
    """

    crmhost: str
    taken_at: dt.datetime
    database: str
    revisions: Mapping[str, str]
    plugins: Mapping[str, str]
    key_id: str
    with_key: bool
    tables: tuple[Entry, ...]
    files: Files = Files()

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(entry.rows for entry in self.tables)

    def to_json(self) -> str:
        """The manifest as it is written."""
        values = {"format": FORMAT, "format_version": FORMAT_VERSION, **dataclasses.asdict(self)}
        values["taken_at"] = self.taken_at.isoformat()
        return json.dumps(values, ensure_ascii=False, indent=1)


class _Entry(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 63))
    owner = fields.String(required=True, validate=validate.Length(1, 63))
    columns = fields.List(
        fields.Tuple(
            (fields.String(validate=validate.Length(1, 63)), fields.String(validate=validate.OneOf(get_args(Kind))))
        ),
        required=True,
        validate=validate.Length(1, 1600),
    )
    rows = fields.Integer(required=True, strict=True, validate=validate.Range(0))
    size = fields.Integer(required=True, strict=True, validate=validate.Range(0))
    sha256 = fields.String(required=True, validate=validate.Length(equal=64))
    last_id = fields.Integer(required=True, strict=True, allow_none=True, validate=validate.Range(0, 2**63 - 1))


class _Files(Schema):
    count = fields.Integer(required=True, strict=True, validate=validate.Range(0))
    size = fields.Integer(required=True, strict=True, validate=validate.Range(0))


_NAME = fields.String(validate=validate.Length(1, 63))


class _Manifest(Schema):
    format = fields.String(required=True, validate=validate.Equal(FORMAT))
    format_version = fields.Integer(required=True, strict=True)
    crmhost = fields.String(required=True, validate=validate.Length(1, 40))
    taken_at = fields.AwareDateTime(required=True, format="iso")
    database = fields.String(required=True, validate=validate.OneOf(["sqlite", "postgresql"]))
    revisions = fields.Dict(_NAME, fields.String(validate=validate.Regexp(r"[0-9A-Za-z_]{1,32}\Z")), required=True)
    plugins = fields.Dict(_NAME, fields.String(validate=validate.Length(max=40)), required=True)
    key_id = fields.String(required=True, validate=validate.Length(max=16))
    with_key = fields.Boolean(required=True)
    tables = fields.List(fields.Nested(_Entry), required=True)
    files = fields.Nested(_Files, required=True)


def parse(content: bytes) -> Manifest:
    """The manifest that stands in a file.

    :raises CrmError: when it is none, or of a newer format.
    """
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CrmError("This is no backup of crmhost: its manifest.json can't be read.") from error
    if isinstance(raw, dict) and raw.get("format") == FORMAT and _newer(raw.get("format_version")):
        wrote = str(raw.get("crmhost"))[:40]
        raise CrmError(f"This backup was written by a newer version, crmhost {wrote}: install that one to restore it.")
    try:
        values: dict[str, Any] = _Manifest().load(raw)
    except ValidationError as error:
        raise CrmError(f"This is no backup of crmhost, or it was changed: {_first(error.messages)}.") from error
    tables = tuple(Entry(**{**item, "columns": tuple(item["columns"])}) for item in values.pop("tables"))
    if len({entry.name for entry in tables}) != len(tables):
        raise CrmError("This backup names a table twice.")
    del values["format"], values["format_version"]
    return Manifest(**{**values, "tables": tables, "files": Files(**values["files"])})


def _newer(version: object) -> bool:
    return isinstance(version, int) and version > FORMAT_VERSION


def _first(messages: Any, path: str = "manifest.json") -> str:
    """The first problem, with where it is."""
    if isinstance(messages, dict) and messages:
        key, below = next(iter(messages.items()))
        return _first(below, path if key == "_schema" else f"{path}, {str(key)[:60]}")
    text = messages[0] if isinstance(messages, list) and messages else messages
    return f"{path}: {str(text)[:200].rstrip('.')}"
