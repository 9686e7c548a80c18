"""Finding plugins: folders, packages, doubles, digests and the namespace they are imported from."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crmhost.errors import PluginError
from crmhost.host.ownership import core_tables, table_owner
from crmhost.host.registry import digest, discover, open_namespace


def plugin(parent: Path, name: str, *, plugin_id: str = "", code: str = "class Plugin:\n    pass\n") -> Path:
    """A plugin folder."""
    folder = parent / name
    folder.mkdir(parents=True)
    text = f'id = "{plugin_id or name}"\nname = "{name.title()}"\nversion = "1.0"\napi = ">=1,<2"\n'
    (folder / "plugin.toml").write_text(text, encoding="utf-8")
    (folder / "__init__.py").write_text(code, encoding="utf-8")
    return folder


def test_folders(tmp_path: Path) -> None:
    """Plugins of all folders are found, with their module and origin, and none is imported."""
    plugin(tmp_path / "bundled", "alpha_one", code="raise SystemExit\n")
    plugin(tmp_path / "home", "beta_one")
    (tmp_path / "home" / "notes").mkdir()
    (tmp_path / "home" / ".git").mkdir()
    (tmp_path / "home" / "__pycache__").mkdir()
    (tmp_path / "home" / "README.md").write_text("x")
    found = discover([("bundled", tmp_path / "bundled"), ("home", tmp_path / "home"), ("home", tmp_path / "no")])
    assert [(p.id, p.origin, p.module) for p in found.found.values()] == [
        ("alpha_one", "bundled", "plugins.alpha_one"),
        ("beta_one", "home", "plugins.beta_one"),
    ]
    assert found.broken == []
    assert "plugins.alpha_one" not in sys.modules


def test_first_origin_wins(tmp_path: Path) -> None:
    """Of two with the same id the earlier folder stands and the other is reported, also when the first is broken."""
    plugin(tmp_path / "bundled", "alpha")
    plugin(tmp_path / "home", "alpha")
    plugin(tmp_path / "bundled", "beta", plugin_id="gamma")
    plugin(tmp_path / "home", "beta")
    result = discover([("bundled", tmp_path / "bundled"), ("home", tmp_path / "home")])
    assert result.found["alpha"].origin == "bundled"
    assert list(result.found) == ["alpha"]
    assert sorted((broken.id, broken.origin) for broken in result.broken) == [
        ("alpha", "home"),
        ("beta", "bundled"),
        ("beta", "home"),
    ]
    assert all("remove one of the two" in b.reason or "make the two the same" in b.reason for b in result.broken)


def test_broken_ones(tmp_path: Path) -> None:
    """A folder without manifest, without code or with a wrong name is reported with what to do; the others stand."""
    plugin(tmp_path, "good")
    (plugin(tmp_path, "codeless") / "__init__.py").unlink()
    (plugin(tmp_path, "nameless") / "plugin.toml").unlink()
    plugin(tmp_path, "old_name", plugin_id="new_name")
    result = discover([("home", tmp_path)])
    assert list(result.found) == ["good"]
    reasons = {broken.id: broken.reason for broken in result.broken}
    assert "__init__.py" in reasons["codeless"]
    assert "plugin.toml" in reasons["nameless"]
    assert "“new_name”" in reasons["old_name"]


def test_installed_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with an entry point is found without being imported, also inside another package."""
    site = tmp_path / "site"
    plugin(site / "outer_dist", "inner", plugin_id="paid", code="raise SystemExit\n")
    (site / "outer_dist" / "__init__.py").write_text("raise SystemExit\n")
    info = site / "outer_dist-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outer-dist\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[crmhost.plugins]\npaid = outer_dist.inner\nlost = no_such_module_here\n")
    monkeypatch.syspath_prepend(str(site))
    result = discover([])
    assert result.found["paid"].module == "outer_dist.inner"
    assert result.found["paid"].folder == site / "outer_dist" / "inner"
    assert result.found["paid"].origin == "pip"
    assert "install it again" in next(broken.reason for broken in result.broken if broken.id == "lost")
    assert "paid" not in discover([], entry_points=False).found
    assert "outer_dist" not in sys.modules


