"""What was bought by whom, with which coupon, for segments and the contact's page; products with their categories."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import UTCDateTime, plugin_base, texts

Base = plugin_base("woo_sync")
#: A number of rows that outgrows 32 bits.
BigId = BigInteger().with_variant(Integer(), "sqlite")
_OF_SOMEBODY: dict[str, Any] = {
    "sqlite_where": text("contact_id IS NOT NULL"),
    "postgresql_where": text("contact_id IS NOT NULL"),
}


class Bought(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A product of an order. ``record_id`` is the order's record; ``name_key`` is the name folded for matching."""

    __tablename__ = "woo_sync_bought"
    __table_args__ = (
        Index("ix_woo_sync_bought_record", "record_id"),
        Index("ix_woo_sync_bought_contact", "contact_id", "name_key", **_OF_SOMEBODY),
        Index("ix_woo_sync_bought_name", "name_key", "contact_id", **_OF_SOMEBODY),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(BigInteger)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    product: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(texts.folded(200))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class CouponUse(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A coupon that an order was bought with."""

    __tablename__ = "woo_sync_coupon_use"
    __table_args__ = (
        Index("ix_woo_sync_coupon_use_record", "record_id"),
        Index("ix_woo_sync_coupon_use_contact", "contact_id", "code_key", **_OF_SOMEBODY),
        Index("ix_woo_sync_coupon_use_code", "code_key", "contact_id", **_OF_SOMEBODY),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(BigInteger)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    code: Mapped[str] = mapped_column(String(200))
    code_key: Mapped[str] = mapped_column(texts.folded(200))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Product(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """The categories of a product of a shop, as tags of its buyers are made of them. ``categories`` are lines of text."""

    __tablename__ = "woo_sync_product"

    connection_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product: Mapped[str] = mapped_column(String(40), primary_key=True)
    categories: Mapped[str] = mapped_column(String(1000), default="")
