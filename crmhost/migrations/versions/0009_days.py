"""How many contacts came on each day.

Revision ID: 0009
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    days = op.create_table(
        "contacts_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contacts_day"),
    )
    op.create_index("ix_contacts_day_day", "contacts_day", ["day", "amount"])
    counted = _counted(op.get_bind())
    if counted:
        op.bulk_insert(days, [{"day": day, "amount": amount} for day, amount in sorted(counted.items())])


def _counted(connection: Any) -> Counter[dt.date]:
    """The contacts that are there, by the day of the site's zone on which they came."""
    settings = sa.table("settings_value", sa.column("key"), sa.column("value", sa.JSON()))
    contacts = sa.table(
        "contacts_contact", sa.column("created_at", sa.DateTime(timezone=True)), sa.column("deleted_at")
    )
    chosen = connection.scalar(sa.select(settings.c.value).where(settings.c.key == "site.timezone"))
    zone = ZoneInfo(str(chosen or "UTC"))
    live = sa.select(contacts.c.created_at).where(contacts.c.deleted_at.is_(None))
    counted: Counter[dt.date] = Counter()
    for at in connection.scalars(live.execution_options(yield_per=10_000)):
        counted[(at.replace(tzinfo=at.tzinfo or dt.UTC)).astimezone(zone).date()] += 1
    return counted


def downgrade() -> None:
    op.drop_table("contacts_day")
