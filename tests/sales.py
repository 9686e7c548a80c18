"""Transactions, for pictures."""

from __future__ import annotations

from crmhost.site import Site
from plugins.transactions import services


def some(site: Site) -> None:
    """Orders in several states and currencies, one of them with a long name."""
    with site.work() as work, work.begin():
        for number in range(1, 9):
            name = "Workshop with lunch, materials and a certificate for a whole team" if number == 7 else "Order"
            services.create(
                work,
                {
                    "ref": f"T-2026-{number:03}",
                    "name": f"{name} {number}",
                    "status": "Completed",
                    "contact_id": 7,
                    "total": {"amount": 12_350 * number, "currency": "EUR" if number % 3 else "USD"},
                },
            )
