"""Campaigns by the REST API: the shapes, preview, sending, pausing, figures, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crmhost.core.settings import services as settings
from crmhost.testing import Host
from plugins.mail_campaigns.tests.conftest import HTML
from tests.peers import smtp

PATH = "/api/v1/campaigns"


def test_a_campaign_by_the_api(host: Callable[..., Host], peer: smtp.Peer) -> None:
    """Made, previewed, changed, sent, paused and resumed, counted; refusals stand at their fields."""
    site = host("mail_campaigns", "rest_api", "segments", base_url="https://crm.example.com")
    with site.work() as work, work.begin():
        values = {"transport": "smtp", "from": "hello@example.com", "smtp_host": "127.0.0.1", "smtp_security": "none"}
        settings.set_many(work, {f"mail.{key}": value for key, value in values.items()})
        settings.set_many(work, {"mail.smtp_port": str(peer.port)})
    ann = site.make.contact(first_name="Ann", email="ann@example.org", tags=["VIP"])
    site.make.contact(first_name="Bob", tags=["VIP"])
    api = site.api("CRM manager")
    given = {"name": "Spring", "subject": "News", "html": HTML, "account": None}
    made = api.post(PATH, json={**given, "audience": {"include": [{"tag": "VIP"}], "exclude": []}})
    assert made.status_code == 201, made.text
    where, data = made.headers["Location"], made.json["data"]
    assert {name: data[name] for name in given} == given
    assert (data["state"], data["audience"]["include"]) == ("draft", [{"tag": "VIP"}])
    found = api.post(f"{where}/preview").json
    assert (found["count"], found["left_out"]) == (1, {"no_email": 1})
    assert [one["id"] for one in found["sample"]] == [ann]
    stale = api.patch(where, json={"subject": "X"}, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    changed = api.patch(where, json={"subject": "News of spring"}, headers={"If-Match": made.headers["ETag"]})
    assert changed.json["data"]["subject"] == "News of spring"
    assert api.post(f"{where}/pause").status_code == 409
    for _ in range(2):
        assert api.post(f"{where}/send", json={}).json["data"]["state"] == "planning"
    assert api.post(f"{where}/pause").json["data"]["state"] == "paused"
    assert api.post(f"{where}/resume").json["data"]["state"] == "planning"
    site.run_jobs()
    assert [taken.recipients for taken in peer.taken] == [["ann@example.org"]]
    figures = api.get(f"{where}/stats").json
    assert (figures["planned"], figures["sent"], figures["left_out"]) == (1, 1, {"no_email": 1})
    assert [one["name"] for one in api.get(f"{PATH}?state=sent&q=spring&count=1").json["data"]] == ["Spring"]
    assert api.delete(where).status_code == 409
    lacking = api.post(PATH, json={"name": "Empty"}).headers["Location"]
    refused = api.post(f"{lacking}/send", json={})
    assert refused.status_code == 422
    assert {"subject", "content", "audience"} <= set(refused.json["errors"])
    assert api.post(f"{lacking}/preview").status_code == 422
    assert api.delete(lacking).status_code == 204
    for wrong in ({"name": ""}, {"name": "X", "audience": {"include": [{"tag": "none"}]}}, {"name": "X", "nothing": 1}):
        assert api.post(PATH, json=wrong).status_code == 422
    segment = api.post(
        "/api/v1/segments",
        json={"name": "VIPs", "conditions": [{"type": "tag", "operator": "has", "value": "VIP"}]},
    ).json["data"]["id"]
    api.post(PATH, json={"name": "To VIPs", "audience": {"include": [{"segment": segment}]}})
    refused = api.delete(f"/api/v1/segments/{segment}")
    assert (refused.status_code, "To VIPs" in refused.text) == (409, True)
    reader = site.api("Read only")
    assert reader.get(where).status_code == 200
    assert reader.post(f"{where}/send", json={}).status_code == 403


@pytest.mark.database("sqlite")
def test_blocks_by_the_api(host: Callable[..., Host]) -> None:
    """A content of blocks is taken as JSON in a text, made harmless, and refused at its field where it can't be read."""
    site = host("mail_campaigns", "rest_api")
    api = site.api("CRM manager")

    def post(content: Any) -> Any:
        return api.post(PATH, json={"name": "Blocks", "subject": "News", "content_kind": "blocks", "content": content})

    for wrong in (
        "{",
        "[]",
        '{"blocks": 7}',
        '{"blocks": [7]}',
        '{"blocks": [{"type": "nothing"}]}',
        {"blocks": []},
    ):
        answer = post(wrong)
        assert answer.status_code == 422, (wrong, answer.text)
        assert list(answer.json["errors"]) == ["content"], wrong
    blocks = [
        {"type": "heading", "text": "Dear {{ contact.first_name }} <b>"},
        {"type": "html", "html": "<p>a<script>"},
    ]
    made = post(json.dumps({"blocks": blocks}))
    assert made.status_code == 201, made.text
    kept = json.loads(made.json["data"]["content"])["blocks"]
    assert [one["type"] for one in kept] == ["heading", "html"]
    assert "script" not in kept[1]["html"]
