"""Statuses, tags, users, settings, plugins, journal, audit log and jobs through the API."""

from __future__ import annotations

from collections.abc import Callable

from crmhost.testing import Host

from .conftest import Client


def test_statuses_are_added_changed_moved_and_deleted(api: Client) -> None:
    """A status goes through its whole life; its contacts get the heir that is named."""
    made = api("POST", "/statuses", {"name": "Prospect", "hue": "pink"})
    assert made.status_code == 201
    record = made.json["data"]
    assert made.headers["Location"] == f"/api/v1/statuses/{record['id']}"
    assert (record["name"], record["hue"], record["count"]) == ("Prospect", "pink", 0)
    number = api.add(first_name="Ada", status="prospect")
    changed = api("PATCH", f"/statuses/{record['id']}", {"name": "Suspect", "position": 0}).json["data"]
    assert (changed["name"], changed["position"], changed["count"]) == ("Suspect", 0, 1)
    assert [status["name"] for status in api.get("/statuses")["data"]][:2] == ["Suspect", "Lead"]
    refused = api("DELETE", f"/statuses/{record['id']}")
    assert refused.status_code == 422
    assert "heir" in refused.json["errors"]
    assert api("DELETE", f"/statuses/{record['id']}?heir=customer").status_code == 204
    assert api.get(f"/contacts/{number}")["data"]["status"] == "Customer"
    assert api("GET", f"/statuses/{record['id']}").status_code == 404


def test_statuses_that_make_no_sense_are_refused(api: Client) -> None:
    """Names that are missing, taken or too long, unknown colours and places answer 422, unknown ids 404."""
    for document, field in (
        ({}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "LEAD"}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "x", "hue": "mauve"}, "hue"),
        ({"name": "x", "colour": "red"}, "colour"),
    ):
        answer = api("POST", "/statuses", document)
        assert answer.status_code == 422, document
        assert field in answer.json["errors"]
    for place in (-1, "first", True, 2**40):
        assert api("PATCH", "/statuses/1", {"position": place}).status_code == 422
    assert api("PATCH", "/statuses/1", {"position": 5000}).json["data"]["position"] == 5
    assert api("PATCH", "/statuses/99", {"name": "x"}).status_code == 404
    assert api("DELETE", "/statuses/99").status_code == 404
    assert api("DELETE", "/statuses/1?heir=nobody").status_code == 422


def test_tags_are_made_and_read_one_by_one(api: Client) -> None:
    """With a colour or without; a name that is taken in any case is refused."""
    made = api("POST", "/tags", {"name": "Fair", "hue": "teal"})
    assert made.status_code == 201
    assert made.headers["Location"].endswith(f"/tags/{made.json['data']['id']}")
    assert api.get(f"/tags/{made.json['data']['id']}")["data"] == {**made.json["data"], "name": "Fair", "hue": "teal"}
    assert api("POST", "/tags", {"name": "Other"}).status_code == 201
    for wrong in ({"name": "FAIR"}, {"name": " "}, {"name": "New", "hue": "mud"}, {}):
        assert api("POST", "/tags", wrong).status_code == 422
    assert api("GET", "/tags/999").status_code == 404


def test_types_of_journal_entries_are_a_list_that_can_be_changed(api: Client) -> None:
    """Added, renamed, deleted with an heir; those that the system writes are only listed."""
    number = api.add(first_name="Ada")
    made = api("POST", "/journal/types", {"label": "Visit", "contact": False}).json["data"]
    assert (made["name"], made["icon"], made["contact"], made["editable"]) == ("own:visit", "note", False, True)
    assert api("POST", "/journal/types", {"label": "visit"}).status_code == 422
    assert api("PATCH", "/journal/types/own:visit", {"contact": True}).json["data"]["label"] == "Visit"
    assert api("POST", f"/contacts/{number}/journal", {"type": "own:visit", "summary": "x"}).status_code == 201
    assert api("DELETE", "/journal/types/own:visit").status_code == 422
    assert api("DELETE", "/journal/types/own:visit?heir=note").status_code == 204
    assert api("PATCH", "/journal/types/own:visit", {"label": "x"}).status_code == 404
    assert api("DELETE", "/journal/types/status?heir=note").status_code == 404
    first = api.get("/journal/types?limit=1")
    assert api.get(f"/journal/types?limit=1&after={first['next']}")["data"] != first["data"]
    listed = {item["name"]: item["editable"] for item in api.get("/journal/types?limit=100")["data"]}
    assert (listed["note"], listed["status"]) == (True, False)


