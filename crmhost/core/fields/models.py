"""Definitions of custom fields, and the index of their values."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, UTCDateTime
from ..text import folded

#: Longest text that is indexed; texts that can be filtered by are no longer than this.
INDEXED_LENGTH = 500


def _partial(column: str) -> Index:
    there = text(f"{column} IS NOT NULL")
    options: dict[str, Any] = {"sqlite_where": there, "postgresql_where": there}
    return Index(f"ix_fields_value_{column}", "field_id", column, "object_id", **options)


class Field(Base):
    """A custom field of one kind of record.

    ``choices`` holds ``{"key", "label"}`` each, and ``"retired": true`` for one that is no longer offered. While ``revision`` is
    ahead of ``indexed``, a job still writes the index. A deleted field has ``deleted_at``: its values are kept for a
    while, until a job erases them.
    """

    __tablename__ = "fields_field"
    __table_args__ = (UniqueConstraint("object", "key", name="uq_fields_field_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: contact, or what a plugin declares.
    object: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(20))
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    #: ISO 4217 code of a money field, which holds amounts of one currency.
    currency: Mapped[str] = mapped_column(String(3), default="")
    help: Mapped[str] = mapped_column(String(300), default="")
    section: Mapped[str] = mapped_column(String(80), default="")
    required: Mapped[bool] = mapped_column(default=False)
    filterable: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=1)
    indexed: Mapped[int] = mapped_column(default=1)
    erasing: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class FieldValue(Base):
    """A value as lists filter and sort by it; a field of several choices has one row for each.

    Text is folded; of a choice it is the key, and ``number`` its place among the choices.
    """

    __tablename__ = "fields_value"
    __table_args__ = (
        Index("ix_fields_value_object", "field_id", "object_id"),
        _partial("text"),
        _partial("number"),
        _partial("instant"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("fields_field.id", ondelete="CASCADE"))
    object_id: Mapped[int]
    text: Mapped[str | None] = mapped_column(folded(INDEXED_LENGTH))
    number: Mapped[float | None] = mapped_column(Float)
    instant: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
