"""The Extensions pages: plugins in trouble, their updates, and uninstalling them."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect

from crmhost.core.users import services as users
from crmhost.host import lifecycle
from crmhost.host.tables import Fault, HostState, PluginState
from crmhost.testing import Host
from crmhost.web.extensions.news import notes_of
from crmhost.work.tables import JobRow
from tests.unit.web.conftest import Reader
from tests.unit.web.making import Maker, maker, stocked
from tests.unit.web.shop import MIGRATION, NEEDS, ONE, SHOP, Stock, actions, card, goods, on, words_of

__all__ = ["goods", "maker", "stocked"]


# --- trouble ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def hurt(goods: Host) -> Host:
    """The shop is suspended, with a traceback and a job that waits."""
    on(goods, "shop")
    lifecycle.suspend(
        goods.site, "shop", "5 errors in 10 minutes, the last in widget x: Oops: <b>no</b>", "Traceback: in here"
    )
    now = goods.site.clock()
    with goods.site.engine.begin() as connection:
        connection.execute(insert(JobRow), [{"plugin": "shop", "kind": "shop.x", "due_at": now, "created_at": now}])
    return goods


def test_a_suspended_plugin_says_why_and_can_be_tried_again(hurt: Host) -> None:
    """The card and the menu show it; its page has the traceback; trying again enables it."""
    reader = Reader(hurt)
    page = reader.get("/extensions/").text
    shop = card(page, "shop")
    assert "Suspended" in shop
    assert "the last in widget x: Oops: <b>no</b>." in shop
    assert "The rest of the site is unharmed. 1 job waits for it." in shop
    assert "&lt;b&gt;no" in page
    assert re.search(r'aria-current="page"[^>]*>.*?Extensions<span class="crm-count">1<', page)
    assert "Traceback: in here" in reader.get("/extensions/shop").text
    assert set(re.findall(r'id="name-(\w+)"', reader.get("/extensions/?show=suspended").text)) == {"shop"}
    assert reader.post("/extensions/shop/enable").status_code == 303
    assert hurt.state("shop") == "enabled"


@ONE
def test_a_suspended_plugin_can_be_left_off(hurt: Host) -> None:
    """It is then off like any other."""
    reader = Reader(hurt)
    reader.post("/extensions/shop/disable")
    assert hurt.state("shop") == "disabled"
    page = reader.get("/extensions/").text
    assert "Shop stays off." in page
    assert "Suspended" not in card(page, "shop")


@ONE
def test_one_that_is_on_and_can_not_run_says_why(goods: Host, maker: Maker) -> None:
    """When what it needs is gone, it is on but not running, and can be switched off."""
    on(goods, "shop")
    shutil.rmtree(maker.folder / "stock")
    with goods.work() as work, work.begin():
        work.session.get_one(PluginState, "stock").state = "disabled"
        work.session.get_one(HostState, 1).generation += 1
    reader = Reader(goods)
    shop = card(reader.get("/extensions/").text, "shop")
    assert "It is on, but can't run." in shop
    assert "stock" in shop
    assert "Not running" in shop
    assert reader.post("/extensions/shop/disable").status_code == 303
    assert goods.state("shop") == "disabled"


def test_failures_are_grouped_with_the_last_traceback(goods: Host) -> None:
    """The same failure stands once with its number; older than 14 days are left out."""
    on(goods, "shop")
    now = goods.clock.freeze()
    row = {"plugin": "shop", "place": "route shop.index", "error": "ValueError: x", "process": "there:1:web"}
    with goods.site.engine.begin() as connection:
        connection.execute(
            insert(Fault),
            [
                {**row, "at": now - dt.timedelta(days=20), "traceback": "long ago", "error": "OldError: y"},
                {**row, "at": now - dt.timedelta(days=1), "traceback": "first trace"},
                {**row, "at": now, "traceback": "last <trace>"},
                {**row, "at": now, "traceback": "other", "place": "hook within"},
            ],
        )
    page = Reader(goods).get("/extensions/shop").text
    assert "route shop.index · 2 times" in words_of(page)
    assert "last &lt;trace&gt;" in page
    assert "first trace" not in page
    assert "OldError" not in page
    assert page.index("hook within") < page.index("route shop.index")


def test_the_page_shows_hooks_files_and_settings(goods: Host) -> None:
    """In which order its hooks are called, where its files are, what it keeps, where it is set."""
    on(goods, "shop")
    page = Reader(goods).get("/extensions/shop").text
    # The core's files and mail come before it.
    assert re.search(r"<code>contact_erase</code>.*>3 of 3<", page)
    assert "<code>shop_order</code>" in page
    assert 'href="/settings/page/shop"' in page
    assert str(goods.site.discover().found["shop"].folder) in page
    assert "Needed by" in words_of(Reader(goods).get("/extensions/stock").text)


# --- updates ---------------------------------------------------------------------------------------------------------


def test_an_update_that_wants_more_is_reviewed(goods: Host, maker: Maker) -> None:
    """The card says what is here and what it asks for; agreeing is kept and audited."""
    reader = Reader(goods)
    on(goods, "shop")
    assert "Update" not in card(reader.get("/extensions/").text, "shop")
    assert reader.get("/extensions/shop/update").status_code == 302
    notes = "# Changes\n\n## 1.2.0\n- Faster <b>orders</b>\n\n## 1.1\n- Older\n"
    more = NEEDS.replace('"net:configured"', '"net:configured", "mail:send"')
    maker.plugin("shop", SHOP, version="1.2.0", more=more, CHANGELOG_md=notes)
    page = reader.get("/extensions/").text
    shop = card(page, "shop")
    assert "1.2.0 is here. It takes effect when crmhost is restarted. It asks for more: Send mail." in shop
    assert shop.startswith(" Shop 1.0 · Somebody")
    assert set(re.findall(r'id="name-(\w+)"', reader.get("/extensions/?show=updates").text)) == {"shop"}
    part = reader.get("/extensions/shop/update", htmx=True).text
    assert "<dialog" in part
    assert "It will also be able to Send mail What changed - Faster <b>orders</b>" in words_of(part)
    assert "Older" not in part
    assert reader.get("/extensions/shop/update").status_code == 200
    assert reader.post("/extensions/shop/agree", {"agreed": ["contacts:read"]}).status_code == 409
    assert reader.post("/extensions/shop/agree", {"agreed": ["mail:send"]}).status_code == 303
    with goods.site.sessions() as session:
        assert "mail:send" in session.get_one(PluginState, "shop").grants
    assert "asks for more" not in card(reader.get("/extensions/").text, "shop")
    assert ("plugin.agreed", "admin@example.com") in actions(goods)


def restarted(host: Host, maker: Maker) -> None:
    """What a new start of crmhost does: nothing is imported, tables are brought to the code, all is built anew."""
    maker.clean()
    assert host.upgrade() == {}
    with host.work() as work, work.begin():
        work.session.get_one(HostState, 1).generation += 1


def test_an_update_that_wants_more_waits_until_that_is_agreed_to(goods: Host, maker: Maker) -> None:
    """After a restart neither it nor what needs it runs or migrates; agreeing brings both back at once."""
    reader = Reader(goods)
    on(goods, "shop")
    maker.plugin("stock", "pass", version="1.1", more='[grants]\nuses = ["mail:send", "users:read"]\n')
    more = MIGRATION.replace("0001", "0002").replace("down_revision = None", 'down_revision = "0001"')
    more = more.replace("shop_order", "shop_parcel")
    maker.plugin("shop", SHOP, version="1.1", more=NEEDS, migrations__versions__0002_py=more)
    restarted(goods, maker)
    assert goods.generation.by_id.keys().isdisjoint({"stock", "shop"})
    page = reader.get("/extensions/").text
    assert "It does not run until somebody agrees to what is new: Read the users" in card(page, "stock")
    assert "Waits for your agreement" in card(page, "stock")
    assert "It needs the plugin “stock”" in card(page, "shop")
    listed = json.loads(goods.cli("plugin", "list", "--json").output)
    assert {row["id"]: row["state"] for row in listed} == {"shop": "enabled", "stock": "waiting"}
    assert "Agree and run it" in reader.get("/extensions/stock/update").text
    assert reader.post("/extensions/stock/agree", {"agreed": ["mail:send"]}).status_code == 422
    assert "stock" not in goods.generation.by_id
    assert not has_table(goods, "shop_parcel")
    assert reader.post("/extensions/stock/agree", {"agreed": ["users:read"]}).status_code == 303
    assert {"stock", "shop"} <= goods.generation.by_id.keys()
    assert has_table(goods, "shop_parcel")
    states = goods.site.wanted().states
    assert (states["stock"].grants, states["stock"].version) == (["mail:send", "users:read"], "1.1")
    assert states["shop"].version == "1.1"


@ONE
def test_an_update_that_wants_more_is_agreed_to_by_command(goods: Host, maker: Maker) -> None:
    """The command says what it may, and runs it; other switches meanwhile leave it waiting."""
    on(goods, "shop")
    maker.plugin("shop", SHOP, version="1.1", more=NEEDS.replace('"net:configured"', '"mail:send"'))
    restarted(goods, maker)
    maker.plugin("other", "pass")
    goods.enable("other")
    assert "shop" not in goods.generation.by_id
    said = goods.cli("plugin", "enable", "shop").output
    assert "shop may: Send mail" in said
    assert "shop enabled\n" in said
    assert "shop" in goods.generation.by_id


def has_table(host: Host, name: str) -> bool:
    """Whether a table is there."""
    with host.site.engine.connect() as connection:
        return inspect(connection).has_table(name)


@ONE
def test_changed_files_of_the_same_version_are_said(goods: Host, maker: Maker) -> None:
    """They need a restart, and nothing else."""
    on(goods, "shop")
    maker.plugin("shop", SHOP + "\n# changed\n", more=NEEDS)
    shop = card(Reader(goods).get("/extensions/").text, "shop")
    assert "Its files have changed. It takes effect when crmhost is restarted." in shop
    assert "Review" not in shop


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("", ""),
        ("# 1.2.0\nNew", "New"),
        ("## [1.2.0] - 2026-01-01\n- a\n\n## [1.1.0]\n- b", "- a"),
        ("## 1.2.0rc1\n- early\n## 11.2.0\n- other", ""),
        ("## 1.2.0\n### Added\n- a\n### Fixed\n- b", "### Added\n- a\n### Fixed\n- b"),
    ],
)
def test_notes_of_a_version(tmp_path: Path, text: str, notes: str) -> None:
    """What stands under the version's heading, up to the next version."""
    (tmp_path / "CHANGELOG.md").write_text(text)
    assert notes_of(tmp_path, "1.2.0") == notes