def test_digest(tmp_path: Path) -> None:
    """The digest follows code, templates and names, and leaves caches and tests out."""
    folder = plugin(tmp_path, "alpha")
    first = digest(folder)
    for ignored in ("tests/test_x.py", "__pycache__/x.pyc", "static/node_modules/x.js", ".cache/x"):
        (folder / ignored).parent.mkdir(parents=True)
        (folder / ignored).write_text("x")
    assert digest(folder) == first
    (folder / "templates").mkdir()
    (folder / "templates" / "page.html").write_text("x")
    second = digest(folder)
    assert second != first
    (folder / "templates" / "page.html").write_text("y")
    os.utime(folder / "templates" / "page.html", ns=(1, 1))
    third = digest(folder)
    assert third not in (first, second)
    (folder / "link").symlink_to("/etc/passwd")
    assert digest(folder) != third
    assert discover([("home", tmp_path)]).found["alpha"].digest == digest(folder)
    with pytest.raises(PluginError):
        digest(tmp_path / "missing")


def test_digest_is_of_content(tmp_path: Path) -> None:
    """Two copies of the same files have the same digest, wherever and whenever they were made."""
    assert digest(plugin(tmp_path / "a", "alpha")) == digest(plugin(tmp_path / "b", "alpha"))


def test_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folder plugins are imported as plugins.ID, also one that is dropped in later and after sys.path changed."""
    monkeypatch.setitem(sys.modules, "plugins", sys.modules.get("plugins", importlib.util.module_from_spec(SPEC)))
    monkeypatch.setattr(sys.modules["plugins"], "__path__", [], raising=False)
    plugin(tmp_path / "home", "space_one", code="WHERE = 'home'\n")
    open_namespace([tmp_path / "bundled", tmp_path / "home"])
    assert importlib.import_module("plugins.space_one").WHERE == "home"
    monkeypatch.syspath_prepend(str(tmp_path))
    plugin(tmp_path / "home", "space_two", code="WHERE = 'later'\n")
    open_namespace([tmp_path / "bundled", tmp_path / "home"])
    assert importlib.import_module("plugins.space_two").WHERE == "later"
    assert sys.modules["plugins"].__path__ == [str(tmp_path / "bundled"), str(tmp_path / "home")]


SPEC = importlib.machinery.ModuleSpec("plugins", None, is_package=True)


def test_namespace_in_a_fresh_process(tmp_path: Path) -> None:
    """Without any folder called plugins the namespace is made; a regular package of that name is refused."""
    plugin(tmp_path / "home", "fresh")
    code = (
        "import sys; from pathlib import Path; from crmhost.host.registry import open_namespace;"
        "open_namespace([Path(sys.argv[1])]); import plugins.fresh; print(plugins.fresh.__file__)"
    )
    root = Path(__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(tmp_path / "home" / "fresh") in run.stdout
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "__init__.py").write_text("")
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"},
        capture_output=True,
        text=True,
    )
    assert "hides the plugins" in run.stderr


def test_table_owner() -> None:
    """A table belongs to the longest id that begins its name."""
    ids = ["sales", "sales_plans"]
    assert table_owner("sales_plans_deal", ids) == "sales_plans"
    assert table_owner("sales_planset", ids) == "sales"
    assert table_owner("salesman", ids) is None


def test_the_core_keeps_its_tables_whatever_plugins_are_called() -> None:
    """A plugin may have the name of a room of the core, or one that begins with it."""
    ids = ["files", "mail", "mail_campaigns"]
    assert {"files_file", "mail_message", "contacts_contact", "work_job", "host_plugin"} <= core_tables()
    assert table_owner("files_file", ids) is None
    assert table_owner("files_document", ids) == "files"
    assert table_owner("mail_message", ids) is None
    assert table_owner("mail_campaigns_message", ids) == "mail_campaigns"


def test_no_database_and_no_web() -> None:
    """Manifest, registry and resolver load neither SQLAlchemy nor Flask."""
    code = (
        "import sys, crmhost.host.manifest, crmhost.host.registry, crmhost.host.resolver;"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'sqlalchemy', 'flask', 'alembic'}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
