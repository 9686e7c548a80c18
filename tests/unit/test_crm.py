"""The file that sets up a checkout: what it can be asked without setting up anything."""

import importlib.util
import os
import re
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def crm() -> ModuleType:
    """./crm as a module of its own."""
    spec = importlib.util.spec_from_loader("crm_setup", SourceFileLoader("crm_setup", str(ROOT / "crm")))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = written
    return module


def test_icon_names_are_found_in_every_manner_of_naming_them(
    crm: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Templates, code, manifests and scripts name icons; each name is found once."""
    files = {
        "crmhost/a.html": '{{ icon("users") }} <use href="/icons.svg#map-pin">',
        "crmhost/a.py": 'MenuItem(icon="users", label="icons")\n{"icon": "mail"}',
        "plugins/x/plugin.toml": "icon = 'filter-cog'",
        "frontend/src/js/a.js": 'icon("x")',
        "themes/t/a.txt": 'icon("not-here")',
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.setattr(crm, "ROOT", tmp_path)
    assert crm.icon_names() == ["filter-cog", "mail", "map-pin", "users", "x"]


def test_new_bundle_keeps_what_a_running_site_names(
    crm: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the bundle before stay for a day, older ones go, new ones win."""
    bundle, fresh = tmp_path / "static" / "dist", tmp_path / "fresh"
    for folder in (bundle, fresh):
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(folder.name)
    (bundle / "core-OLD.js").write_text("young")
    (bundle / "core-OLDER.js").write_text("old")
    os.utime(bundle / "core-OLDER.js", (0, 0))
    (fresh / "core-NEW.js").write_text("new")
    monkeypatch.setattr(crm, "BUNDLE", bundle)
    monkeypatch.setattr(crm, "CACHE", tmp_path)
    crm.put_in_place(fresh)
    assert sorted(path.name for path in bundle.iterdir()) == ["core-NEW.js", "core-OLD.js", "manifest.json"]
    assert (bundle / "manifest.json").read_text() == "fresh"


def test_failure_says_what_was_said(crm: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that fails ends the set-up with its last words, a hint and where to read the rest."""
    monkeypatch.setattr(crm, "CACHE", tmp_path)
    with pytest.raises(crm.SetupError, match=r"(?s)trouble.*Is there a network\?.*trial\.log"):
        crm.run(
            [sys.executable, "-c", "print('trouble'); exit(3)"], log="trial", hint="Is there a network?", cwd=tmp_path
        )


def test_checks_run_at_the_same_time_and_are_told_one_by_one(
    crm: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """None waits for another's end, what each says stands together below its name, and all that failed are named."""
    mark = tmp_path / "begun"
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(mark)!r}).exists(): time.sleep(0.01)\nprint('first ' * 40_000)"
    begins = (
        f"import pathlib, sys\npathlib.Path({str(mark)!r}).touch()\nprint('second', flush=True)\nsys.exit('no good')"
    )
    commands = {"one": [sys.executable, "-S", "-c", waits], "two": [sys.executable, "-S", "-c", begins]}
    assert crm.run_all(commands) == ["two"]
    said = capfd.readouterr()
    assert said.err == "crm: one\ncrm: two\n"
    assert said.out.split() == [*["first"] * 40_000, "second", "no", "good"]


def test_paths_are_meant_from_where_one_stands(crm: ModuleType) -> None:
    """A path that exists there is made whole, with its test's name; options and other words are left alone."""
    here = Path(__file__).parent
    assert crm.absolute("test_crm.py::test_x", here) == f"{__file__}::test_x"
    assert crm.absolute("-x", here) == "-x"
    assert crm.absolute("funnel", here) == "funnel"


def test_locks_name_no_host_and_hold_a_hash_for_each_package() -> None:
    """What is installed is settled by hashes alone; no index is written down."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        packages = re.findall(r"(?m)^[a-z0-9].*==.*$", text)
        assert packages
        assert all(line.endswith("\\") for line in packages)
    assert '"resolved"' not in (ROOT / "frontend" / "package-lock.json").read_text()


def test_dev_lock_holds_the_runtime_lock() -> None:
    """Tests run against the very packages that a site runs with."""
    pinned = {
        name: set(re.findall(r"(?m)^([a-z0-9][^ ;\\]*)", (ROOT / name).read_text()))
        for name in ("requirements.lock", "requirements-dev.lock")
    }
    assert pinned["requirements.lock"] <= pinned["requirements-dev.lock"]


def test_an_old_python_can_read_as_far_as_the_check() -> None:
    """Before the check of its version stands nothing that a Python of 2016 could not run."""
    before = (ROOT / "crm").read_text().partition("if sys.version_info < NEEDED")[0]
    assert "->" not in before
    assert "from __future__" not in before
    compile(before, "crm", "exec")
