"""A later version: a column more, filled from what is there."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("gamut_tally", sa.Column("remark", sa.String(20)))
    op.execute("UPDATE gamut_tally SET remark = 'from ' || added")


def downgrade() -> None:
    op.drop_column("gamut_tally", "remark")
