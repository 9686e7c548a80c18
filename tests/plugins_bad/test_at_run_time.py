"""Plugins whose fault slipped through: they harm nothing but their own part, and are suspended when they go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import PluginError, contacts
from crmhost.host.quarantine import LIMIT
from crmhost.host.tables import PluginState
from crmhost.testing import Host
from tests.plugins_bad.conftest import Workshop
from tests.plugins_bad.test_trial import page

Seen = dict[str, tuple[int, str]]
NO_SUCH_TABLE = "work.session.execute(__import__('sqlalchemy').text('SELECT nothing FROM nowhere'))"
SQLITE = pytest.mark.database("sqlite")
#: Fails once the test says so: nothing that a trial could find.
SWITCH = """
from sqlalchemy import select, text

def fail(work=None, *_, gives='', **__):
    how = os.environ.get('CRMHOST_TEST_FAIL')
    if how == 'query':
        work.session.execute(text('SELECT nothing FROM nowhere'))
    if how == 'add':
        work.session.add(Tag(name='x', name_key='x'))
    if how == 'change':
        for contact in work.session.scalars(select(Contact)):
            contact.first_name = 'Changed'
    if how == 'begin':
        with work.begin():
            pass
    if how == 'refuse':
        raise NotFound('contact', 1)
    if how == 'raise':
        raise RuntimeError('now')
    return {'wrong', 'type'} if how == 'wrong' else gives

def none(work, *_): return fail(work, gives=None)
def figure(work, *_): return fail(work, gives=('1', ''))
def number(work, *_): return fail(work, gives=7)
def truth(work, *_): return fail(work, gives=True)
def table(work, *_): return fail(work, gives={})
def hits(work, *_): return fail(work, gives=[])
"""


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes what waits for the switch fail."""
    return lambda: monkeypatch.setenv("CRMHOST_TEST_FAIL", "raise")


PARTS = {
    "widget": "dashboard_widgets(self): return [Widget(id='x', title='Frail', render=fail)]",
    "total": "dashboard_totals(self): return [Total(label='x', value=figure, endpoint='contacts.index')]",
    "step": "setup_steps(self): return [SetupStep(label='x', endpoint='contacts.index', done=truth)]",
    "menu": "menu(self): return [MenuItem(label='x', endpoint='contacts.index', count=number)]",
    "slot": "slots(self): return [SlotItem(slot='page.end', render=fail)]",
    "vital": "contact_vitals(self): return [Vital(id='x', label='x', value=none)]",
    "box": "contact_boxes(self): return [Box(id='x', title='Frail', render=fail)]",
    "tab": "contact_tabs(self): return [Tab(id='x', title='Frail', render=fail, count=number)]",
    "column": "contact_columns(self): return [Column(id='x', label='x', values=table, shown=True)]",
    "filter": "contact_filters(self): return [Filter(id='x', label='x', condition=fail, choices=hits)]",
    "bulk": (
        "contact_bulk_actions(self): "
        "return [BulkAction(id='x', label='x', run=fail, permission='contacts.edit', choices=hits)]"
    ),
    "form": "contact_form_parts(self): return [FormPart(id='x', title='x', fields=table, save=fail)]",
    "search": "search(self): return [SearchProvider(label='x', find=hits)]",
}


