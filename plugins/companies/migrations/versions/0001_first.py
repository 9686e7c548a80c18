"""Statuses, companies, and who belongs to them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INDEXES = {
    "created": ["created_at"],
    "updated": ["updated_at"],
    "name": ["name_key"],
    "email": ["email_key"],
    "status_created": ["status_id", "created_at"],
    "status_name": ["status_id", "name_key"],
    "assigned_created": ["assigned_to_id", "created_at"],
    "source_created": ["source", "created_at"],
}


def _folded(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "companies_status",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("name_key", sa.String(80), nullable=False, unique=True),
        sa.Column("hue", sa.String(10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
    )
    op.create_table(
        "companies_company",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", _folded(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", _folded(254), nullable=False),
        sa.Column("main_phone", sa.String(60), nullable=False),
        sa.Column("second_phone", sa.String(60), nullable=False),
        sa.Column("address1", sa.JSON(), nullable=False),
        sa.Column("address2", sa.JSON(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("socials", sa.JSON(), nullable=False),
        sa.Column("custom", sa.JSON(), nullable=False),
        sa.Column("status_id", sa.Integer(), sa.ForeignKey("companies_status.id"), nullable=False),
        sa.Column("assigned_to_id", sa.Integer(), sa.ForeignKey("users_user.id", ondelete="SET NULL")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sqlite_autoincrement=True,
    )
    live, binned = sa.text("deleted_at IS NULL"), sa.text("deleted_at IS NOT NULL")
    for name, columns in _INDEXES.items():
        op.create_index(
            f"ix_companies_company_{name}",
            "companies_company",
            [*columns, "id"],
            sqlite_where=live,
            postgresql_where=live,
        )
    op.create_index(
        "ix_companies_company_deleted",
        "companies_company",
        ["deleted_at", "id"],
        sqlite_where=binned,
        postgresql_where=binned,
    )
    op.create_table(
        "companies_member",
        sa.Column(
            "company_id", sa.Integer(), sa.ForeignKey("companies_company.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column(
            "contact_id", sa.Integer(), sa.ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("role", sa.String(120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
    )
    op.create_index("ix_companies_member_contact", "companies_member", ["contact_id", "position", "company_id"])


def downgrade() -> None:
    op.drop_table("companies_member")
    op.drop_table("companies_company")
    op.drop_table("companies_status")
