"""Erasing people, receipts of that, and exporting what is held on a person."""

from __future__ import annotations

from .erasing import erase, everyone, holds
from .exporting import document, request, write_archive
from .receipts import Receipts, find, receipt, receipts

__all__ = [
    "Receipts",
    "document",
    "erase",
    "everyone",
    "find",
    "holds",
    "receipt",
    "receipts",
    "request",
    "write_archive",
]
