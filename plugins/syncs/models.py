"""Connections to other systems, what came from them, and what could not be taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import MessageText, UTCDateTime, Work, documents, insert_objects, plugin_base

Base = plugin_base("syncs")
#: A number of rows that outgrows 32 bits.
BigId = BigInteger().with_variant(Integer(), "sqlite")
#: Stands among the ``kept`` of a record whose person was erased here.
ERASED = "erased"
#: Characters of a status of the other side that can be mapped.
LONGEST_STATUS = 60


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Connection(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """An account or a shop on the other side.

    ``key`` stands in the address of its webhooks and in the ids of its records. ``secrets`` are sealed. ``cursors`` say how far
    the first import is and since when changes are asked for. ``run_key`` and ``run_until``: who reads it just now.
    """

    __tablename__ = "syncs_connection"
    __table_args__ = (UniqueConstraint("source", "key", name="uq_syncs_connection_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(80))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    secrets: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    cursors: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    paused: Mapped[bool] = mapped_column(default=False)
    #: What is wrong now, in words; empty when all is well.
    problem: Mapped[str] = mapped_column(MessageText, default="")
    problem_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    hooks_problem: Mapped[str] = mapped_column(MessageText, default="")
    failures: Mapped[int] = mapped_column(default=0)
    run_key: Mapped[str] = mapped_column(String(60), default="")
    run_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    read_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    heard_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    @property
    def complete(self) -> bool:
        """Whether the first import is behind us."""
        return bool(self.cursors.get("since"))


class Former(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A connection that was removed. ``address`` tells its account or shop from others; ``erased`` are the records (kind, id,
    parent) that name nobody any more. ``fields``: what was entered, of one that was removed while its extension was off; only the
    extension can tell the address from it.
    """

    __tablename__ = "syncs_former"

    source: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    address: Mapped[str] = mapped_column(String(500), default="")
    erased: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Record(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A record of the other side as it was taken last.

    ``version`` grows with each change there. ``digest`` tells whether anything changed. ``written`` is what the sync itself wrote
    into which field, so that what differs from it was typed by somebody here; ``kept`` names the fields that were left alone for
    that reason. ``gone``: it was deleted there.
    """

    __tablename__ = "syncs_record"
    __table_args__ = (
        UniqueConstraint("connection_id", "kind", "external_id", name="uq_syncs_record_external"),
        Index("ix_syncs_record_contact", "contact_id", "kind", "at", **_where("contact_id IS NOT NULL")),
        Index("ix_syncs_record_object", "object_type", "object_id", **_where("object_id IS NOT NULL")),
        Index("ix_syncs_record_at", "connection_id", "at", **_where("at IS NOT NULL")),
        Index("ix_syncs_record_kind_at", "kind", "at", "contact_id", **_where("at IS NOT NULL")),
        Index("ix_syncs_record_parent", "connection_id", "kind", "parent", **_where("parent <> ''")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("syncs_connection.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(30))
    external_id: Mapped[str] = mapped_column(String(200))
    parent: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    digest: Mapped[str] = mapped_column(String(32), default="")
    status: Mapped[str] = mapped_column(String(60), default="")
    paid: Mapped[bool] = mapped_column(default=False)
    counts: Mapped[bool] = mapped_column(default=False)
    gone: Mapped[bool] = mapped_column(default=False)
    object_type: Mapped[str] = mapped_column(String(40), default="")
    object_id: Mapped[int | None]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    currency: Mapped[str] = mapped_column(String(3), default="")
    amount: Mapped[int] = mapped_column(BigInteger, default=0)
    label: Mapped[str] = mapped_column(String(200), default="")
    url: Mapped[str] = mapped_column(String(500), default="")
    written: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    kept: Mapped[list[str]] = mapped_column(JSON, default=list)


def fresh(one: Connection, kind: str, external_id: str) -> Record:
    """A record that nothing is known of yet."""
    return Record(
        connection_id=one.id, kind=kind, external_id=external_id, version=0, digest="", parent="", status="", paid=False,
        counts=False, gone=False, object_type="", currency="", amount=0, label="", url="", written={}, kept=[],
    )  # fmt: skip


def keep(work: Work, records: Sequence[Record]) -> None:
    """Stores records, new ones and those that were changed. New ones get their ids; changed later, they are not written again."""
    insert_objects(work.session, [record for record in records if not record.id])
    work.session.flush()


#: Condition by which the index of parents is found: a value handed over beside the statement would not tell that it fits.
HAS_PARENT = text("syncs_record.parent <> ''")


class Term(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A time in which a subscription, ``record_id``, brought the same: ``amount`` each ``every`` units, from ``since`` until the
    end of the last period that is paid for.
    """

    __tablename__ = "syncs_term"
    __table_args__ = (Index("ix_syncs_term_record", "record_id", "since"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("syncs_record.id", ondelete="CASCADE"))
    since: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str] = mapped_column(String(5))
    every: Mapped[int]


class Billed(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What is to become of the invoice of a sale, and what became of it, where invoices are made of sales.

    ``due``: a job has to look at it. ``document``: what the invoice is to say, until it does. ``written`` tells what the sync
    wrote into it, ``billed_to`` to which contact, so that what differs was typed by somebody here. ``made``: how many invoices
    the sale had; all but the last are void. ``voided``: the last is void because of what the sale is on the other side.
    ``credits``: refund there -> credit note.
    """

    __tablename__ = "syncs_billed"
    __table_args__ = (
        Index("ix_syncs_billed_due", "connection_id", "record_id", **_where("due")),
        Index("ix_syncs_billed_problem", "connection_id", "record_id", **_where("problem <> ''")),
    )

    record_id: Mapped[int] = mapped_column(
        ForeignKey("syncs_record.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    connection_id: Mapped[int] = mapped_column(ForeignKey("syncs_connection.id", ondelete="CASCADE"))
    due: Mapped[bool] = mapped_column(default=True)
    document: Mapped[documents.Document | None] = mapped_column(documents.DocumentJSON())
    #: A record of another extension, which may be off or gone: no foreign key.
    invoice_id: Mapped[int | None]
    written: Mapped[str] = mapped_column(String(32), default="")
    billed_to: Mapped[int | None]
    made: Mapped[int] = mapped_column(default=0)
    voided: Mapped[bool] = mapped_column(default=False)
    credits: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    problem: Mapped[str] = mapped_column(MessageText, default="")


class Aside(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A record that could not be taken, with the reason; ``body`` is it as it came.

    ``status`` is the one of the other side of which nobody said what it becomes, where that is the reason.
    """

    __tablename__ = "syncs_aside"
    __table_args__ = (
        UniqueConstraint("connection_id", "kind", "external_id", name="uq_syncs_aside_external"),
        Index("ix_syncs_aside_list", "connection_id", "id"),
        Index("ix_syncs_aside_email", "email_key", **_where("email_key <> ''")),
        Index("ix_syncs_aside_status", "connection_id", "status", **_where("status <> ''")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("syncs_connection.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(30))
    external_id: Mapped[str] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    reason: Mapped[str] = mapped_column(MessageText)
    status: Mapped[str] = mapped_column(String(LONGEST_STATUS), default="")
    body: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    email_key: Mapped[str] = mapped_column(String(254), default="")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    tries: Mapped[int] = mapped_column(default=1)


class Received(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A webhook that came in, stored together with the job that deals with it. ``body`` is dropped once that is done."""

    __tablename__ = "syncs_received"
    __table_args__ = (
        UniqueConstraint("connection_id", "event_id", name="uq_syncs_received_event"),
        Index("ix_syncs_received_open", "connection_id", "id", **_where("done_at IS NULL")),
        Index("ix_syncs_received_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("syncs_connection.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(String(200))
    topic: Mapped[str] = mapped_column(String(120), default="")
    kind: Mapped[str] = mapped_column(String(30), default="")
    external_id: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class SameSale(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What one sale is called on any side, such as ``stripe:ch_1``: whoever comes second attaches to the transaction."""

    __tablename__ = "syncs_same_sale"
    __table_args__ = (Index("ix_syncs_same_sale_transaction", "transaction_id"),)

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    transaction_id: Mapped[int]


class Month(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What a month's comparison of both sides gave in one currency: numbers, and sums in minor units."""

    __tablename__ = "syncs_month"

    connection_id: Mapped[int] = mapped_column(ForeignKey("syncs_connection.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[dt.date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    their_number: Mapped[int] = mapped_column(default=0)
    their_sum: Mapped[int] = mapped_column(BigInteger, default=0)
    our_number: Mapped[int] = mapped_column(default=0)
    our_sum: Mapped[int] = mapped_column(BigInteger, default=0)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Difference(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A record that the two sides have otherwise. ``theirs`` and ``ours`` are amounts, empty where there is none."""

    __tablename__ = "syncs_difference"
    __table_args__ = (
        UniqueConstraint("connection_id", "kind", "external_id", name="uq_syncs_difference_external"),
        Index("ix_syncs_difference_month", "connection_id", "month", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("syncs_connection.id", ondelete="CASCADE"))
    month: Mapped[dt.date]
    kind: Mapped[str] = mapped_column(String(30))
    external_id: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    theirs: Mapped[int | None] = mapped_column(BigInteger)
    ours: Mapped[int | None] = mapped_column(BigInteger)
