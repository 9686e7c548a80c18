"""The pages of segments, without scripts: editing, preview before saving, errors that lose nothing, explaining, deleting."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from crmhost.testing import Host


@pytest.fixture
def crm(host: Callable[..., Host]) -> Host:
    return host("segments", "transactions", "csv_tools")


def test_a_segment_on_its_pages(crm: Host) -> None:
    """Conditions are added, previewed, saved, seen in lists, explained, changed, deleted and brought back."""
    ann = crm.make.contact(first_name="Ann", tags=["VIP"])
    crm.make.contact(first_name="Bob")
    browser = crm.client()
    assert "No segments yet" in browser.get("/segments/").get_data(as_text=True)
    assert "n1-type" in browser.get("/segments/new").get_data(as_text=True)
    form = {
        "name": "Anns", "shared": "y", "r-match": "all", "node": ["n1:r:condition", "n2:r:group", "n3:n2:condition"],
        "n1-type": "first_name", "n1-operator": "any_of", "n1-value": 'ann, "x, y"', "n2-match": "any",
        "n3-type": "last_contacted_at", "n3-operator": "in_last_days", "n3-value": "soon",
    }  # fmt: skip
    refused = browser.post("/segments/new", data={**form, "do": "save"})
    text = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "is not a number of days" in text
    assert "&#34;x, y&#34;" in text
    more = browser.post("/segments/part", data={**form, "do": "add:n2"}).get_data(as_text=True)
    assert "n4-type" in more
    form |= {"n3-operator": "empty"}
    unseen = browser.post("/segments/new", data={**form, "do": "save"})
    text = unseen.get_data(as_text=True)
    assert unseen.status_code == 422
    assert "Look at the preview below first" in text
    assert "1</b> contact matches now" in text
    seal = re.search(r'name="previewed" value="(\w+)"', text)
    assert seal
    changed = {**form, "n1-value": "bob", "previewed": seal[1], "do": "save"}
    assert browser.post("/segments/new", data=changed).status_code == 422
    saved = browser.post("/segments/new", data={**form, "previewed": seal[1], "do": "save"})
    assert saved.status_code == 303
    where = saved.headers["Location"]
    shown = browser.get(where).get_data(as_text=True)
    assert "First name is any of <b>ann, x, y</b>" in shown
    assert "Date last contacted is empty (never)" in shown
    assert "contact matches now" in browser.post("/segments/live", data=form).get_data(as_text=True)
    assert "1 contact" in browser.post("/segments/counts").get_data(as_text=True)
    listed = browser.get("/segments/").get_data(as_text=True)
    assert "just now" in listed
    assert "First name is any of ann, x, y and (Date last contacted is empty (never))" in listed
    why = browser.get(f"{where}/explain?contact=%23{ann}").get_data(as_text=True)
    assert "Ann is in “Anns” now." in why
    browser.post("/arrange/columns/contacts", data={"do": "keep", "column": ["segments.names"]})
    people = browser.get("/contacts/?segment=anns").get_data(as_text=True)
    assert "Ann" in people
    assert "Bob" not in people
    assert browser.get(f"{where}/edit").get_data(as_text=True).count("seg-row") == 2
    browser.post(f"{where}/delete")
    assert browser.get(where).status_code == 404
    browser.post(f"{where}/restore")
    assert browser.get(where).status_code == 200


def test_while_an_extension_is_off_the_pages_say_so(crm: Host) -> None:
    """The list, the segment and its editor stand, with the reason."""
    browser = crm.client()
    form = {
        "name": "Buyers",
        "node": "n1:r:condition",
        "n1-type": "transaction_count",
        "n1-operator": "gt",
        "n1-value": "0",
    }
    text = browser.post("/segments/new", data={**form, "do": "preview"}).get_data(as_text=True)
    assert "No contacts currently." in text
    seal = re.search(r'name="previewed" value="(\w+)"', text)
    assert seal
    where = browser.post("/segments/new", data={**form, "previewed": seal[1], "do": "save"}).headers["Location"]
    crm.disable("transactions", with_dependents=True)
    browser = crm.client()
    for address in ("/segments/", where):
        assert "which is switched off" in browser.get(address).get_data(as_text=True)
    assert "can't be asked now" in browser.get(f"{where}/edit").get_data(as_text=True)
    assert "used now" in browser.post("/segments/counts").get_data(as_text=True)
