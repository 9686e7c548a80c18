"""Who sees only their own contacts sees only the invoices of these: nowhere a number, a sum or a page of another's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.testing import Host
from plugins.invoices import files, owing, parts, queries

from .conftest import Write, pay, transact

ONE = pytest.mark.database("sqlite")


@ONE
def test_a_foreign_invoice_is_nowhere(host: Callable[..., Host], write: Write) -> None:
    """Lists, sums, tabs, palette, dashboard, export and API show the own one alone; pages and actions of the other are 404."""
    site = host("invoices", "companies", "rest_api")
    limited = site.actor("CRM manager", only_assigned=True)
    own, foreign = (
        site.make.contact(first_name="Own", assigned_to=limited.user_id),
        site.make.contact(first_name="Other"),
    )
    with site.work() as work, work.begin():
        company = work.service("companies").create({"name": "Works"}, source="test").id
    mine = write(site, 1_100, own, company_id=company, number="MINE-1", reference="Bridge")
    theirs = write(site, 7_700, foreign, company_id=company, number="THEIRS-1", reference="Bridge")
    draft = write(site, 8_800, foreign, status="Draft", reference="Bridge")
    pay(site, theirs, 500)
    loose = transact(site, 7_200, foreign)
    client = site.client("CRM manager", only_assigned=True)
    for page in ("/invoices/", "/invoices/?count=1", "/invoices/?q=Bridge&count=1", f"/companies/{company}?tab=invoices",
                 f"/contacts/{own}?tab=invoices", "/search?q=1", "/search?q=Bridge", "/invoices/bin",
                 f"/invoices/?contact_id={foreign}&count=1"):  # fmt: skip
        text = client.get(page).text
        assert "THEIRS-1" not in text, page
        assert "77.00" not in text, page
        assert "88.00" not in text, page
    assert "MINE-1" in client.get("/invoices/").text
    assert "€11.00 due" in client.get("/").text
    assert "€11.00" in client.get("/invoices/?count=1").text
    for tail in ("", "/pdf", "/edit", "/send", "/payment", "/recurrence"):
        assert client.get(f"/invoices/{theirs}{tail}").status_code == 404, tail
    for tail in ("issue", "void", "duplicate", "credit", "paid", "link", "link/revoke", "send", "payment", "delete",
                 f"detach/{loose}"):  # fmt: skip
        assert client.post(f"/invoices/{theirs}/{tail}").status_code == 404, tail
    assert client.get(f"/contacts/{foreign}?tab=invoices").status_code == 404
    api = site.api("CRM manager", only_assigned=True)
    listed = api.get("/api/v1/invoices?count=1").json
    assert ([one["id"] for one in listed["data"]], listed["total"]) == ([mine], 1)
    for method, tail in (("get", ""), ("patch", ""), ("delete", ""), ("get", "/payments"), ("post", "/payments")):
        assert getattr(api, method)(f"/api/v1/invoices/{theirs}{tail}", json={}).status_code == 404, (method, tail)
    assert api.post("/api/v1/invoices", json={"contact_id": foreign, "lines": []}).status_code == 422
    with site.work("CRM manager", only_assigned=True) as work:
        assert [one.id for one in work.session.scalars(queries.matching(work, "", {"status": ["unpaid"]}))] == [mine]
        assert [row["number"] for row in files.rows(work, {})] == ["MINE-1"]
        assert parts.titles(work, [mine, theirs, draft]) == {mine: "MINE-1"}
        assert owing.column("contact")(work, [own]) == {own: "€11.00"}
