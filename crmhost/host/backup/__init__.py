"""Backup, restore and copying: one logical dump of one consistent snapshot, the same for every database.

The dump holds rows, never schema: whoever takes it makes the tables by the migrations, up to the revisions that the dump names.
So it goes from SQLite to PostgreSQL and back, and a file from a stranger can put in nothing but values of the right types.
"""

from __future__ import annotations

from .copying import Copied, copy
from .restoring import Restored, check_file, restore
from .saving import Saved, save
from .snapshot import Progress, Unseen

__all__ = ["Copied", "Progress", "Restored", "Saved", "Unseen", "check_file", "copy", "restore", "save"]
