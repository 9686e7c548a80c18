"""The funnel on pages and in the API."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable

from crmhost.api import contacts, settings, users
from crmhost.testing import Host

Hosts = Callable[..., Host]


def put(host: Host, **numbers: int) -> None:
    """Makes so many contacts of each status."""
    with host.work() as work, work.begin():
        for name, number in numbers.items():
            for _ in range(number):
                contacts.create(work, {"first_name": name, "status": name})


def test_page(host: Hosts) -> None:
    """The page shows each step with its number, share and conversion, and links the list of exactly those contacts."""
    made = host("funnel")
    put(made, Lead=3, Contacted=2, Customer=1, Refused=2)
    page = made.client().get("/funnel/").text
    assert "50.0%" in page
    assert "go on to Contacted" in page
    assert "Not counted:" in page
    assert "2 Refused" in page
    assert "Nobody is at this step now: Upsell." in page
    assert 'style="' not in page
    links = re.findall(r'<td class="num"><a href="([^"]+)">\d+</a></td><td class="num share', page)
    totals = [made.client().get(html.unescape(address) + "&count=1").text for address in links]
    numbers = [re.findall(r"\d+", re.sub(r"<[^>]*>", " ", total))[0] for total in totals]
    assert numbers == ["6", "3", "1", "0"]


def test_actual_view(host: Hosts) -> None:
    """It says which view it is and how it differs, links the list of exactly those people, and can be downloaded."""
    made = host("funnel", "rest_api")
    now = made.clock.freeze()
    made.clock.freeze(now - dt.timedelta(days=3))
    put(made, Lead=4)
    made.clock.freeze(now)
    with made.work() as work, work.begin():
        contacts.set_status(work, [1, 2], "Contacted")
        contacts.set_status(work, [3], "Refused")
    first, last = (now - dt.timedelta(days=30)).date().isoformat(), now.date().isoformat()
    address = f"/funnel/?view=actual&from={first}&to={last}"
    page = made.client().get(address).text
    for said in (
        "Actual: who really entered each step",
        "50.0% went on from Lead, after 3 days",
        "1 Refused",
        "The backfilled view",
    ):
        assert said in page, said
    link = re.search(r'<td class="num"><a href="([^"]+)">4</a>', page)
    assert link is not None
    assert "4" in re.sub(r"<[^>]*>", " ", made.client().get(html.unescape(link[1]) + "&count=1").text)
    told = made.api().get(address.replace("/funnel/", "/api/v1/funnel")).json
    assert (told["view"], told["from"], told["to"]) == ("actual", first, last)
    assert told["steps"][0] == {
        "status": "Lead", "count": 4, "current": 1, "share": 1.0, "conversion": None, "went_on": 2, "went_back": 0,
        "median_seconds": 259200.0, "left": [{"status": "Refused", "count": 1}],
    }  # fmt: skip
    later = made.client().get("/funnel/?view=actual&from=2020-04-01&to=2020-04-30").text
    assert "Nobody entered a step in this time" in later
    assert "Actual" in made.client().get("/funnel/box?view=actual").text


def test_filters(host: Hosts) -> None:
    """Who has them, a tag and when they were added narrow either view; what can't be understood is said."""
    made = host("funnel")
    put(made, Lead=3)
    made.make.contact(first_name="Mine", status="Customer", tags=["VIP"], assigned_to=None)
    for view in ("backfilled", "actual"):
        page = made.client().get(f"/funnel/?view={view}&tag=VIP&assigned_to=nobody").text
        assert (
            re.findall(r'<td class="num"><a href="[^"]+tag=VIP[^"]*">(\d+)</a></td><td class="num share', page)[2]
            == "1"
        )
    assert "Nobody is in the funnel yet" in made.client().get("/funnel/?from=2020-01-01&to=2020-12-31").text
    answer = made.client().get("/funnel/?tag=none")
    assert (answer.status_code, "There is no tag" in answer.text) == (422, True)


def test_widget(host: Hosts) -> None:
    """The dashboard has the funnel as a box."""
    made = host("funnel")
    put(made, Lead=1)
    page = made.client().get("/").text
    assert "Where do contacts stop?" in page
    assert "crm-funnel" in page


def test_hollow(host: Hosts) -> None:
    """An empty funnel says what it is and what to do."""
    made = host("funnel")
    page = made.client().get("/funnel/").text
    assert "Nobody is in the funnel yet" in page
    assert "Lead, Contacted, Customer, Upsell" in page


def test_permission(host: Hosts) -> None:
    """Whoever lacks the permission gets neither page nor menu item."""
    made = host("funnel")
    with made.work() as work, work.begin():
        users.save_role(work, users.find_role(work, "Read only").id, "Read only", ["contacts.view"])
    assert made.client("Read only").get("/funnel/").status_code == 403
    assert 'href="/funnel/"' not in made.client("Read only").get("/contacts/").text
    assert 'href="/funnel/"' in made.client().get("/contacts/").text


def test_api(host: Hosts) -> None:
    """GET /funnel answers with the steps; limited users get their own numbers, an unknown view is refused."""
    made = host("funnel", "rest_api")
    put(made, Lead=1, Customer=3)
    person = made.make.user("Read only")
    with made.work() as work, work.begin():
        settings.set_many(work, {"funnel.statuses": "Lead,Customer"})
        token = users.make_token(work, users.get(work, person), "test")
    client = made.client("")
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.get("/api/v1/funnel", headers=headers)
    assert answer.status_code == 200
    assert answer.json == {
        "view": "backfilled",
        "steps": [
            {"status": "Lead", "count": 4, "current": 1, "share": 1.0, "conversion": None},
            {"status": "Customer", "count": 3, "current": 3, "share": 0.75, "conversion": 0.75},
        ],
    }
    assert client.get("/api/v1/funnel?view=nonsense", headers=headers).status_code == 422
    assert client.get("/api/v1/funnel?tag=nonsense", headers=headers).status_code == 422
    assert client.get("/api/v1/funnel").status_code == 401
