"""The pages of a connection: two people at one form, keys that stay where they were given, long lists."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from crmhost.api import NotFound, insert_rows
from crmhost.testing import Host
from plugins.syncs import running
from plugins.syncs.api import connections
from plugins.syncs.commands import Terminal
from plugins.syncs.models import Aside, Difference, Month, Record, fresh
from plugins.woo_sync.models import Bought

MakeHost = Callable[..., Host]
ASIDE = 150


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    assert found, page
    value = re.search(r'value="([^"]*)"', found[0])
    return html.unescape(value[1]) if value else ""


@pytest.mark.database("sqlite")
def test_pages_of_a_connection(host: MakeHost) -> None:
    """Nobody overwrites another's changes unseen; a stored key is sent to no other host; nothing is cut off silently."""
    site = host("woo_sync")
    page = site.client()
    given = {"name": "Shop", "url": "https://shop.example.com", "key": "k", "secret": "s"}
    assert page.post("/syncs/connect/woo", data=given).status_code == 303
    assert "Not read yet" in page.get("/syncs/1").text

    # Two people edit the connection, and its mapping.
    opened = page.get("/syncs/1/edit").text
    seen = {name: hidden(opened, name) for name in ("version", "seen")}
    first = {"name": "First", "url": "https://shop.example.com"}
    assert page.post("/syncs/1/edit", data=first | seen).status_code == 303
    second = page.post("/syncs/1/edit", data=first | {"name": "Second"} | seen)
    assert second.status_code == 409
    assert "First" in second.text
    assert "Second" in second.text
    again = first | {name: hidden(second.text, name) for name in ("version", "seen")} | {"name": "Second"}
    assert page.post("/syncs/1/edit", data=again).status_code == 303
    assert page.post("/syncs/1/edit", data=first | {"version": "x"}).status_code == 409

    opened = page.get("/syncs/1/mapping").text
    fields = dict(re.findall(r'<select[^>]*name="([^"]*)".*?<option selected value="([^"]*)"', opened, re.S))
    mapped = fields | {name: hidden(opened, name) for name in ("version", "seen")}
    assert page.post("/syncs/1/mapping", data=mapped | {"transaction_on-hold": "Completed"}).status_code == 303
    late = page.post("/syncs/1/mapping", data=mapped | {"transaction_on-hold": "Failed"})
    assert late.status_code == 409
    assert "Completed" in late.text
    newer = mapped | {name: hidden(late.text, name) for name in ("version", "seen")}
    long = page.post("/syncs/1/mapping", data=newer | {"new_status": "s" * 61, "option_tag_prefix": "p" * 41})
    assert long.status_code == 422
    assert "at most 60 characters" in long.text
    assert "at most 40 characters" in long.text

    # Another host gets no key that is stored.
    now = {
        "name": "Second",
        "url": "https://elsewhere.example.com",
        "version": hidden(page.get("/syncs/1/edit").text, "version"),
    }
    refused = page.post("/syncs/1/edit", data=now)
    assert refused.status_code == 422
    assert "enter this once more" in refused.text
    assert "elsewhere.example.com" in refused.text
    # Nor the same one over an open line, or what else runs there.
    for url in ("http://shop.example.com", "https://shop.example.com:8443"):
        refused = page.post("/syncs/1/edit", data=now | {"url": url})
        assert "enter this once more" in refused.text, url
    assert page.post("/syncs/1/edit", data=now | {"key": "k2", "secret": "s2"}).status_code == 303
    assert page.get("/syncs/1/test").status_code == 302

    # Who has nothing, and who has much.
    person = site.make.contact()
    assert "No orders yet" in page.get(f"/contacts/{person}?tab=woo_sync").text
    with site.work() as work, work.begin():
        one = connections.get(work, 1)
        about: dict[str, Any] = {"connection_id": 1, "kind": "order"}
        aside = about | {"at": work.now, "reason": "No.", "tries": 1, "version": 1, "body": {}, "email_key": ""}
        insert_rows(work.session, Aside, [aside | {"external_id": str(place)} for place in range(ASIDE)])
        month = work.today.replace(day=1)
        differs = about | {"month": month, "currency": "EUR", "theirs": 1, "ours": None}
        insert_rows(work.session, Difference, [differs | {"external_id": str(place)} for place in range(210)])
        sums = {"their_number": 210, "their_sum": 210, "our_number": 0, "our_sum": 0, "at": work.now}
        insert_rows(work.session, Month, [{"connection_id": 1, "month": month, "currency": "EUR"} | sums])
        for place in range(60):
            record = fresh(one, "order", f"r{place}")
            record.contact_id, record.at, record.currency, record.url = person, work.now, "EUR", "javascript:alert(1)"
            work.session.add(record)
        assert connections.read_by(work, one) is None
        work.session.execute(text("ANALYZE"))
    assert "The newest 50 of 60" in page.get(f"/contacts/{person}?tab=woo_sync").text
    compared = page.get("/syncs/1/reconcile").text
    assert (compared.count('name="ids"'), "The newest 200 of 210" in compared) == (200, True)
    shown = page.get("/syncs/1/aside").text
    assert (shown.count('name="id"'), "150 records in all" in shown) == (100, True)
    older = re.search(r'href="([^"]*before=\d+)"', shown)
    assert older
    assert page.get(html.unescape(older[1])).text.count('name="id"') == ASIDE - 100
    assert page.post("/syncs/1/aside", data={"id": "7"}).status_code == 303
    assert page.post("/syncs/1/repair", data={"ids": "x"}).headers["Location"].endswith("/reconcile")
    with site.work() as work:
        asked = (
            "EXPLAIN QUERY PLAN SELECT id, reason FROM syncs_aside WHERE connection_id = 1 ORDER BY id DESC LIMIT 101"
        )
        plan = " ".join(str(row[-1]) for row in work.session.execute(text(asked)))
        assert "ix_syncs_aside_list" in plan
        assert "TEMP B-TREE" not in plan
    in_a_tab_of_long_ago(site, page)
    with_its_extension_off(site, page)


