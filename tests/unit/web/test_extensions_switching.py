"""The Extensions pages: enabling with consent, disabling with all that hangs on it."""

from __future__ import annotations

import re

from crmhost.testing import Host
from tests.unit.web.conftest import Reader
from tests.unit.web.making import Maker, maker, stocked
from tests.unit.web.shop import NEEDS, ONE, SHOP, Stock, actions, goods, on, words_of

__all__ = ["goods", "maker", "stocked"]


# --- enabling --------------------------------------------------------------------------------------------------------

ALL = ["shop contacts:read", "shop contacts:write", "shop net:configured", "stock mail:send"]


@ONE
def test_enabling_is_agreed_to_first(goods: Host) -> None:
    """The form shows what it and what it needs will be able to do; without agreeing nothing happens, with it both are on."""
    reader = Reader(goods)
    for part in (reader.get("/extensions/shop/enable", htmx=True), reader.get("/extensions/shop/enable")):
        text = words_of(part.text)
        assert "Enable Shop 1.0?" in text
        assert "It will be able to Read and change contacts Names, e-mails, addresses, tags" in text
        assert "Stock will be able to Send mail" in text
        assert "Stock ≥ 1.0, < 2, will be enabled too" in text
        assert "Agree and enable both" in text
        assert set(re.findall(r'name="agreed" value="([^"]+)"', part.text)) == set(ALL)
    assert "<dialog" in reader.get("/extensions/shop/enable", htmx=True).text
    answer = reader.post("/extensions/shop/enable", {"agreed": ALL[:3]})
    assert answer.status_code == 422
    assert "Stock asks for something that nobody agreed to: Send mail." in words_of(answer.text)
    assert goods.state("shop") == goods.state("stock") == ""
    answer = reader.post("/extensions/shop/enable", {"agreed": ALL})
    assert answer.status_code == 303
    assert f"crm_gen={goods.generation.number};" in "".join(answer.headers.getlist("Set-Cookie"))
    assert goods.state("shop") == goods.state("stock") == "enabled"
    assert "Shop is on, and with it Stock." in reader.get("/extensions/").text
    assert ("plugin.enabled", "admin@example.com") in actions(goods)
    assert reader.get("/extensions/shop/enable").status_code == 302


@ONE
def test_a_plugin_that_fails_changes_nothing(stocked: Stock, maker: Maker) -> None:
    """The admin reads why, with the traceback, and the site goes on as it was."""
    maker.plugin("faulty", "@hookimpl\ndef menu(self):\n    raise RuntimeError('out of order')")
    host = stocked()
    reader, number = Reader(host), host.generation.number
    answer = reader.post("/extensions/faulty/enable")
    assert answer.status_code == 422
    assert "Nothing was changed." in answer.text
    assert "out of order" in answer.text
    assert "Traceback (most recent call last)" in answer.text
    assert host.generation.number == number
    assert host.state("faulty") == ""
    assert actions(host) == []


@ONE
def test_missing_needs_are_said_before(goods: Host, maker: Maker) -> None:
    """What can't be enabled has no button for it."""
    maker.plugin("orphan", "pass", more='[requires]\nplugins = ["nowhere"]')
    page = Reader(goods).get("/extensions/orphan/enable").text
    assert "It can't be enabled yet." in page
    assert "nowhere" in page
    assert "Agree" not in page
    assert "btn-primary" not in page.partition("crm-dialog")[2]


@ONE
def test_what_was_agreed_to_is_asked_again_only_when_it_grows(goods: Host, maker: Maker) -> None:
    """Enabling again needs no word; an update that wants more shows what is new."""
    reader = Reader(goods)
    on(goods, "shop")
    goods.disable("shop")
    assert reader.post("/extensions/shop/enable").status_code == 303
    assert goods.state("shop") == "enabled"
    goods.disable("shop")
    maker.plugin("shop", SHOP, version="1.1", more=NEEDS.replace('"contacts:read"', '"contacts:read", "journal:read"'))
    assert reader.post("/extensions/shop/enable").status_code == 422
    page = reader.get("/extensions/shop/enable").text
    assert words_of(page).count(" new ") == 1
    assert "Read the journal of contacts new" in words_of(page)


# --- disabling -------------------------------------------------------------------------------------------------------


@ONE
def test_disabling_asks_when_others_need_it(goods: Host) -> None:
    """It says who does and offers both; the toast brings both back."""
    reader = Reader(goods)
    on(goods, "shop")
    answer = reader.post("/extensions/stock/disable")
    assert answer.status_code == 409
    assert "Shop needs Stock" in words_of(answer.text)
    assert "Switch off both" in answer.text
    assert goods.state("stock") == "enabled"
    assert reader.post("/extensions/stock/disable", {"with_dependents": "1"}).status_code == 303
    assert goods.state("stock") == goods.state("shop") == "disabled"
    undo = re.search(r'action="(/extensions/stock/enable\?also=shop)"', reader.get("/extensions/").text)
    assert undo is not None
    assert reader.post(undo[1]).status_code == 303
    assert goods.state("stock") == goods.state("shop") == "enabled"


@ONE
def test_disabling_keeps_the_data_and_can_be_undone(goods: Host) -> None:
    """One click switches it off at once, the toast on again."""
    reader = Reader(goods)
    on(goods, "shop")
    answer = reader.post("/extensions/shop/disable")
    assert "crm_gen=" in "".join(answer.headers.getlist("Set-Cookie"))
    page = reader.get("/extensions/").text
    assert "Shop is off. Its data stays." in page
    assert 'action="/extensions/shop/enable"' in page
    assert reader.post("/extensions/shop/disable").status_code == 303
    reader.post("/extensions/shop/enable")
    assert goods.state("shop") == "enabled"
    assert [action for action, actor in actions(goods) if actor == "admin@example.com"] == [
        "plugin.disabled",
        "plugin.enabled",
    ]
