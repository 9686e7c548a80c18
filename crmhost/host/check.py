"""``crmhost plugin check``: what is wrong with a plugin, found by reading its files. Its code is never run.

The host finds most of this out again when it enables the plugin; this tells it earlier, with file and line.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import PluginError
from .checks import code, data, source, templates
from .checks.rules import RULES, Finding, Level, Rule, finding
from .manifest import FILE_NAME, inspect_manifest

__all__ = ["RULES", "Finding", "Level", "Rule", "check", "errors_of"]


def check(path: Path) -> list[Finding]:
    """All findings on the plugin in a folder, by file and line; none means that it is in order.

    :raises PluginError: when there is no such folder.
    """
    folder = path.resolve() if path.name in ("", "..") else path.absolute()
    if not folder.is_dir():
        raise PluginError(path.name[:60], f"{path} is not a folder; name the folder that holds {FILE_NAME}.")
    manifest, problems = inspect_manifest(folder)
    findings = [finding("CRM001", FILE_NAME, 0, problem) for problem in problems]
    if manifest is not None and manifest.id != folder.name:
        findings.append(finding("CRM002", ".", 0, f"The folder is called “{folder.name}”, the id is “{manifest.id}”."))
    plugin, broken = source.read(folder, manifest)
    findings += broken
    findings += _company(plugin)
    for group in (
        code.imports,
        code.import_effects,
        code.names,
        code.implementations,
        data.models,
        templates.templates,
    ):
        findings += group(plugin)
    return sorted(set(findings))


def errors_of(findings: Sequence[Finding]) -> list[Finding]:
    """Those that keep a plugin from being packed."""
    return [found for found in findings if found.level == "error"]


def _company(plugin: source.Source) -> Iterator[Finding]:
    """CRM006 to CRM008."""
    if not any(file.lower() in ("readme.md", "readme.rst", "readme.txt") for file in plugin.files):
        yield finding("CRM006", ".", 0, "There is no README.md.")
    if not any(file.startswith("tests/") and Path(file).name.startswith("test_") for file in plugin.files):
        yield finding("CRM007", ".", 0, "There are no tests.")
    for module in plugin.modules:
        if module.place in sys.stdlib_module_names and module.file in (
            f"{module.place}.py",
            f"{module.place}/__init__.py",
        ):
            yield finding("CRM008", module.file, 0, f"“{module.place}” is a module of the standard library.")
