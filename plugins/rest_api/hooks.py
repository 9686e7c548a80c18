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


@hookspec("first")
def rest_api_event_data(
    work: Any, event: str, ids: Sequence[int], told: Mapping[str, Any]
) -> Mapping[int, Mapping[str, Any]] | None:
    """What webhooks are told of the objects of an event: id → what the API gives of it. ``told`` is the event's own data.

    Answer for events of your own, ``None`` for others. ``work.actor`` is the owner of the webhook: leave out what that user may
    not see, and nothing is sent. Of an object that is gone give ``{"id": …}``. Without an answer of anybody, the id is all that
    is told. A member ``contact_id`` says whom it is about: what was sent is then erased with that person.
    """
