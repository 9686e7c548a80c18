"""What sources import: extensions that bring the records of shops, payment providers and the like into the CRM."""

from __future__ import annotations

from . import connections, parts
from .applying import Outcome
from .commands import group
from .models import Connection, Record
from .people import guest_id
from .receiving import receive
from .shapes import (
    Access,
    Bill,
    BillLine,
    Field,
    Finding,
    Incoming,
    Other,
    Page,
    Person,
    Reader,
    Refund,
    RemoteStatus,
    Sale,
    Source,
    Subscribed,
)
from .terms import monthly

__all__ = [
    "Access",
    "Bill",
    "BillLine",
    "Connection",
    "Field",
    "Finding",
    "Incoming",
    "Other",
    "Outcome",
    "Page",
    "Person",
    "Reader",
    "Record",
    "Refund",
    "RemoteStatus",
    "Sale",
    "Source",
    "Subscribed",
    "connections",
    "group",
    "guest_id",
    "monthly",
    "parts",
    "receive",
]
