"""The Extensions pages: who gets in; what each plugin adds, needs, costs and keeps."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert

from crmhost.host.manifest import read_manifest
from crmhost.host.registry import Found
from crmhost.host.tables import HookCost, ProcessBeat
from crmhost.testing import Host
from crmhost.web.extensions import adds, services, words
from tests.unit.web.conftest import Reader
from tests.unit.web.making import Maker, maker, stocked
from tests.unit.web.shop import ONE, Stock, card, goods, on, words_of

__all__ = ["goods", "maker", "stocked"]


# --- who may ---------------------------------------------------------------------------------------------------------


@ONE
def test_only_who_manages_extensions_gets_in(goods: Host) -> None:
    """Everybody else gets 403 on every address, and no item in the menu."""
    reader = Reader(goods, "CRM manager")
    for path in ("/extensions/", "/extensions/shop", "/extensions/shop/enable", "/extensions/shop/update"):
        assert reader.get(path).status_code == 403
    assert reader.get("/extensions/shop/uninstall").status_code == 403
    for what in ("enable", "disable", "agree", "export", "uninstall"):
        assert reader.post(f"/extensions/shop/{what}", {"typed": "shop"}).status_code == 403
    assert 'href="/extensions/"' not in reader.get("/").text
    assert 'href="/extensions/"' in Reader(goods).get("/").text
    assert goods.state("shop") == ""


@ONE
def test_switching_takes_a_post_with_a_token(goods: Host) -> None:
    """A link or a forged form switches nothing."""
    reader = Reader(goods)
    on(goods, "stock")
    assert reader.get("/extensions/stock/disable").status_code in (404, 405)
    reader.client.forges = True
    assert reader.post("/extensions/stock/disable").status_code == 400
    assert goods.state("stock") == "enabled"


@ONE
def test_unknown_plugins_are_not_found(goods: Host) -> None:
    """There is no page of what is not there, nor of a part of the core."""
    reader = Reader(goods)
    for plugin in ("nothing", "contacts", "%00", "..%2f.."):
        assert reader.get(f"/extensions/{plugin}").status_code == 404
        assert reader.post(f"/extensions/{plugin}/enable").status_code == 404
        assert reader.post(f"/extensions/{plugin}/disable").status_code == 404
        assert reader.post(f"/extensions/{plugin}/uninstall", {"typed": plugin}).status_code == 404


# --- the list --------------------------------------------------------------------------------------------------------


def test_cards_say_what_each_adds_may_and_needs(goods: Host) -> None:
    """Of one that is off from its files, of one that is on from what it declares and from the database."""
    reader = Reader(goods)
    page = reader.get("/extensions/").text
    assert "2 found, 0 on." in words_of(page)
    shop = card(page, "shop")
    assert "Adds 1 menu item, 1 setting, 1 permission, 1 table" in shop
    assert "May Read and change contacts, call the addresses that you enter in its settings" in shop
    assert "Needs Stock ≥ 1.0, < 2 (off). Shows more with parcels" in shop
    assert "No data of its own" in shop
    on(goods, "shop")
    page = reader.get("/extensions/").text
    shop = card(page, "shop")
    assert "Adds 1 menu item, 1 setting, 1 permission, 1 table, 1 hook" in shop
    assert "Needs Stock ≥ 1.0, < 2. Shows" in shop
    assert "0 rows in 1 table" in shop
    assert "2 found, 2 on." in words_of(page)
    assert 'style="' not in page


@ONE
def test_broken_and_lost_plugins_are_listed(goods: Host, maker: Maker) -> None:
    """One that can't be used says why; one whose files are gone can only be uninstalled."""
    on(goods, "shop")
    goods.disable("shop")
    shutil.rmtree(maker.folder / "shop")
    (maker.folder / "wreck").mkdir()
    (maker.folder / "wreck" / "plugin.toml").write_text("id = 'wreck'\n")
    reader = Reader(goods)
    page = reader.get("/extensions/").text
    assert "Its files are gone." in card(page, "shop")
    assert "0 rows in 1 table kept from before" in card(page, "shop")
    assert "It can't be used as it is." in card(page, "wreck")
    assert "name: " in card(page, "wreck")
    assert reader.get("/extensions/shop").status_code == 200
    assert reader.get("/extensions/wreck").status_code == 200
    assert "broken" in page or "Broken" in page
    answer = reader.get("/extensions/wreck/enable")
    assert answer.status_code == 200
    assert "It can't be enabled yet." in answer.text
    assert reader.post("/extensions/wreck/enable").status_code == 422
    reader.post("/extensions/shop/uninstall", {"typed": "shop"})
    assert 'id="name-shop"' not in reader.get("/extensions/").text


@ONE
def test_the_list_is_searched_and_narrowed(goods: Host) -> None:
    """By name, author or hook; by state; both work in the address, as a browser without scripts sends it."""
    reader = Reader(goods)
    on(goods, "stock")

    def found(query: str) -> set[str]:
        return set(re.findall(r'id="name-(\w+)"', reader.get(f"/extensions/?{query}").text))

    assert found("") == {"shop", "stock"}
    assert found("q=SHOP") == {"shop"}
    assert found("q=somebody") == {"shop", "stock"}
    assert found("q=contact_erase") == {"shop"}
    assert found("q=somebody+menu") == {"shop"}
    assert found("q=zzz") == set()
    assert found("show=on") == {"stock"}
    assert found("show=off") == {"shop"}
    assert found("show=on&show=off") == {"shop"}
    assert found("show=suspended") == set()
    assert found("show=nonsense") == {"shop", "stock"}
    assert "Nothing matches" in reader.get("/extensions/?q=zzz").text