def test_parts(shop: Workshop, monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    """A part of a page that fails in whatever way is missing from it; the page stands, and the failure is the plugin's. A failed
    query does not take the page with it either where the database then refuses to go on.
    """
    hooks = "\n".join(f"@hookimpl\ndef {hook}\n" for hook in PARTS.values())
    shop.make("bad_parts", hooks, top=SWITCH)
    shop.host.enable("bad_parts")
    seen = shop.pages()
    assert shop.host.faults() == []
    for how in ("wrong", "refuse", "query", "add", "change", "begin", "raise") if database == "sqlite" else ("query",):
        monkeypatch.setenv("CRMHOST_TEST_FAIL", how)
        parts_fail(shop, how, seen)
    if database == "sqlite":
        shop.pages()
        shop.host.settle()
        assert shop.host.state("bad_parts") == "suspended"
    shop.host.disable("bad_parts")
    shop.unharmed()


def parts_fail(shop: Workshop, how: str, seen: Seen) -> None:
    """Looks at the pages while all parts of a plugin fail in one way."""
    assert shop.client.get("/search?q=ada").status_code == 200, how
    pages = shop.pages()
    for address in pages:
        assert pages[address][1].count("Lovelace") == seen[address][1].count("Lovelace"), how
    assert "/contacts/1?tab=x" in pages["/contacts/1"][1], how
    assert shop.client.get("/contacts/1?tab=x").status_code == 200, how
    faults = shop.host.faults()
    places = {fault.place.split()[0] for fault in faults}
    assert {fault.plugin for fault in faults} == ({"bad_parts"} if how != "refuse" else set()), how
    assert [part for part in PARTS if not any(place.startswith(part) for place in places)] == (
        [] if how != "refuse" else list(PARTS)
    ), how


@SQLITE
def test_stolen_templates(shop: Workshop) -> None:
    """Templates of a plugin are found under its own name only: it replaces none of the core's or of other plugins."""
    names = ("contacts/index.html", "crmhost/base.html", "bad_owner/page.html", "page.html")
    shop.make("bad_templates", files={f"templates/{name}": "stolen" for name in names})
    view = "blueprint.add_url_rule('/', view_func=lambda: __import__('flask').render_template('bad_owner/page.html'))"
    shop.make("bad_owner", page("bad_owner", view), files={"templates/bad_owner/page.html": "my own"})
    shop.host.enable("bad_templates", "bad_owner")
    shop.unharmed()
    assert shop.client.get("/bad-owner/").text == "my own"


@SQLITE
def test_page(shop: Workshop, fail: Callable[[], None]) -> None:
    """A page that fails names its plugin; repeated failures suspend the plugin with reason and traceback."""
    lines = "blueprint.add_url_rule('/', view_func=lambda: fail() or 'fine')"
    shop.make("bad_page", page("bad_page", lines), top=SWITCH)
    shop.host.enable("bad_page")
    assert shop.client.get("/bad-page/").text == "fine"
    fail()
    for _ in range(LIMIT):
        answer = shop.client.get("/bad-page/")
        assert answer.status_code == 500
        assert "Bad page" in answer.text or "bad_page" in answer.text
        assert "Traceback" not in answer.text
    shop.pages()
    shop.host.settle()
    with shop.host.site.sessions() as session:
        state = session.scalars(select(PluginState).where(PluginState.id == "bad_page")).one()
    assert state.state == "suspended"
    assert "RuntimeError: now" in state.reason
    assert "in fail" in state.traceback
    assert shop.client.get("/bad-page/").status_code == 404
    assert 'Extensions<span class="crm-count">1' in shop.pages()["/"][1]
    shop.host.disable("bad_page")
    shop.unharmed()


@SQLITE
def test_few_failures(shop: Workshop, fail: Callable[[], None]) -> None:
    """A plugin that fails now and then goes on; enabling one that was suspended gives it a new start."""
    shop.make(
        "bad_rare", page("bad_rare", "blueprint.add_url_rule('/', view_func=lambda: fail() or 'fine')"), top=SWITCH
    )
    shop.host.enable("bad_rare")
    fail()
    for round_ in ("enabled", "suspended"):
        for _ in range(LIMIT - 1):
            shop.client.get("/bad-rare/")
        shop.host.settle()
        assert shop.host.state("bad_rare") == round_
    shop.host.enable("bad_rare")
    shop.client.get("/bad-rare/")
    shop.host.settle()
    assert shop.host.state("bad_rare") == "enabled"


@SQLITE
def test_old_failures(host: Callable[..., Host], shop: Workshop, fail: Callable[[], None]) -> None:
    """Failures of long ago don't count."""
    shop.make("bad_old_times", page("bad_old_times", "blueprint.add_url_rule('/', view_func=fail)"), top=SWITCH)
    shop.host.enable("bad_old_times")
    fail()
    for _ in range(LIMIT + 1):
        shop.client.get("/bad-old-times/")
        shop.host.settle()
        if shop.host.state("bad_old_times") == "suspended":
            break
        shop.host.clock.move(minutes=11)
    assert shop.host.state("bad_old_times") == "enabled"


@pytest.mark.parametrize("line", ["1 / 0", "sys.exit(1)", NO_SUCH_TABLE])
def test_within(shop: Workshop, line: str) -> None:
    """When a within handler fails, its own writes are taken back, the user's change stands and a repair is wanted."""
    body = f"""
    @hookimpl
    def within(self, work, changes):
        for change in changes:
            work.audit("bad_within.saw", "contact", change.object_id)
        {line}

    @hookimpl
    def rebuild(self, work):
        work.audit("bad_within.rebuilt", "plugin", "bad_within")
    """
    shop.make("bad_within", body)
    shop.host.enable("bad_within")
    with shop.host.work("Admin") as work, work.begin():
        contacts.update(work, 1, {"first_name": "Augusta"})
    assert shop.host.contact(1).first_name == "Augusta"
    assert [fault.place for fault in shop.host.faults()] == ["hook within"]
    actions = audit(shop.host)
    assert "contact.updated" in actions
    assert "bad_within.saw" not in actions
    with shop.host.site.sessions() as session:
        assert session.scalars(select(PluginState.stale).where(PluginState.id == "bad_within")).one()
    assert [job.kind for job in shop.host.jobs() if job.plugin == "bad_within"] == ["bad_within.rebuild"]
    assert ("contact.updated", [1]) in shop.host.events()


def test_within_commits(shop: Workshop) -> None:
    """A within handler that ends the transaction by itself does not take the user's change with it."""
    shop.make("bad_commit", "@hookimpl\ndef within(self, work, changes):\n    work.session.commit()")
    shop.make("bad_rollback", "@hookimpl\ndef within(self, work, changes):\n    work.session.rollback()")
    for plugin in ("bad_commit", "bad_rollback"):
        shop.host.enable(plugin)
        with shop.host.work("Admin") as work, work.begin():
            contacts.update(work, 1, {"first_name": plugin})
        assert shop.host.contact(1).first_name == plugin
        assert ("contact.updated", [1]) in shop.host.events()
        assert {fault.plugin for fault in shop.host.faults()} == {plugin}
        shop.host.disable(plugin)


@SQLITE
def test_filter(shop: Workshop) -> None:
    """A filter that fails leaves the value as it was before it, also when it changed it in place."""
    spoil = "@hookimpl\ndef contact_prepare(self, value, work):\n    value['first_name'] = 'Spoilt'\n    1 / 0"
    shop.make("bad_filter", spoil)
    shop.make("bad_shape", "@hookimpl\ndef contact_prepare(self, value, work):\n    return ['nonsense']")
    shop.make("bad_exit", "@hookimpl\ndef contact_prepare(self, value, work):\n    raise SystemExit")
    shop.host.enable("bad_filter", "bad_shape", "bad_exit")
    contact = shop.host.make.contact(first_name="Grace", last_name="Hopper")
    assert shop.host.contact(contact).first_name == "Grace"
    assert {fault.plugin for fault in shop.host.faults()} >= {"bad_filter", "bad_exit"}


@SQLITE
def test_guard(shop: Workshop) -> None:
    """A guard that fails by mistake refuses the change rather than letting it pass unchecked, and is counted."""
    shop.make("bad_guard", "@hookimpl\ndef contact_before_delete(self, work, contact_ids):\n    1 / 0")
    shop.host.enable("bad_guard")
    with pytest.raises(PluginError, match="nothing was changed"), shop.host.work("Admin") as work, work.begin():
        contacts.to_bin(work, [1])
    assert shop.host.contact(1).deleted_at is None
    assert [fault.plugin for fault in shop.host.faults()] == ["bad_guard"]


def test_other_actions_go_on(shop: Workshop) -> None:
    """When a plugin fails in an action, what it wrote is taken back, those after it are told, and the change stands."""
    for name, order, line in (("bad_a", 1, "1 / 0"), ("bad_b", 2, NO_SUCH_TABLE), ("bad_c", 3, "pass")):
        body = (
            f"@hookimpl(order={order})\ndef contact_erase(self, work):\n    work.audit('{name}.heard', 'x')\n    {line}"
        )
        shop.make(name, body)
    shop.host.enable("bad_a", "bad_b", "bad_c")
    with shop.host.work("Admin") as work, work.begin():
        contacts.erase(work, 1)
    assert [action for action in audit(shop.host) if action.endswith("heard")] == ["bad_c.heard"]
    assert "contact.erased" in audit(shop.host)
    assert [fault.plugin for fault in shop.host.faults()] == ["bad_a", "bad_b"]


def test_filter_fails_in_a_query(shop: Workshop, database: str) -> None:
    """A filter that fails in a query leaves the value; where the database then refuses to go on, nothing is changed."""
    shop.make("bad_query", f"@hookimpl\ndef contact_prepare(self, work):\n    {NO_SUCH_TABLE}")
    shop.host.enable("bad_query")
    if database == "postgresql":
        with pytest.raises(PluginError, match=r"bad_query.*nothing was changed"):
            shop.host.make.contact(first_name="Grace")
    else:
        assert shop.host.contact(shop.host.make.contact(first_name="Grace")).first_name == "Grace"
    assert [fault.plugin for fault in shop.host.faults()] == ["bad_query"]
    shop.pages()


@SQLITE
def test_disable_fails(shop: Workshop) -> None:
    """A plugin that fails while it is switched off is switched off all the same; so with uninstalling."""
    body = "@hookimpl\ndef on_disable(self, work):\n    1 / 0\n\n@hookimpl\ndef on_purge(self, work):\n    1 / 0"
    up = "op.create_table('bad_bye_row', sa.Column('id', sa.Integer, primary_key=True))"
    shop.make("bad_bye", body, files=shop.migration(up, "1 / 0"))
    shop.host.enable("bad_bye")
    shop.host.disable("bad_bye")
    assert shop.host.state("bad_bye") == "disabled"
    assert shop.host.uninstall("bad_bye") == ["bad_bye_row"]
    assert [fault.place for fault in shop.host.faults()][:2] == ["on_disable failed", "hook on_purge"]
    shop.unharmed()


@SQLITE
def test_broken_relationship_in_force(shop: Workshop) -> None:
    """A broken relationship that slipped through stops the plugin's queries and nobody else's."""
    models = """
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        class Thing(api.plugin_base("bad_tied")):
            __tablename__ = "bad_tied_thing"
            id: Mapped[int] = mapped_column(primary_key=True)
            other = relationship("NoSuchClass")
    """
    view = "blueprint.add_url_rule('/', view_func=lambda: str(Thing()))"
    shop.make("bad_tied", page("bad_tied", view), top=models)
    shop.host.enable("bad_tied")
    assert shop.client.get("/bad-tied/").status_code == 500
    shop.host.make.contact()
    shop.pages()
    shop.host.disable("bad_tied")


@SQLITE
def test_fails_only_here(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that starts in the trial and not in the site is refused by the site itself."""
    monkeypatch.setenv("CRMHOST_TEST_PID", str(__import__("os").getpid()))
    shop.make(
        "bad_here", top="if os.environ['CRMHOST_TEST_PID'] == str(os.getpid()):\n    raise RuntimeError('not here')"
    )
    shop.refused("bad_here", says="not here", trial="child")


@SQLITE
def test_fails_at_next_start(shop: Workshop, host: Callable[..., Host], fail: Callable[[], None]) -> None:
    """An enabled plugin that can't be started any more is left out, with those that need it; all others run."""
    routes = page("bad_next", "fail(); blueprint.add_url_rule('/', view_func=lambda: 'fine')")
    shop.make("bad_next", routes, top=SWITCH)
    shop.make("bad_needing", manifest='[requires]\nplugins = { bad_next = "" }')
    shop.make("bad_bystander", page("bad_bystander", "blueprint.add_url_rule('/', view_func=lambda: 'here')"))
    shop.host.enable("bad_next", "bad_needing", "bad_bystander")
    fail()
    again = host(plugin_folders=shop.host.site.config.plugin_folders)
    assert set(again.generation.failed) == {"bad_next", "bad_needing"}
    assert "RuntimeError: now" in again.generation.failed["bad_next"]
    client = again.client()
    assert client.get("/bad-bystander/").text == "here"
    assert client.get("/bad-next/").status_code == 404
    assert client.get("/contacts/").status_code == 200


@SQLITE
def test_folder_is_gone(shop: Workshop, host: Callable[..., Host]) -> None:
    """An enabled plugin whose files are gone is left out, and can still be switched off and uninstalled."""
    import shutil

    up = "op.create_table('bad_gone_row', sa.Column('id', sa.Integer, primary_key=True))"
    shop.make("bad_gone", files=shop.migration(up, "op.drop_table('bad_gone_row')"))
    shop.host.enable("bad_gone")
    shutil.rmtree(shop.folder / "bad_gone")
    again = host(plugin_folders=shop.host.site.config.plugin_folders)
    assert "not here" in again.generation.failed["bad_gone"]
    assert again.client().get("/contacts/").status_code == 200
    again.disable("bad_gone")
    assert again.uninstall("bad_gone") == ["bad_gone_row"]
    assert shop.schema() == shop.tables


@SQLITE
def test_safe_mode(shop: Workshop, host: Callable[..., Host]) -> None:
    """Safe mode runs the core alone, whatever is enabled, and forgets nothing."""
    shop.make("bad_or_not", page("bad_or_not", "blueprint.add_url_rule('/', view_func=lambda: 'fine')"))
    shop.host.enable("bad_or_not")
    safe = host(plugin_folders=shop.host.site.config.plugin_folders, safe_mode=True)
    assert "Safe mode" in safe.generation.failed["bad_or_not"]
    client = safe.client()
    assert client.get("/bad-or-not/").status_code == 404
    assert client.get("/contacts/").status_code == 200
    assert safe.state("bad_or_not") == "enabled"


def audit(host: Host) -> list[str]:
    """Actions in the audit log, oldest first."""
    from crmhost.work.tables import AuditEntry

    with host.site.sessions() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
