"""What the resources of other extensions may import: contacts as the API gives them."""

from __future__ import annotations

from .schemas import Contact as ContactSchema
from .shapes import contact_records

__all__ = ["ContactSchema", "contact_records"]
