"""Every event becomes a delivery for each webhook that wants it, and each object that it is about."""

from __future__ import annotations

from crmhost.api import Event, Work

from . import deliveries, payloads, webhooks


def fan_out(work: Work, event: Event) -> None:
    """Makes the deliveries of an event; a repeat makes those that are missing and no others."""
    for webhook in webhooks.wanting(work, event.name):
        owner = webhooks.owner_of(work, webhook)
        if owner is None:
            continue
        # An event without objects is told once.
        heard = payloads.heard_of(work.as_actor(owner), event.name, event.ids) if event.ids else [0]
        ids = list(dict.fromkeys(heard))
        for start in range(0, len(ids), deliveries.BATCH):
            with work.begin():
                deliveries.make(work, webhook, event, ids[start : start + deliveries.BATCH])
