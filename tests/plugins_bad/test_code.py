"""Plugins whose code can't be started, or declares what it may not: refused before anything of theirs is in force."""

from __future__ import annotations

import pytest

from tests.plugins_bad.conftest import Workshop

pytestmark = pytest.mark.database("sqlite")

HOOK = "@hookimpl\ndef {name}(self):\n    {body}\n"


@pytest.mark.parametrize(
    ("name", "top", "says"),
    [
        ("missing_import", "import no_such_module_anywhere", "no_such_module_anywhere"),
        ("syntax", "def half(:", "SyntaxError"),
        ("exit", "raise SystemExit(3)", "SystemExit: 3"),
        ("error", "raise RuntimeError('not today')", "RuntimeError: not today"),
        ("deep", "def deep(): deep()\ndeep()", "RecursionError"),
        ("stolen_module", "import crmhost.no_such_module", "crmhost.no_such_module"),
        ("table", "class T(api.plugin_base('bad_table')):\n    __tablename__ = 'contacts_more'", "contacts_more"),
    ],
)
def test_import(refusing: Workshop, name: str, top: str, says: str) -> None:
    """Whatever is thrown while a plugin is imported, it is refused with that and its traceback."""
    refusing.make(f"bad_{name}", top=top)
    error = refusing.refused(f"bad_{name}", says=says)
    assert "Traceback" in error.traceback


def test_no_plugin(refusing: Workshop) -> None:
    """A module without a Plugin class is refused."""
    refusing.make("bad_empty")
    (refusing.folder / "bad_empty" / "__init__.py").write_text("")
    refusing.refused("bad_empty", says="no class “Plugin”")


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("no_hook", HOOK.format(name="contact_boxs", body="return []"), "no hook “contact_boxs”.*contact_boxes"),
        ("wrong_argument", "@hookimpl\ndef contact_erase(self, work, person): ...", "person"),
        ("raises", HOOK.format(name="contact_boxes", body="1 / 0"), r"contact_boxes\(\).*ZeroDivisionError"),
        ("raises_jobs", HOOK.format(name="jobs", body="raise SystemExit"), r"jobs\(\).*SystemExit"),
        ("returns_text", HOOK.format(name="menu", body="return 'x'"), "Expected a MenuItem"),
        ("returns_number", HOOK.format(name="menu", body="return 7"), "int"),
        (
            "unknown_key",
            HOOK.format(name="jobs", body="return [{'kind': 'bad_unknown_key.x', 'when': 1}]"),
            "no “when”",
        ),
        ("lacking_key", HOOK.format(name="jobs", body="return [{'kind': 'bad_lacking_key.x'}]"), "handler"),
        ("init", "def __init__(self):\n    raise ValueError('broken')", "ValueError: broken"),
        ("specs", HOOK.format(name="hookspecs", body="1 / 0"), r"hookspecs\(\)"),
        ("routes_text", HOOK.format(name="routes", body="import no_such_routes"), "no_such_routes"),
    ],
)
def test_hooks(refusing: Workshop, name: str, body: str, says: str) -> None:
    """A hook that does not exist, is implemented wrongly or fails while it declares refuses the plugin."""
    refusing.make(f"bad_{name}", body)
    refusing.refused(f"bad_{name}", says=says)


@pytest.mark.parametrize(
    ("name", "hook", "value", "says"),
    [
        ("permission", "permissions", "Permission(name='contacts.edit', label='x')", "contacts.edit"),
        ("setting", "settings", "Setting(key='site.name')", "site.name"),
        ("job", "jobs", "Job(kind='other.job', handler=print)", "other.job"),
        ("journal", "journal_types", "JournalType(name='note', label='x')", "note"),
        ("service", "services", "Service(name='contacts', factory=print)", "contacts"),
        ("schedule", "schedules", "Schedule(kind='bad_schedule.none', cron='* * * * *')", "none of the plugin's jobs"),
        ("webhook", "webhooks", "Webhook(name='stripe', handler=print)", "stripe.*not listed"),
        ("column", "contact_columns", "[Column(id='x', label='', values=print)] * 2", "“x”.*taken"),
        ("spec", "hookspecs", "sys.modules[__name__]", "bad_other_hook.*must be called"),
    ],
)
def test_stolen_names(refusing: Workshop, name: str, hook: str, value: str, says: str) -> None:
    """A plugin that takes a name that is not its own is refused."""
    top = "@hookspec('action')\ndef bad_other_hook(work):\n    'x'" if name == "spec" else ""
    value = value if value.startswith("[") else f"[{value}]"
    refusing.make(f"bad_{name}", HOOK.format(name=hook, body=f"return {value}"), top=top)
    refusing.refused(f"bad_{name}", says=says)


def test_names_of_the_incumbent(shop: Workshop) -> None:
    """Of two plugins that want the same name the newcomer is refused and the one that has it keeps it."""
    filters = "@hookimpl\ndef contact_filters(self):\n    return [Filter(id='vip', label='', condition=print)]"
    shop.make("bad_old", filters)
    shop.make("bad_a_new", filters)
    shop.host.enable("bad_old")
    shop.before = shop.pages()
    shop.refused("bad_a_new", says="“vip”.*taken by “bad_old”")
    assert [item.plugin for item in shop.host.generation.contributions("contact_filters") if item.id == "vip"] == [
        "bad_old"
    ]


def test_needed_plugin_fails(refusing: Workshop) -> None:
    """A plugin that needs a faulty one is not enabled either, and the faulty one is named."""
    refusing.make("bad_root", top="import no_such_root")
    refusing.make("bad_leaf", manifest='[requires]\nplugins = { bad_root = "" }')
    refusing.refused("bad_leaf", culprit="bad_root", says="no_such_root")
    assert refusing.host.state("bad_root") == ""


def test_good_one_beside(shop: Workshop) -> None:
    """Enabling a good and a faulty plugin in one step enables neither: it is all or nothing."""
    shop.make("bad_but_good")
    shop.make("bad_indeed", top="1 / 0")
    shop.refused("bad_but_good", "bad_indeed", culprit="bad_indeed", says="ZeroDivisionError")
    shop.host.enable("bad_but_good")
    assert shop.host.state("bad_but_good") == "enabled"
