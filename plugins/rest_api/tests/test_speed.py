"""What the API costs on top of the services, as ratios within one run."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from crmhost.api import contacts_bulk, contacts_list
from crmhost.testing import Host

from .conftest import Client


def best(function: Callable[[], object], runs: int = 6, times: int = 5) -> float:
    """Processor time of one call, in seconds, of the best run: other programs on the machine do not count."""
    function()
    found = []
    for _ in range(runs):
        begun = time.process_time()
        for _ in range(times):
            function()
        found.append((time.process_time() - begun) / times)
    return min(found)


@pytest.mark.database("sqlite")
def test_a_page_of_contacts_costs_little_more_than_reading_it(host: Callable[..., Host]) -> None:
    """GET /contacts with token, tags, e-mails and JSON takes at most four times the processor time of the bare list."""
    site = host("rest_api")
    api = Client(site)
    with site.work("Admin") as work, work.begin():
        rows = [{"first_name": f"P{n}", "email": f"p{n}@example.com", "tags": ["VIP"]} for n in range(500)]
        contacts_bulk.save_many(work, rows)
    actor, generation = site.actor("Admin"), site.generation

    def bare() -> None:
        with site.site.work(actor, generation=generation) as work:
            assert len(contacts_list.page(work, contacts_list.ListQuery(limit=100)).rows) == 100

    def through_the_api() -> None:
        assert len(api.get("/contacts?limit=100")["data"]) == 100

    assert best(through_the_api) < 4 * best(bare)


@pytest.mark.database("sqlite")
def test_the_document_is_made_once_per_generation(api: Client) -> None:
    """Asking for the document again costs a small part of making it."""
    begun = time.process_time()
    api.get("/openapi.json")
    first = time.process_time() - begun
    headers = {"Accept-Encoding": "identity"}
    assert best(lambda: api("GET", "/openapi.json", headers=headers)) < first / 5
