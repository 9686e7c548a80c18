"""Some duplicates, a merge and a receipt, for pictures."""

from __future__ import annotations

from crmhost.core.contacts import services as contacts
from crmhost.core.merging import services as merging
from crmhost.core.privacy import services as privacy
from crmhost.site import Site
from crmhost.work.runner import Runner


def some(site: Site) -> None:
    """Adds doubles of contacts of the demo data, merges one, erases another, and compares them all."""
    with site.work() as work, work.begin():
        people = [contacts.get(work, number) for number in range(7, 13)]
        doubles = [
            contacts.create(
                work,
                {
                    "first_name": one.last_name if place == 2 else one.first_name,
                    "last_name": one.first_name if place == 2 else one.last_name,
                    "mobile_phone": one.mobile_phone,
                    "email": f"{one.first_name.lower()}.{place}@mail.example".replace(" ", ""),
                    "status": "Customer",
                    "notes": "Met again at the fair; asked for the price list.",
                },
            ).id
            for place, one in enumerate(people)
        ]
        merging.merge(work, people[4].id, [doubles[4]], {"status": "Customer"})
        privacy.erase(work, doubles[5])
    runner = Runner(site, threads=1)
    runner.until_idle()
    runner.close()
