"""Plugins whose fault shows only when they run: the trial in a child process finds it, the site never meets it."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import inspect, text

from crmhost.host import trial
from tests.plugins_bad.conftest import Workshop

pytestmark = pytest.mark.database("sqlite")

ROUTES = """
@hookimpl
def routes(self):
    from flask import Blueprint
    blueprint = Blueprint("{name}", __name__{more})
    {line}
    return [blueprint]
"""


def page(name: str, line: str, more: str = "") -> str:
    """A routes() hook with one line about its blueprint."""
    return ROUTES.format(name=name, line=line, more=more)


def test_good(shop: Workshop) -> None:
    """A plugin without fault passes the trial; enabling the same code again skips it."""
    log = shop.folder / "imports"
    top = f"with open({str(log)!r}, 'a') as file:\n    file.write(f'{{os.getpid()}}\\n')"
    shop.make("bad_not", page("bad_not", "blueprint.add_url_rule('/', view_func=lambda: 'fine')"), top=top)
    shop.host.enable("bad_not", try_first=True)
    imports = log.read_text().split()
    assert len(imports) == 2
    assert imports[0] != imports[1] == str(os.getpid())
    assert shop.client.get("/bad-not/").text == "fine"
    shop.host.disable("bad_not")
    assert shop.client.get("/bad-not/").status_code == 404
    shop.host.enable("bad_not", try_first=True)
    assert log.read_text().split() == imports
    shop.host.disable("bad_not")
    shop.unharmed()


def test_ends_the_process(refusing: Workshop) -> None:
    """A plugin that ends the process at import ends the trial's only, and that is said."""
    refusing.make("bad_end", top="sys.stderr.write('so long')\nsys.stderr.flush()\nos._exit(7)")
    refusing.refused("bad_end", says=r"ended the process.*exit status 7(.|\n)*so long", trial="child")


