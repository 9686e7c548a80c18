"""Numbering: consecutive numbers for documents, such as invoices, without gaps and doubles."""

from __future__ import annotations


class Plugin:
    """Declares nothing: extensions use its services."""