def test_tags_are_listed_renamed_and_removed(api: Client) -> None:
    """Tags come with the contacts that carry them and change everywhere at once."""
    number = api.add(first_name="Ada", tags=["Beta", "Alpha"])
    alpha, beta = api.get("/tags?count=1")["data"]
    assert (alpha["name"], beta["name"]) == ("Alpha", "Beta")
    assert api("PATCH", f"/tags/{alpha['id']}", {"name": "Gamma", "hue": "red"}).json["data"]["hue"] == "red"
    assert api.get(f"/contacts/{number}")["data"]["tags"] == ["Beta", "Gamma"]
    assert api("PATCH", f"/tags/{alpha['id']}", {"name": "beta"}).status_code == 422
    assert api("PATCH", f"/tags/{alpha['id']}", {}).status_code == 422
    assert api("DELETE", f"/tags/{beta['id']}").status_code == 204
    assert api.get(f"/contacts/{number}")["data"]["tags"] == ["Gamma"]
    assert api("PATCH", f"/tags/{beta['id']}", {"hue": "red"}).status_code == 404


def test_short_lists_are_paged_too(api: Client) -> None:
    """Statuses follow their cursor to the end; a cursor of another list, or of a record that is gone, is refused."""
    seen: list[str] = []
    cursor = ""
    while True:
        page = api.get(f"/statuses?limit=4&count=1{cursor}")
        seen += [status["name"] for status in page["data"]]
        assert page["total"] == 6
        if page["next"] is None:
            break
        cursor = f"&after={page['next']}"
    assert seen == ["Lead", "Contacted", "Customer", "Upsell", "Blacklisted", "Refused"]
    first = api.get("/statuses?limit=1")["next"]
    assert api("GET", f"/tags?after={first}").status_code == 422
    api("DELETE", "/statuses/1")
    assert api("GET", f"/statuses?after={first}").status_code == 422


def test_users_are_listed_for_who_assigns_contacts(site: Host) -> None:
    """Everybody who sees contacts sees colleagues; roles are seen by who manages users; secrets by nobody."""
    admin, reader = Client(site), Client(site, "Read only")
    full = {user["email"]: user for user in admin.get("/users")["data"]}
    assert full["read.only@example.com"]["role"] == "Read only"
    assert {user["role"] for user in reader.get("/users")["data"]} == {None}
    assert set(full["admin@example.com"]) == {"id", "email", "name", "role", "active"}


def test_settings_are_given_and_changed_all_or_none(api: Client) -> None:
    """PATCH answers the new values; one that can't be taken leaves all as they were; null takes one back."""
    assert api.get("/settings")["data"]["site.currency"] == "EUR"
    answer = api("PATCH", "/settings", {"site.currency": "usd", "contacts.bin_days": 7})
    assert answer.status_code == 200, answer.text
    assert (answer.json["data"]["site.currency"], answer.json["data"]["contacts.bin_days"]) == ("USD", 7)
    refused = api("PATCH", "/settings", {"site.currency": "CHF", "contacts.bin_days": "many", "site.nmae": "x"})
    assert refused.status_code == 422
    assert set(refused.json["errors"]) == {"contacts.bin_days", "site.nmae"}
    assert api.get("/settings")["data"]["site.currency"] == "USD"
    assert api("PATCH", "/settings", {"site.currency": None}).json["data"]["site.currency"] == "EUR"
    for nonsense in ([], "x", {"site.currency": {"deep": []}}, {"": 1}):
        assert api("PATCH", "/settings", nonsense).status_code == 422


def test_plugins_are_seen_and_switched_with_what_follows(host: Callable[..., Host]) -> None:
    """Disabling and enabling the funnel takes its resource away and brings it back; the answer carries the generation."""
    api = Client(host("rest_api", "funnel"))
    assert api("GET", "/funnel").status_code == 200
    listed = {plugin["id"]: plugin for plugin in api.get("/plugins?limit=200")["data"]}
    assert listed["funnel"]["state"] == "enabled"
    assert listed["funnel"]["name"]
    off = api("POST", "/plugins/funnel/disable", {})
    assert off.status_code == 200, off.text
    assert off.json["data"]["plugins"] == ["funnel"]
    assert off.json["data"]["lagging"] == []
    assert f"crm_gen={off.json['data']['generation']}" in off.headers["Set-Cookie"]
    assert api("GET", "/funnel").status_code == 404
    assert not any("/funnel" in path for path in api.get("/openapi.json")["paths"])
    again = api("POST", "/plugins/funnel/disable", {})
    assert (again.status_code, again.json["data"]["plugins"]) == (200, [])
    on = api("POST", "/plugins/funnel/enable", headers={"Idempotency-Key": "k"})
    assert on.status_code == 200, on.text
    assert on.json["data"]["generation"] == off.json["data"]["generation"] + 1
    assert api("GET", "/funnel").status_code == 200
    assert "/api/v1/funnel" in api.get("/openapi.json")["paths"]
    actions = [line["action"] for line in api.get("/audit?object_type=plugin&object_id=funnel")["data"]]
    assert actions[:2] == ["plugin.enabled", "plugin.disabled"]


