"""The roll-up of probe one beside the truth."""

from __future__ import annotations

from sqlalchemy import text

from tests.contract.world import World

_TRUTH = text("SELECT status_id, count(*) FROM contacts_contact WHERE deleted_at IS NULL GROUP BY status_id")
_ROLLUP = text("SELECT status_id, contacts FROM probe_one_rollup")


def exact(world: World) -> bool:
    """Whether the roll-up says what the contacts say."""
    with world.host.site.engine.connect() as connection:
        return {tuple(row) for row in connection.execute(_TRUTH)} == {tuple(row) for row in connection.execute(_ROLLUP)}
