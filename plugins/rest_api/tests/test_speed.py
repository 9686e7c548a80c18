"""What the API costs on top of the services: counted, so that it is the same on every machine, whatever else that is doing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from crmhost.api import contacts_bulk, contacts_list
from crmhost.testing import Host

from .conftest import Client


def work_of(function: Callable[[], object], *, first: bool = False) -> int:
    """Functions that a call calls, those of Python and of C.

    :param first: of the very first call; else of a later one, when all that is done at the first use is done.
    """
    for _ in range(0 if first else 2):
        function()
    count = 0

    def note(_frame: Any, what: str, _argument: Any) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def statements_of(site: Host, function: Callable[[], object]) -> int:
    """Statements that a call sends to the database."""
    seen: list[str] = []

    def note(*arguments: Any) -> None:
        seen.append(arguments[2])

    function()
    event.listen(site.site.engine, "before_cursor_execute", note)
    try:
        function()
    finally:
        event.remove(site.site.engine, "before_cursor_execute", note)
    return len(seen)


@pytest.mark.database("sqlite")
def test_a_page_of_contacts_costs_little_more_than_reading_it(host: Callable[..., Host]) -> None:
    """GET /contacts with token, tags, e-mails and JSON does less than two and a half times what the bare list does."""
    site = host("rest_api")
    api = Client(site)
    with site.work("Admin") as work, work.begin():
        rows = [{"first_name": f"P{n}", "email": f"p{n}@example.com", "tags": ["VIP"]} for n in range(120)]
        contacts_bulk.save_many(work, rows)
    actor, generation = site.actor("Admin"), site.generation

    def bare() -> None:
        with site.site.work(actor, generation=generation) as work:
            assert len(contacts_list.page(work, contacts_list.ListQuery(limit=100)).rows) == 100

    def through_the_api(limit: int = 100) -> None:
        assert len(api.get(f"/contacts?limit={limit}")["data"]) == limit

    assert work_of(through_the_api) < 2.5 * work_of(bare)
    many = statements_of(site, through_the_api)
    assert many == statements_of(site, lambda: through_the_api(10))
    assert many <= statements_of(site, bare) + 9


@pytest.mark.database("sqlite")
def test_the_document_is_made_once_per_generation(api: Client) -> None:
    """Asking for the document again costs a small part of making it."""

    def ask() -> None:
        assert api("GET", "/openapi.json", headers={"Accept-Encoding": "identity"}).status_code == 200

    made = work_of(ask, first=True)
    assert work_of(ask) < made / 20