# --- uninstalling ----------------------------------------------------------------------------------------------------


def test_uninstalling_shows_exports_asks_and_deletes(goods: Host) -> None:
    """Tables with their rows, a file with all of them, the id typed; then nothing is left but the files."""
    reader = Reader(goods)
    on(goods, "shop")
    with goods.site.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO shop_order (id, name) VALUES (1, 'Ada'), (2, 'Émile')")
    with goods.work() as work, work.begin():
        users.save_role(work, users.find_role(work, "Read only").id, "Read only", ["contacts.view", "shop.view"])
    assert "It is on. Switch it off first" in reader.get("/extensions/shop/uninstall").text
    assert reader.post("/extensions/shop/uninstall", {"typed": "shop"}).status_code == 409
    reader.post("/extensions/shop/disable")
    page = reader.get("/extensions/shop/uninstall").text
    assert "<code>shop_order</code>" in page
    assert "Download 2 rows" in page
    with reader.post("/extensions/shop/export") as export:
        assert "attachment; filename=shop-" in export.headers["Content-Disposition"]
        with zipfile.ZipFile(io.BytesIO(export.get_data())) as archive:
            lines = archive.read("rows.jsonl").decode().splitlines()
        assert [json.loads(line) for line in lines] == [
            {"table": "shop_order", "row": {"id": 1, "name": "Ada"}},
            {"table": "shop_order", "row": {"id": 2, "name": "Émile"}},
        ]
    for typed in ("", "Shop", "stock"):
        answer = reader.post("/extensions/shop/uninstall", {"typed": typed})
        assert answer.status_code == 422
        assert "Type shop to say that you mean it. Nothing was deleted." in answer.text
    assert reader.post("/extensions/shop/uninstall", {"typed": " shop "}).status_code == 303
    page = reader.get("/extensions/").text
    assert "Shop was uninstalled. 1 table is gone." in page
    assert "No data of its own" in card(page, "shop")
    assert goods.state("shop") == ""
    with goods.work() as work:
        assert users.find_role(work, "Read only").permissions == ["contacts.view"]
    assert [action for action, _ in actions(goods)][-2:] == ["plugin.exported", "plugin.uninstalled"]


@ONE
def test_tables_that_ask_to_be_kept_are_kept(stocked: Stock, maker: Maker) -> None:
    """A plugin may say that its data outlives it; the page says so."""
    maker.plugin("shop", more='[data]\npurge = "keep"\n', migrations__versions__0001_py=MIGRATION)
    host = stocked("shop")
    host.disable("shop")
    reader = Reader(host)
    assert "asks to keep its tables" in reader.get("/extensions/shop/uninstall").text
    reader.post("/extensions/shop/uninstall", {"typed": "shop"})
    assert "0 rows in 1 table kept from before" in card(reader.get("/extensions/").text, "shop")
