"""Every type of column, and what a database derives by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ADD = "UPDATE gamut_tally SET added = added + 1;"
_FUNCTION = f"RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_ADD} RETURN NEW; END $$"
_TRIGGER = "CREATE TRIGGER gamut_value_added AFTER INSERT ON gamut_value"
_TRIGGERS = {
    "sqlite": (f"{_TRIGGER} BEGIN {_ADD} END",),
    "postgresql": (
        f"CREATE FUNCTION gamut_count() {_FUNCTION}",
        f"{_TRIGGER} FOR EACH ROW EXECUTE FUNCTION gamut_count()",
    ),
}


def upgrade() -> None:
    op.create_table(
        "gamut_value",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("parent_id", sa.Integer(), sa.ForeignKey("gamut_value.id", ondelete="SET NULL")),
        sa.Column("whole", sa.BigInteger()),
        sa.Column("ratio", sa.Double()),
        sa.Column("amount", sa.Numeric(20, 4)),
        sa.Column("flag", sa.Boolean()),
        sa.Column("line", sa.String(200)),
        sa.Column("body", sa.Text()),
        sa.Column("raw", sa.LargeBinary()),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.Column("local", sa.DateTime()),
        sa.Column("day", sa.Date()),
        sa.Column("hour", sa.Time()),
        sa.Column("data", sa.JSON()),
        sa.Column("code", sa.Uuid()),
        sa.Column("secret", sa.String(200)),
        sa.Column("twice", sa.Integer(), sa.Computed("id * 2", persisted=True)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_gamut_value_line", "gamut_value", ["line"], unique=True)
    op.create_table("gamut_tally", sa.Column("added", sa.Integer(), nullable=False))
    op.execute("INSERT INTO gamut_tally (added) VALUES (0)")
    op.create_table("gamut_left", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("right_id", sa.Integer()))
    op.create_table(
        "gamut_right",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("left_id", sa.Integer(), sa.ForeignKey("gamut_left.id", name="fk_gamut_right_left_id")),
    )
    with op.batch_alter_table("gamut_left") as batch:
        batch.create_foreign_key("fk_gamut_left_right_id", "gamut_right", ["right_id"], ["id"])
    for statement in _TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    with op.batch_alter_table("gamut_left") as batch:
        batch.drop_constraint("fk_gamut_left_right_id", type_="foreignkey")
    for table in ("gamut_right", "gamut_left", "gamut_tally", "gamut_value"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION gamut_count()")
