"""Every reference to a contact in the core is known to merging and erasing."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

from crmhost import core
from crmhost.core.merging.references import CORE
from crmhost.db import Base

#: What a merge does not move: addresses go with their own rules, tombstones stay, and its own notes speak of those who stayed.
APART = {
    "contacts_contact.merged_into_id",
    "contacts_email.contact_id",
    "merging_distinct.high_id",
    "merging_distinct.low_id",
    "merging_key.contact_id",
    "merging_merge.winner_id",
}


def test_no_table_of_the_core_is_forgotten() -> None:
    """A foreign key to contacts either moves when contacts are merged, or is left out on purpose."""
    for room in pkgutil.iter_modules(core.__path__):
        if room.ispkg and importlib.util.find_spec(f"{core.__name__}.{room.name}.models"):
            importlib.import_module(f"{core.__name__}.{room.name}.models")
    found = {
        f"{mapper.local_table.name}.{key.parent.name}"
        for mapper in Base.registry.mappers
        for key in mapper.local_table.foreign_keys  # type: ignore[attr-defined]
        if key.target_fullname == "contacts_contact.id"
    }
    moved = {f"{reference.table}.{reference.column}" for reference in CORE}
    assert found - APART <= moved
    assert found >= APART
