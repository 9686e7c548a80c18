"""Merging contacts into one, and undoing that."""

from __future__ import annotations

from .joining import MOST, get, merge, moved, people_of, undo_until
from .undoing import undo

__all__ = ["MOST", "get", "merge", "moved", "people_of", "undo", "undo_until"]