def test_never_ends(refusing: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin whose import never ends is refused when the time is up, and its process is gone."""
    mark = refusing.folder / "pid"
    refusing.make("bad_sleep", top=f"import time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(3600)")
    monkeypatch.setattr(trial, "LIMIT", 3)
    refusing.refused("bad_sleep", says="did not end within 3 s", trial="child")
    if mark.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)


def test_endless_output(refusing: Workshop) -> None:
    """A plugin that writes without end is stopped before that fills the memory."""
    refusing.make("bad_chatter", top="while True:\n    print('x' * 10_000)")
    refusing.refused("bad_chatter", says="writes without end", trial="child")


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        (
            "prefix",
            "blueprint.add_url_rule('/', view_func=lambda: 'x', subdomain=''); blueprint.name = 'contacts'",
            "contacts",
        ),
        ("before", "blueprint.before_app_request(lambda: None)", "changes something for all pages"),
        ("handler", "blueprint.app_errorhandler(404)(lambda error: 'mine')", "changes something for all pages"),
        ("context", "blueprint.app_context_processor(lambda: {'_': str})", "changes something for all pages"),
        ("filter", "blueprint.add_app_template_filter(str, 'number')", "changes something for all pages"),
        ("global", "blueprint.add_app_template_global(str, 'icon')", "changes something for all pages"),
        (
            "outside",
            "blueprint.record(lambda s: s.app.add_url_rule('/x', 'bad_outside.x', lambda: 'x'))",
            "/x does not lie",
        ),
        ("alien", "blueprint.record(lambda s: s.app.add_url_rule('/x', 'alien', lambda: 'x'))", "“alien”"),
        ("replaced", "blueprint.record(lambda s: s.app.view_functions.update({'contacts.index': str}))", "all pages"),
        ("wsgi", "blueprint.record(lambda s: setattr(s.app, 'wsgi_app', s.app.wsgi_app.__call__))", "all pages"),
        ("config", "blueprint.record(lambda s: s.app.config.update(MAX_CONTENT_LENGTH=1))", "all pages"),
        ("setup", "blueprint.record(lambda s: 1 / 0)", "ZeroDivisionError"),
        ("page", "blueprint.add_url_rule('/', view_func=lambda: 1 / 0)", "ZeroDivisionError"),
        ("nothing", "blueprint.add_url_rule('/', view_func=lambda: None)", "/bad-nothing/"),
        (
            "template",
            "blueprint.add_url_rule('/', view_func=lambda: __import__('flask').render_template('no.html'))",
            "no.html",
        ),
        ("exits", "blueprint.add_url_rule('/', view_func=lambda: sys.exit(4))", "SystemExit"),
    ],
)
def test_pages(refusing: Workshop, name: str, line: str, says: str) -> None:
    """A plugin whose pages fail, or that reaches for what belongs to all pages, is refused."""
    refusing.make(f"bad_{name}", page(f"bad_{name}", line))
    refusing.refused(f"bad_{name}", says=says, trial="here")


@pytest.mark.parametrize(
    ("name", "hook"),
    [
        ("widget", "dashboard_widgets(self): return [Widget(id='x', title='x', render=lambda work: 1 / 0)]"),
        ("menu", "menu(self): return [MenuItem(label='x', endpoint='contacts.index', count=lambda work: 1 / 0)]"),
        (
            "column",
            "contact_columns(self): return [Column(id='x', label='x', shown=True, values=lambda work, ids: 1 / 0)]",
        ),
        ("slot", "slots(self): return [SlotItem(slot='page.end', render=lambda work: 1 / 0)]"),
    ],
)
def test_parts(refusing: Workshop, name: str, hook: str) -> None:
    """A plugin whose part of a page of the core fails is refused."""
    refusing.make(f"bad_{name}", f"@hookimpl\ndef {hook}")
    refusing.refused(f"bad_{name}", says="ZeroDivisionError", trial="here")


def test_relationship(refusing: Workshop) -> None:
    """A plugin with a relationship to a class that does not exist is refused."""
    models = """
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        class Thing(api.plugin_base("bad_related")):
            __tablename__ = "bad_related_thing"
            id: Mapped[int] = mapped_column(primary_key=True)
            other = relationship("NoSuchClass")
    """
    up = "op.create_table('bad_related_thing', sa.Column('id', sa.Integer, primary_key=True))"
    refusing.make("bad_related", top=models, files=refusing.migration(up, "op.drop_table('bad_related_thing')"))
    refusing.refused("bad_related", says="NoSuchClass", trial="here")


def test_backref(refusing: Workshop) -> None:
    """A plugin that adds an attribute to a class of the core is refused."""
    models = """
        from sqlalchemy import ForeignKey
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        class Thing(api.plugin_base("bad_backref")):
            __tablename__ = "bad_backref_thing"
            id: Mapped[int] = mapped_column(primary_key=True)
            contact_id = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
            contact = relationship(Contact, backref="things")
    """
    refusing.make("bad_backref", top=models)
    # The attribute would stay in this process.
    refusing.refused("bad_backref", says="adds “things” to Contact", trial="copy")


def test_page_that_leads_elsewhere(refusing: Workshop) -> None:
    """A page that leads to another site is no fault, and is not followed."""
    view = "lambda: __import__('flask').redirect('https://example.com/')"
    refusing.make("bad_leading", page("bad_leading", f"blueprint.add_url_rule('/', view_func={view})"))
    refusing.try_here("bad_leading")
    refusing.unharmed()


def test_leaves_a_table(refusing: Workshop) -> None:
    """A migration that can't be taken back whole refuses the plugin."""
    up = "op.create_table('bad_left_over', sa.Column('id', sa.Integer, primary_key=True))"
    refusing.make("bad_left", files=refusing.migration(up))
    refusing.refused("bad_left", says="leave bad_left_over behind", trial="here")


def test_second_is_named(refusing: Workshop) -> None:
    """Of two plugins tried together the faulty one is named, not the first."""
    refusing.make("bad_innocent", page("bad_innocent", "blueprint.add_url_rule('/', view_func=lambda: 'fine')"))
    refusing.make("bad_guilty", page("bad_guilty", "blueprint.add_url_rule('/', view_func=lambda: 1 / 0)"))
    refusing.refused("bad_innocent", "bad_guilty", culprit="bad_guilty", says="ZeroDivisionError", trial="here")


def test_later_code_is_tried_again(shop: Workshop) -> None:
    """When the code changed since it passed, it is tried again."""
    shop.make("bad_later")
    shop.host.enable("bad_later")
    shop.host.disable("bad_later")
    path = shop.folder / "bad_later" / "__init__.py"
    path.write_text(path.read_text() + "\nimport no_such_late_module\n")
    with pytest.raises(Exception, match="no_such_late_module"):
        shop.host.enable("bad_later", try_first=True)
    assert shop.host.state("bad_later") == "disabled"
    shop.unharmed()


@pytest.mark.database("postgresql")
def test_on_postgresql(shop: Workshop) -> None:
    """On PostgreSQL the trial uses a schema of its own in the same database, which is gone afterwards."""
    shop.make("bad_gone", top="os._exit(3)")
    shop.refused("bad_gone", says="exit status 3", trial="child")
    up = "op.create_table('bad_there_row', sa.Column('id', sa.Integer, primary_key=True))"
    files = shop.migration(up, "op.drop_table('bad_there_row')")
    shop.make("bad_there", files=files)
    shop.host.enable("bad_there", try_first=True)
    assert shop.host.state("bad_there") == "enabled"
    with shop.host.site.engine.connect() as connection:
        assert [name for name in inspect(connection).get_schema_names() if "trial" in name] == []
        assert connection.scalars(text("SELECT email FROM users_user")).all() == ["admin@example.com"]
