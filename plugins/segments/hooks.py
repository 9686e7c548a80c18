"""Hooks of the segments, for plugins that name ``segments`` under ``[requires] optional``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from crmhost.hooks import hookspec


@dataclasses.dataclass(frozen=True)
class SegmentUse:
    """What uses a segment.

    :param label: as people call it, with its kind, such as ``Campaign “Spring”``: a :class:`crmhost.api.Message`.
    :param url: its page; empty for none.
    """

    segment_id: int
    label: str
    url: str = ""


@hookspec("collect")
def segments_used(work: Any, segment_ids: Sequence[int]) -> Sequence[SegmentUse] | None:
    """What of the plugin's uses these segments; a segment that something uses can't be deleted.

    Tell what the actor may not see too, without its name.
    """
