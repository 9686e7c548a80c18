"""Runs of CSV import: the file, what was chosen, how far it came, and what became of each row."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import MessageJSON, UTCDateTime, plugin_base

Base = plugin_base("csv_tools")

#: Number of a row that grows to any size; SQLite counts up only columns of its own kind of integer.
Big = BigInteger().with_variant(Integer(), "sqlite")


class Run(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """One import.

    ``state``: ``uploading``, ``draft`` (its file is there, nothing is imported), ``running``, ``stopped``, ``done``,
    ``undoing``, ``undone``. ``position`` is the number of the last row that was dealt with: it is stored in the same
    transaction as that row, so a killed import goes on exactly there.
    """

    __tablename__ = "csv_tools_run"
    __table_args__ = (
        Index("ix_csv_tools_run_created", "created_at", "id"),
        Index("ix_csv_tools_run_signature", "kind", "signature", "id"),
        Index("ix_csv_tools_run_file", "file_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    file_name: Mapped[str] = mapped_column(String(255))
    #: The file itself, among the host's, until all of it is imported.
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files_file.id", ondelete="SET NULL"))
    #: SHA-256 of the file.
    digest: Mapped[str] = mapped_column(String(64), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    #: Whether the file is kept here; one given on the command line is not.
    kept: Mapped[bool] = mapped_column(default=True)
    state: Mapped[str] = mapped_column(String(12), default="uploading")
    #: A :class:`~plugins.csv_tools.sniff.Format`.
    file_format: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: The field of each column, empty for those left out.
    mapping: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: How the mapping came about: {"how": "preset", "saved" or "last", "name": …}; empty when it was guessed by the headings.
    origin: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    #: Field -> text that every row gets whose cells give the field nothing.
    constants: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    #: Field -> word of the file -> what it means here, for fields with choices.
    renamed: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    #: Field -> order of day and month.
    dates: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    signature: Mapped[str] = mapped_column(String(64), default="")
    match_by: Mapped[str] = mapped_column(String(60), default="email")
    mode: Mapped[str] = mapped_column(String(10), default="update")
    #: What a rehearsal with the first rows gave: {"rows", "added", "updated", "skipped", "refused", "problems"}.
    rehearsal: Mapped[dict[str, Any]] = mapped_column(MessageJSON, default=dict)
    total: Mapped[int] = mapped_column(default=0)
    #: Whether ``total`` was counted; that of a large file is told from its first rows until the import begins.
    counted: Mapped[bool] = mapped_column(default=True, server_default=true())
    position: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    #: Rows that were taken with a remark.
    remarked: Mapped[int] = mapped_column(default=0)
    #: Records that undoing left alone because they were edited since.
    left_alone: Mapped[int] = mapped_column(default=0)
    #: Id of the row that undoing came to.
    undo_position: Mapped[int | None] = mapped_column(Big)
    actor_label: Mapped[str] = mapped_column(String(200), default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    #: The job that imports it or takes it back.
    job_id: Mapped[int | None]
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)

    @property
    def handled(self) -> int:
        """Rows that were dealt with."""
        return self.added + self.updated + self.skipped + self.refused


class SavedMapping(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """Where columns go, under a name, for all who import."""

    __tablename__ = "csv_tools_mapping"
    __table_args__ = (UniqueConstraint("kind", "name_key", name="uq_csv_tools_mapping_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(80))
    #: Of the file that it was made for, see :func:`plugins.csv_tools.mapping.signature`.
    signature: Mapped[str] = mapped_column(String(64))
    #: Heading as :func:`plugins.csv_tools.mapping.header_key` gives it -> field.
    columns: Mapped[dict[str, str]] = mapped_column(JSON)
    dates: Mapped[dict[str, str]] = mapped_column(JSON)
    constants: Mapped[dict[str, str]] = mapped_column(JSON)
    renamed: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    match_by: Mapped[str] = mapped_column(String(60))
    mode: Mapped[str] = mapped_column(String(10))
    actor_label: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Export(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """An export that was written in the background; its file is its asker's alone."""

    __tablename__ = "csv_tools_export"
    __table_args__ = (
        UniqueConstraint("job_key", name="uq_csv_tools_export_job_key"),
        Index("ix_csv_tools_export_file", "file_id"),
        Index("ix_csv_tools_export_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(60))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files_file.id", ondelete="SET NULL"))
    rows: Mapped[int]
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Row(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What became of a row. ``cells`` are kept of refused ones, ``before`` of updated ones, for undoing."""

    __tablename__ = "csv_tools_row"
    __table_args__ = (
        Index("ix_csv_tools_row_run", "run_id", "id"),
        Index("ix_csv_tools_row_remarked", "run_id", "remarked", "id"),
        Index("ix_csv_tools_row_object", "object_id"),
    )

    id: Mapped[int] = mapped_column(Big, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("csv_tools_run.id", ondelete="CASCADE"))
    #: Number as a spreadsheet shows it.
    number: Mapped[int]
    #: Number of the line in the file.
    line: Mapped[int]
    #: added, updated, skipped, refused.
    outcome: Mapped[str] = mapped_column(String(8))
    object_id: Mapped[int | None]
    reasons: Mapped[list[str]] = mapped_column(MessageJSON, default=list)
    #: Whether there is a reason, which the report lists.
    remarked: Mapped[bool] = mapped_column(default=False)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    cells: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: Undoing left its record alone.
    left_alone: Mapped[bool] = mapped_column(default=False)
