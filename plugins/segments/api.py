"""What other extensions may import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from .hooks import SegmentUse
from .models import KIND, Segment

__all__ = ["KIND", "Segment", "SegmentUse", "Segments"]


class Segments(Protocol):
    """What ``work.service("segments")`` gives while the segments are on. See also the hook in ``hooks.py``.

    Everything holds for ``work.actor``: who is limited to the own contacts counts and gets these alone. A segment whose
    conditions can't be asked now, because an extension is off, raises :class:`crmhost.api.Invalid` with the reason.
    """

    def get(self, segment_id: int) -> Segment:
        """A segment that is shared or the actor's own. :raises NotFound:"""

    def choices(self) -> Sequence[tuple[str, str]]:
        """Id as text and name of each, by name, for a field."""

    def names(self, segment_ids: Sequence[int]) -> Mapping[int, str]:
        """Id -> name; those that are gone are left out."""

    def contacts(self, segment_id: int) -> Any:
        """``select(Contact.id)`` of those who are in it now and whom the actor may see, to be a part of a query.

        :raises Invalid: with the reason, when it can't be asked now. :raises NotFound:
        """

    def count(self, segment_id: int) -> int:
        """How many there are now. :raises Invalid: :raises NotFound:"""

    def holds(self, segment_id: int, contact_id: int) -> bool:
        """Whether a contact is in it now. :raises Invalid: :raises NotFound:"""
