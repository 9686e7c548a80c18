"""The service “segments”, see ``api.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Select, select

from crmhost.api import Work

from . import nested, services
from .models import Segment


class SegmentsService:
    """Segments for other plugins."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, segment_id: int) -> Segment:
        return services.get(self._work, segment_id)

    def choices(self) -> Sequence[tuple[str, str]]:
        return nested.choices(self._work)

    def names(self, segment_ids: Sequence[int]) -> Mapping[int, str]:
        wanted = select(Segment.id, Segment.name).where(
            Segment.id.in_(segment_ids), Segment.visible_to(self._work.actor)
        )
        return {row[0]: row[1] for row in self._work.session.execute(wanted)}

    def contacts(self, segment_id: int) -> Select[int]:
        return services.question(self._work, self.get(segment_id)).ids()

    def count(self, segment_id: int) -> int:
        return services.question(self._work, self.get(segment_id)).count()

    def holds(self, segment_id: int, contact_id: int) -> bool:
        return services.question(self._work, self.get(segment_id)).holds(contact_id)
