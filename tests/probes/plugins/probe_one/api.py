"""What other plugins may use of probe one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Scores(Protocol):
    """The service “probe_one”."""

    def give(self, contact_id: int, points: int, remark: str = "") -> int:
        """Gives points to a contact; gives the number of the score."""

    def total(self, contact_id: int) -> int:
        """Points of a contact."""

    def numbers(self, contact_id: int) -> list[int]:
        """Numbers of the scores of a contact."""

    def per_status(self) -> Mapping[int, int]:
        """Status id -> number of contacts, from the roll-up."""
