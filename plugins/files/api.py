"""What other extensions may use of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import CrmError, Invalid, Message, Work, keyset

from . import access, limits, queries
from .models import KIND, Entry

__all__ = ["KIND", "Entry", "FilesService"]

#: Files that go with one mail, and bytes of them.
MOST_MAILED, LARGEST_MAILED = 10, 20 * limits.MEGABYTE


class FilesService:
    """Files of records for other extensions: ``work.service("files")``."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def of(self, object_type: str, object_id: int, limit: int = 50) -> list[Entry]:
        """The newest files of a record; none for who may not see the record or files."""
        try:
            access.record_of(self._work, object_type, object_id)
        except CrmError:
            return []
        return list(self._work.session.scalars(queries.of_record(object_type, object_id).limit(limit)))

    def choices(self, object_type: str, object_id: int) -> list[tuple[str, str]]:
        """The same as pairs of number and name, for a field in which some are chosen to go with a mail."""
        return [(str(entry.id), entry.name) for entry in self.of(object_type, object_id) if entry.file_id is not None]

    def attachments(self, object_type: str, object_id: int, ids: Sequence[object]) -> list[Mapping[str, Any]]:
        """Chosen files of a record as ``mail.queue`` takes them; those that went meanwhile are said, not left out.

        :raises Invalid: when one is gone, or they are too many or too large for a mail.
        """
        wanted = {number for number in map(keyset.valid_id, ids) if number is not None}
        if not wanted:
            return []
        access.record_of(self._work, object_type, object_id)
        mine = queries.of_record(object_type, object_id).where(Entry.id.in_(wanted))
        found = [entry for entry in self._work.session.scalars(mine) if entry.file_id is not None]
        if len(found) < len(wanted):
            raise Invalid({"files": ["A file that you chose is no longer there. Choose again."]})
        if len(found) > MOST_MAILED:
            raise Invalid({"files": [Message("At most %(most)s files go with one mail.", most=MOST_MAILED)]})
        if sum(entry.size for entry in found) > LARGEST_MAILED:
            most = LARGEST_MAILED // limits.MEGABYTE
            raise Invalid(
                {"files": [Message("Together these files are too large for a mail: at most %(most)s MB.", most=most)]}
            )
        return [
            {"file_id": entry.file_id, "name": entry.name, "media_type": entry.media_type, "size": entry.size}
            for entry in reversed(found)
        ]
