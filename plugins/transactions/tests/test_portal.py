"""Transactions in the client portal: of the statuses and types that the site shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.api import Invalid, settings
from crmhost.testing import Host
from plugins.transactions import services
from tests.clients import sign_in


def test_a_client_sees_what_the_site_shows(host: Callable[..., Host]) -> None:
    """Their own that count, refunds taken off; what is pending, of another type or of others when the settings say so alone."""
    site = host("transactions", "portal")
    ann, bob = (site.make.contact(first_name=name, email=f"{name}@example.com") for name in ("Ann", "Bob"))
    rows = (("S1", ann, "Sale", "Succeeded", 100), ("R1", ann, "Refund", "Succeeded", 40), ("P1", ann, "Sale", "Pending", 70),
            ("B1", bob, "Sale", "Succeeded", 55))  # fmt: skip
    with site.work() as work, work.begin():
        for ref, owner, kind, status, euros in rows:
            total = {"amount": euros * 100, "currency": "EUR"}
            services.create(
                work, {"ref": ref, "name": ref, "contact_id": owner, "type": kind, "status": status, "total": total}
            )
    browser = sign_in(site, ann)

    def shown() -> set[str]:
        page = browser.get("/portal/transactions/").text
        return {text for text in ("€100.00", "-€40.00", "€70.00", "€55.00") if text in page}

    assert shown() == {"€100.00", "-€40.00"}
    with site.work() as work, work.begin():
        settings.set_many(
            work, {"transactions.portal_statuses": "pending, Succeeded", "transactions.portal_types": "sale"}
        )
        assert work.settings.get("transactions.portal_statuses") == ["Pending", "Succeeded"]
    assert shown() == {"€100.00", "€70.00"}
    with site.work() as work, work.begin(), pytest.raises(Invalid):
        settings.set_many(work, {"transactions.portal_statuses": "Penning"})