@ONE
def test_a_site_without_plugins_teaches(stocked: Stock) -> None:
    """It says what extensions are and how one comes here."""
    assert "No extension is here" in Reader(stocked()).get("/extensions/").text


def test_cards_say_where_it_runs_what_it_costs_and_keeps(goods: Host) -> None:
    """Processes by name where something is amiss, costs of the last hour, rows of its tables."""
    on(goods, "shop")
    reader, now = Reader(goods), goods.clock.freeze()
    number = goods.generation.number
    minute = now.replace(second=0, microsecond=0)
    beat = {"oldest": 0, "restart_needed": [], "failed": {}, "since": now, "seen_at": now}
    old = {"plugin": "shop", "process": "p", "calls": 1, "milliseconds": 9_999.0, "queries": 1, "errors": 1}
    with goods.site.engine.begin() as connection:
        connection.execute(
            insert(ProcessBeat),
            [
                {**beat, "id": "there:1:web", "kind": "web", "generation": number},
                {
                    **beat,
                    "id": "there:2:web",
                    "kind": "web",
                    "generation": number,
                    "failed": {"shop": "No such module."},
                },
                {**beat, "id": "there:3:web", "kind": "web", "generation": number, "restart_needed": ["shop"]},
                {**beat, "id": "there:4:worker", "kind": "worker", "generation": number - 1},
                {**beat, "id": "there:5:web", "kind": "web", "generation": 1, "seen_at": now - dt.timedelta(minutes=5)},
            ],
        )
        connection.execute(
            insert(HookCost),
            [
                {**old, "minute": minute - dt.timedelta(hours=2)},
                {**old, "minute": minute, "calls": 3, "milliseconds": 4.5, "queries": 6, "errors": 0},
                {**old, "minute": minute, "process": "q", "calls": 1, "milliseconds": 3.0, "queries": 2, "errors": 1},
            ],
        )
        connection.exec_driver_sql("INSERT INTO shop_order (id, name) VALUES (1, 'a'), (2, 'b')")
    page = reader.get("/extensions/").text
    shop = card(page, "shop")
    assert "On in 2 of 4 processes" in shop
    assert "web process 2 on there: No such module." in shop
    assert "web process 3 on there: runs older files of it; restart it." in shop
    assert "7.5 ms 8 queries 1 error 2 rows in 1 table" in shop
    assert f"worker 4 on there still runs generation {number - 1}, the others {number}." in words_of(page)
    assert "On in 3 of 4 processes" in card(page, "stock")
    detail = words_of(reader.get("/extensions/shop").text)
    assert "worker 4 on there still runs generation" in detail
    assert "web process 1 on there runs it" in detail


def test_large_tables_are_counted_to_a_bound(goods: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list says “at least”, the page for uninstalling counts to the end."""
    monkeypatch.setattr(services, "COUNTED", 5)
    on(goods, "shop")
    with goods.site.engine.begin() as connection:
        for number in range(7):
            connection.exec_driver_sql(f"INSERT INTO shop_order (id) VALUES ({number})")
    reader = Reader(goods)
    assert "5+ rows in 1 table" in card(reader.get("/extensions/").text, "shop")
    assert '<td class="num">7</td>' in reader.get("/extensions/shop/uninstall").text


@ONE
def test_safe_mode_is_said(stocked: Stock, goods: Host) -> None:
    """When the site was started without plugins, the page says so and lets one switch them off."""
    on(goods, "shop")
    safe = Reader(stocked(safe_mode=True))
    page = safe.get("/extensions/").text
    assert "Safe mode." in page
    assert "Not running" in card(page, "shop")
    assert safe.post("/extensions/shop/disable").status_code == 303
    assert goods.state("shop") == "disabled"


# --- parts -----------------------------------------------------------------------------------------------------------


@ONE
def test_every_kind_that_is_counted_has_words(host: Callable[..., Host]) -> None:
    """What the probes and the bundled plugins add is told in words, on or off."""
    probes = Path(__file__).resolve().parents[2] / "probes" / "plugins"
    folder = probes / "probe_one"
    numbers = adds.of_files(Found(read_manifest(folder), folder, "test", "plugins.probe_one")).numbers
    made = host(plugin_folders=(("test", probes),))
    made.enable("probe_one")
    running = adds.of_running(made.generation, "probe_one", 2)
    assert set(numbers) <= set(running) | {"pages"}
    app = made.generation.app
    assert app is not None
    with app.test_request_context():
        said = words.added(dict.fromkeys(adds.KINDS, 2))
        assert len(said.split(", ")) == len(adds.KINDS)
        assert words.added({}) == "Nothing"


@pytest.mark.parametrize(
    ("text", "said"),
    [("", ""), (">=1.2", "≥ 1.2"), (">=1,<2", "≥ 1, < 2"), ("==1.4", "1.4"), ("~=1.4", "≈ 1.4"), ("!=2", "≠ 2")],
)
def test_ranges_in_words(text: str, said: str) -> None:
    """A range of versions reads as people write it."""
    assert words.wanted_range(text) == said
