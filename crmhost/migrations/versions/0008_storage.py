"""The built-in plugin that stores files is called storage, so that a plugin may be called files.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _rename("files", "storage")


def downgrade() -> None:
    _rename("storage", "files")


def _rename(old: str, new: str) -> None:
    """Its settings and jobs; schedules are made anew from what the plugin declares."""
    values = {"old": old, "new": new, "after": len(old) + 1}
    for statement in (
        "UPDATE settings_value SET plugin = :new, key = :new || substr(key, :after) WHERE plugin = :old",
        "UPDATE work_job SET plugin = :new, kind = :new || substr(kind, :after) WHERE plugin = :old",
    ):
        op.execute(sa.text(statement).bindparams(**values))
    op.execute(sa.text("DELETE FROM work_schedule WHERE plugin = :old").bindparams(old=old))