def test_a_switch_that_can_t_be_is_refused_with_the_reason(notebook: Client) -> None:
    """A plugin that is not there answers 404, one that is broken 409 with its reason, and all runs on as before."""
    before = notebook.get("/plugins")["generation"]
    answer = notebook("POST", "/plugins/ledgre/enable")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    folder = notebook.host.site.config.home / "plugins" / "crooked"
    folder.mkdir()
    (folder / "plugin.toml").write_text('id = "crooked"\nname = "Crooked"\nversion = "1"\napi = ">=1,<2"\n')
    (folder / "__init__.py").write_text("import nothing_of_that_name\n")
    broken = notebook("POST", "/plugins/crooked/enable")
    assert broken.status_code == 409, broken.text
    assert broken.json["plugin"] == "crooked"
    assert "nothing_of_that_name" in broken.json["traceback"]
    assert notebook.get("/plugins")["generation"] == before
    assert {plugin["id"]: plugin["state"] for plugin in notebook.get("/plugins")["data"]}["crooked"] == "disabled"


def test_the_feed_and_the_audit_log_are_narrowed_and_paged(api: Client) -> None:
    """Type, user and days narrow them; their cursors lead to the end without repeats."""
    numbers = [api.add(first_name=f"Person {number}") for number in range(5)]
    api(
        "POST",
        f"/contacts/{numbers[0]}/journal",
        {"type": "call", "summary": "Rang", "at": "2026-01-02T10:00:00+02:00"},
    )
    assert [entry["summary"] for entry in api.get("/journal?type=call")["data"]] == ["Rang"]
    assert [entry["at"] for entry in api.get("/journal?to=2026-01-02")["data"]] == ["2026-01-02T08:00:00.000Z"]
    assert api.get("/journal?from=2026-01-03&type=call")["data"] == []
    assert len(api.get("/journal?from=2026-01-02T07:00:00Z&to=2026-01-02T09:00:00Z")["data"]) == 1
    assert api.get(f"/journal?user_id={api.user_id + 1}")["data"] == []
    for path in ("/journal", "/audit"):
        seen: list[int] = []
        cursor = ""
        while cursor is not None:
            page = api.get(f"{path}?limit=2{cursor and f'&after={cursor}'}")
            seen += [record["id"] for record in page["data"]]
            cursor = page["next"]
        assert len(seen) == len(set(seen)) >= 6
        for wrong in ("after=x", "from=soon", "user_id=0", "user_id=99999999999", "limit=0", "kind=call"):
            assert api("GET", f"{path}?{wrong}").status_code == 422, (path, wrong)
    line = api.get(f"/audit?object_type=contact&object_id={numbers[1]}")["data"][0]
    assert line["action"] == "contact.created"
    assert line["after"]["first_name"] == "Person 1"


def test_jobs_are_listed_without_their_arguments(api: Client) -> None:
    """Jobs come newest first, by state and kind, and what they hold on people is not shown."""
    with api.host.work("Admin") as work, work.begin():
        for number in range(3):
            work.enqueue("funnel.count", email=f"p{number}@example.com")
    page = api.get("/jobs?limit=2&count=1&state=due&kind=funnel.count")
    assert (len(page["data"]), page["total"]) == (2, 3)
    assert page["data"][0]["plugin"] == "funnel"
    assert "example.com" not in str([{**job, "by": ""} for job in page["data"]])
    assert len(api.get(f"/jobs?limit=2&after={page['next']}")["data"]) == 1
    assert api.get("/jobs?state=done")["data"] == []
    assert api("GET", "/jobs?state=lost").status_code == 422


def test_a_job_tells_how_far_it_is_and_is_cancelled_and_retried(api: Client) -> None:
    """By its asker and by who may; it ends with its result, in which what looks like a secret is masked."""
    with api.host.work("Contacts manager") as work, work.begin():
        number = work.enqueue("jobs.prune")
        other = work.enqueue("nobody.knows", dedupe="x")
    asker, reader = Client(api.host, "Contacts manager"), Client(api.host, "Read only")
    job = asker.get(f"/jobs/{number}")["data"]
    assert (job["state"], job["progress"], job["result"], job["finished_at"]) == ("due", None, None, None)
    assert [item["id"] for item in asker.get("/jobs")["data"]] == [other, number]
    assert reader.get("/jobs?count=1") == {"data": [], "next": None, "total": 0}
    assert reader("POST", f"/jobs/{number}/cancel").status_code == 404
    assert asker("POST", f"/jobs/{number}/cancel").json["data"]["state"] == "cancelled"
    assert asker("POST", f"/jobs/{number}/cancel").status_code == 409
    assert asker("POST", f"/jobs/{number}/retry").json["data"]["state"] == "due"
    api.host.run_jobs()
    done = asker.get(f"/jobs/{number}")["data"]
    assert (done["state"], done["result"], done["progress"]["done"]) == ("done", {"jobs": 0, "events": 0}, 0)
    assert done["finished_at"] >= done["started_at"]
    assert api("GET", "/jobs/99999999999").status_code == 404
