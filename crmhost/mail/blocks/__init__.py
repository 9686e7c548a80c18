"""Mails put together of blocks: a small JSON document, checked and cleaned, and written as MJML.

A document is ``{"blocks": [block, …], "look": {"accent": "#3b4fd8", "background": "#f2f4f7"}}``. A block is
``{"type": name}`` and the values of its fields by their names; one of two columns has ``"columns": [[block, …], [block, …]]``
instead. What no field says is its default.
"""

from .document import COLUMNS, Document, Types, begin, clean, each, lacking, outline, read
from .draw import to_mjml

__all__ = ["COLUMNS", "Document", "Types", "begin", "clean", "each", "lacking", "outline", "read", "to_mjml"]