def in_a_tab_of_long_ago(site: Host, page: Any) -> None:
    """What was done meanwhile is said, and nothing is done twice."""

    def said(path: str, **data: str) -> str:
        text: str = page.post(f"/syncs/1/{path}", data=data, follow_redirects=True).text
        return html.unescape(text)

    before = len(site.jobs())
    assert "This record is not set aside any more" in said("aside", id="999")
    assert "These were repaired already" in said("repair", ids="999")
    assert "“Second” is paused: let it go on first." in said("pause", paused="1") + said("sync")
    assert len(site.jobs()) == before
    assert "was removed already" in said("remove", connected="2020-01-01T00:00:00+00:00")
    said("pause", paused="0")
    assert len(site.jobs("syncs.run")) == 1


def with_its_extension_off(site: Host, page: Any) -> None:
    """It is seen, paused and removed all the same, is read by nobody, and is known again afterwards."""
    with site.work() as work, work.begin():
        record = work.session.scalars(select(Record.id)).first()
        work.session.add(Bought(record_id=record, product="1", name="Mug", name_key="mug", at=work.now))
    site.disable("woo_sync")
    with site.work() as work:
        assert (connections.due(work), len(connections.all_of(work))) == ([], 1)
        with pytest.raises(NotFound):
            running.run(Terminal(work), 1)
        assert connections.get(work, 1).run_key == ""
    assert "Extension off" in page.get("/syncs/").text
    assert "is off: nothing comes in" in page.get("/syncs/1/mapping", follow_redirects=True).text
    assert "is off: nothing comes in" in page.post("/syncs/1/test", follow_redirects=True).text
    assert "is off: have it switched on first" in page.post("/syncs/1/sync", follow_redirects=True).text
    assert "Paused" in page.post("/syncs/1/pause", data={"paused": "1"}, follow_redirects=True).text
    shown = {"connected": hidden(page.get("/syncs/1").text, "connected")}
    assert "Its contacts and transactions stay" in page.post("/syncs/1/remove", data=shown, follow_redirects=True).text
    for path in ("remove", "pause", "edit", "mapping", "aside"):
        again = page.post(f"/syncs/1/{path}", follow_redirects=True)
        assert (again.status_code, "was removed already" in again.text) == (200, True)
    assert page.get("/syncs/1").status_code == 404
    site.enable("woo_sync")
    given = {"name": "Anew", "url": "https://elsewhere.example.com/", "key": "k", "secret": "s"}
    with site.work("Admin") as work, work.begin():
        assert connections.save(work, connections.source_of(work, "woo"), given).key == "shop"
        assert work.session.scalars(select(Bought)).all() == []
