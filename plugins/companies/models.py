"""Companies, their statuses, and who belongs to them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, and_, false, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from crmhost.api import Actor, Contact, User, UTCDateTime, plugin_base, texts

Base = plugin_base("companies")
#: Kind of record, as tags, journal, search, custom fields and ids in other systems know it.
KIND = "company"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_LIVE = _where("deleted_at IS NULL")


class CompanyStatus(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A status of companies. ``name`` is a label and may change; ``name_key`` is it folded for matching."""

    __tablename__ = "companies_status"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(80), unique=True)
    hue: Mapped[str] = mapped_column(String(10), default="grey")
    position: Mapped[int] = mapped_column(default=0)


class Company(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A company.

    ``name_key`` and ``email_key`` are folded copies that lists sort and searches begin by. ``version`` grows with each
    change (ETag). A company in the bin has ``deleted_at``.
    """

    __tablename__ = "companies_company"
    __table_args__ = (
        Index("ix_companies_company_created", "created_at", "id", **_LIVE),
        Index("ix_companies_company_updated", "updated_at", "id", **_LIVE),
        Index("ix_companies_company_name", "name_key", "id", **_LIVE),
        Index("ix_companies_company_email", "email_key", "id", **_LIVE),
        Index("ix_companies_company_status_created", "status_id", "created_at", "id", **_LIVE),
        Index("ix_companies_company_status_name", "status_id", "name_key", "id", **_LIVE),
        Index("ix_companies_company_assigned_created", "assigned_to_id", "created_at", "id", **_LIVE),
        Index("ix_companies_company_source_created", "source", "created_at", "id", **_LIVE),
        # Without its condition SQLite would read this one for “IS NULL” and sort everything.
        Index("ix_companies_company_deleted", "deleted_at", "id", **_where("deleted_at IS NOT NULL")),
        # The id of an erased company is never given again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(texts.folded(200))
    email: Mapped[str] = mapped_column(String(254), default="")
    email_key: Mapped[str] = mapped_column(texts.folded(254), default="")
    main_phone: Mapped[str] = mapped_column(String(60), default="")
    second_phone: Mapped[str] = mapped_column(String(60), default="")
    #: Two addresses: {"line1", "line2", "city", "county", "postal_code", "country" (ISO 3166 alpha-2)} each.
    address1: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    address2: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    notes: Mapped[str] = mapped_column(Text, default="")
    #: manual, import, api, or the id of a sync plugin.
    source: Mapped[str] = mapped_column(String(60), default="manual")
    socials: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    custom: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    status_id: Mapped[int] = mapped_column(ForeignKey("companies_status.id"))
    assigned_to_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    #: How many people belong to it, where a list was asked to count them.
    people: Mapped[int | None] = query_expression()
    status: Mapped[CompanyStatus] = relationship(lazy="raise_on_sql")
    assigned_to: Mapped[User | None] = relationship(User, lazy="raise_on_sql")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Companies that are not in the bin and that the actor may see."""
        alive = cls.deleted_at.is_(None)
        return and_(alive, cls.within_reach(actor)) if actor.only_assigned else alive

    @classmethod
    def within_reach(cls, actor: Actor) -> ColumnElement[bool]:
        """Companies that a limited actor may see, those in the bin too: their own, and those of contacts that they see."""
        of_contacts = cls.id.in_(
            select(Member.company_id)
            .join(Contact, Contact.id == Member.contact_id)
            .where(Contact.visible_to(actor))
            .scalar_subquery()
        )
        return or_(cls.own_of(actor), of_contacts)

    @classmethod
    def own_of(cls, actor: Actor) -> ColumnElement[bool]:
        """Companies that are assigned to the actor: those that a limited one may change."""
        if actor.contact_ids is not None or actor.user_id is None:
            return false()
        return cls.assigned_to_id == actor.user_id


class Member(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """That a contact belongs to a company. A contact's main company is the one at the lowest position."""

    __tablename__ = "companies_member"
    __table_args__ = (Index("ix_companies_member_contact", "contact_id", "position", "company_id"),)

    company_id: Mapped[int] = mapped_column(ForeignKey("companies_company.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(120), default="")
    position: Mapped[int] = mapped_column(default=0)
