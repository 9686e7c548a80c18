"""Who bought: one contact, whichever record of theirs came first."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from sqlalchemy import select

from crmhost.api import Contact, contacts
from crmhost.testing import Host
from plugins.syncs import applying
from plugins.syncs.api import Incoming, connections
from plugins.woo_sync import reader
from tests.peers.woo import Shop

from .test_shop import connect


def test_who_bought_as_a_guest_before(host: Callable[..., Host]) -> None:
    """A guest who has an account later is called as they said last, in whatever order that is heard; what staff typed stays."""
    site, shop = host("woo_sync", allow_private_hosts=("127.0.0.1:1",)), Shop()
    number = connect(site, "http://127.0.0.1:1")

    def bought(email: str, name: str) -> Incoming:
        made = shop.order(email=email, billing={"first_name": name, "email": email})
        return reader.incoming("order", shop.orders[made])

    with site.work() as work, work.begin():
        one = connections.get(work, number)
        source = connections.source_of(work, "woo")
        for place, turns in enumerate([*itertools.permutations(range(3)), ()]):
            email = f"buyer{place}@example.com"
            first = bought(email, "Ada")
            account = reader.incoming("customer", shop.customers[shop.register(email, first_name="Ida")])
            heard = [first, account, bought(email, "Ann")]
            for some in [[heard[turn]] for turn in turns] or [heard]:
                applying.apply(work, source, one, some)
        found = list(work.session.scalars(select(Contact).order_by(Contact.id)))
        assert [person.first_name for person in found] == ["Ann"] * 7
        contacts.update(work, found[0].id, {"first_name": "Countess"})
        shop.edit_customer(next(iter(shop.customers)), first_name="Eve")
        changed = reader.incoming("customer", next(iter(shop.customers.values())))
        applying.apply(work, source, one, [changed, bought("buyer0@example.com", "Joan")])
        assert contacts.get(work, found[0].id).first_name == "Countess"
