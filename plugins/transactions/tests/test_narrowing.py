"""Transactions by what was bought and by whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.api import Invalid
from crmhost.testing import Host
from plugins.companies import services as companies
from plugins.transactions import queries, services
from plugins.transactions.models import Transaction


def test_transactions_are_found_by_product_country_owner_and_tag(host: Callable[..., Host]) -> None:
    """Each filter finds those of the contact, else of the company, several values widen it, and none finds the rest."""
    made = host("transactions", "companies")
    owner, other = made.make.user("CRM manager", "owner@example.com"), made.make.user("CRM manager")
    ann = made.make.contact(first_name="Ann", assigned_to=owner, address1={"country": "FR"})
    bob = made.make.contact(first_name="Bob")
    with made.work() as work, work.begin():
        firm = companies.create(work, {"name": "Firm", "assigned_to": other, "address1": {"country": "DE"}}).id
        lines = [{"title": "Tea, green", "total": "5"}, {"title": "", "total": "5"}]
        for ref, given in {
            "A": {"contact_id": ann, "lines": lines, "tags": ["VIP"]}, "B": {"contact_id": bob, "company_id": firm},
            "C": {"company_id": firm, "lines": [{"title": "Cup", "total": "10"}]}, "D": {},
        }.items():  # fmt: skip
            base = {"ref": ref, "name": ref, "type": "Sale", "status": "Completed", "currency": "EUR", "total": "10"}
            services.create(work, base | given)
    with made.work("Admin") as work:

        def found(**given: str | list[str]) -> str:
            filters = {name: [value] if isinstance(value, str) else value for name, value in given.items()}
            chosen = queries.matching(work, "", filters).order_by(Transaction.ref)
            return "".join(one.ref for one in work.session.scalars(chosen))

        assert [found(product="Tea, green"), found(product=["Tea, green", "Cup"]), found(product="none")] == [
            "A",
            "AC",
            "BD",
        ]
        assert [found(country="fr"), found(country=["FR", "DE"]), found(country="none")] == ["A", "AC", "BD"]
        assert [found(owner="owner@example.com"), found(owner=str(other)), found(owner="none")] == ["A", "C", "BD"]
        assert [found(tagged="1"), found(tagged="0"), found(owner="me"), found(country="none", product="none")] == [
            "A",
            "BCD",
            "",
            "BD",
        ]
        for wrong in ({"owner": "stranger@example.com"}, {"tagged": "yes"}):
            with pytest.raises(Invalid):
                found(**wrong)
