"""The Extensions pages: what each plugin adds, needs and costs; switching, reviewing and uninstalling it."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from crmhost.core.users import services as users
from crmhost.host.manifest import read_manifest
from crmhost.host.registry import Found
from crmhost.host.tables import Fault, HookCost, PluginState, ProcessBeat
from crmhost.testing import Host
from crmhost.web.extensions import adds, services, words
from crmhost.web.extensions.news import notes_of
from crmhost.work.tables import AuditEntry, JobRow
from tests.unit.web.conftest import Reader
from tests.unit.web.making import Maker, maker, stocked

__all__ = ["maker", "stocked"]

ONE = pytest.mark.database("sqlite")
Stock = Callable[..., Host]
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("shop_order", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))


def downgrade():
    op.drop_table("shop_order")
"""
SHOP = """
@hookimpl
def menu(self):
    return [api.MenuItem(label="Orders", endpoint="contacts.index")]

@hookimpl
def permissions(self):
    return [api.Permission(name="shop.view", label="See orders")]

@hookimpl
def settings(self):
    return [api.Setting(key="shop.key"), api.Setting(key="shop.kept", hidden=True)]

@hookimpl
def contact_erase(self, work, contact_id):
    pass
"""
NEEDS = """
[requires]
plugins = { stock = ">=1.0,<2" }
optional = ["parcels"]
[grants]
uses = ["contacts:read", "contacts:write", "net:configured"]
"""
STOCK = '[grants]\nuses = ["mail:send"]\n'


@pytest.fixture
def goods(stocked: Stock, maker: Maker) -> Host:
    """A site with a shop that needs the stock; both are off."""
    maker.plugin("stock", "pass", more=STOCK)
    maker.plugin("shop", SHOP, more=NEEDS, migrations__versions__0001_py=MIGRATION)
    return stocked()


def on(host: Host, *names: str) -> None:
    """Enables plugins without trying them."""
    host.enable(*names)


def card(page: str, plugin: str) -> str:
    """The card of one plugin, as text."""
    found = re.search(rf'<article class="crm-ext[^>]*aria-labelledby="name-{plugin}">.*?</article>', page, re.DOTALL)
    assert found is not None, f"no card of {plugin}"
    return words_of(found[0])


def words_of(markup: str) -> str:
    """Text of markup, with single blanks."""
    plain = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup)))
    return re.sub(r" ([.,])", r"\1", plain)


def actions(host: Host) -> list[tuple[str, str]]:
    """Lines of the audit log about plugins: (action, actor)."""
    with host.site.sessions() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.object_type == "plugin").order_by(AuditEntry.id))
        return [(row.action, row.actor_label) for row in rows]


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


# --- trouble ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def hurt(goods: Host) -> Host:
    """The shop is suspended, with a traceback and a job that waits."""
    on(goods, "shop")
    from crmhost.host import lifecycle

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
        from crmhost.host.tables import HostState

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
    assert "<code>contact_erase</code>" in page
    assert "1 of 1" in page
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
        assert [json.loads(line) for line in export.get_data(as_text=True).splitlines()] == [
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
