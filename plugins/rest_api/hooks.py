"""Hooks of the REST API, for plugins that name it under ``[requires] optional``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.hooks import hookspec


@hookspec("first")
def rest_api_contact_values(work: Any, contact_ids: Sequence[int]) -> Mapping[int, Any] | None:
    """What contacts were worth so far, for the member ``value`` of contacts.

    Called once for all contacts of an answer; gives id → JSON-able value. Contacts that are not in it have null.
    """
