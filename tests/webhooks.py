"""Webhooks with a log, and notifications, for pictures."""

from __future__ import annotations

from sqlalchemy import select

from bench import sites
from crmhost.api import Event, notifications, users
from crmhost.site import Site
from plugins.rest_api import deliveries, webhooks
from plugins.rest_api.models import Delivery

EVENTS = ["contact.created", "contact.status_changed", "journal.*"]
STATES = (("delivered", 200, ""), ("failed", 503, "The receiver answered 503."), ("due", None, ""))


def some(site: Site) -> None:
    """Two webhooks of the admin, one of them paused, and what the admin was told."""
    with site.work() as work:
        user = users.find_by_email(work, sites.EMAIL)
        assert user is not None
    admin, me = users.actor_for(user), user.id
    with site.work(admin) as work, work.begin():
        shop = webhooks.add(
            work, {"url": "https://hooks.example.com/crm", "events": EVENTS, "label": "Newsletter"}
        ).webhook
        chat = webhooks.add(work, {"url": "https://chat.example.com/in/" + "x" * 90, "events": ["*"]}).webhook
        for number in range(9):
            event = Event(number, EVENTS[number % 2], (number + 1,), {}, work.now, "")
            deliveries.make(work, shop, event, event.ids)
            row = work.session.scalars(select(Delivery).order_by(Delivery.id.desc()).limit(1)).one()
            row.state, row.status, row.error = STATES[number % 3 if number > 5 else 0]
            row.attempts, row.milliseconds, row.answer = 1 + number % 2, 84, "thanks"
            row.request = '{"id":"evt_1","event":"contact.created","data":{"first_name":"Ada"}}'
        webhooks.set_paused(work, chat, "Nothing was taken for 3 days. “chat.example.com” did not answer in time.")
        notifications.tell(work, [me], "“%(name)s” failed and was switched off.", data={"name": "Quotes"})
        notifications.read_all(work.as_actor(admin))
        text = "The webhook to %(host)s is paused: %(why)s Mend the receiver, then resume it."
        why = {"host": "chat.example.com", "why": chat.paused_why}
        notifications.tell(work, [me], text, url=f"/api-tokens/webhooks/{chat.id}", data=why)
        notifications.tell(work, [me], "Your import “shop.csv” is done.", url="/csv-tools/import")
