"""Addresses of records."""

from __future__ import annotations

from typing import Any

from flask import url_for

from ...web.request import current_work
from . import services


def record_url(kind: str, record_id: int) -> str:
    """Address of the page of a record; empty while its plugin is off."""
    found = services.kinds(current_work()).get(kind)
    if found is None:
        return ""
    values: dict[str, Any] = {found.argument: record_id}
    return url_for(found.endpoint, **values)
