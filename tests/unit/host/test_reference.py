"""Pages that are made from the code say what the code says."""

from __future__ import annotations

import ast
import importlib
import re

import pytest

from crmhost import contributions
from crmhost.host import reference
from crmhost.host.check import RULES


@pytest.mark.parametrize("page", reference.PAGES)
def test_up_to_date(page: str) -> None:
    """The page in the checkout is what the code makes now."""
    path = reference.ROOT / page
    assert path.is_file(), "run: python -m crmhost.host.reference"
    assert path.read_text("utf-8") == reference.PAGES[page](), "run: python -m crmhost.host.reference"


def test_every_hook() -> None:
    """Each hook has its section, its kind and every argument."""
    page = reference.hooks_page()
    for name, function in reference.specs().items():
        section = page.split(f"### `{name}`\n", 1)[1].split("\n### ", 1)[0]
        assert f"*{function.crmhost_hook.kind}*, since" in section  # type: ignore[attr-defined]
        for argument in function.__code__.co_varnames[: function.__code__.co_argcount]:
            assert f"{argument}: " in section
        kind = contributions.DECLARED.get(name)
        for field in kind.__dataclass_fields__ if kind else ():
            assert f"| `{field}` |" in section or field == "plugin"
        assert "Used by: " in section or "No built-in or bundled plugin uses it yet." in section
    assert ":class:" not in page
    assert "``" not in page.replace("```", "")


@pytest.mark.parametrize("name", reference.specs())
def test_examples(name: str) -> None:
    """Each example is Python, and what it declares is taken by the host."""
    text = reference.example(name)
    tree = ast.parse(text)
    kind = contributions.DECLARED.get(name)
    if kind is None:
        return
    returned = next(node.value for node in ast.walk(tree) if isinstance(node, ast.Return))
    assert returned is not None
    names = {node.id: print for node in ast.walk(returned) if isinstance(node, ast.Name)}
    value = eval(ast.unparse(returned), {**names, kind.__name__: kind})[0]
    assert kind.coerce("loans", value).plugin == "loans"


def test_every_check() -> None:
    """Each check is described."""
    page = reference.checks_page()
    for rule in RULES.values():
        assert f"## {rule.code}: {rule.title}" in page
        assert rule.hint in page


def test_users() -> None:
    """The users of a hook are found in the code of the built-in and bundled plugins."""
    for name, plugins in reference._users(reference.ROOT).items():
        assert plugins == sorted(set(plugins))
        assert name


def test_every_slot_is_listed() -> None:
    """Authors find each slot with what it hands over."""
    page = reference.hooks_page()
    assert "| `contact.form` | `contact`, `form` |" in page
    assert "| `page.top` | nothing |" in page


@pytest.mark.parametrize("name", ["crmhost.api", "crmhost.web.api", "crmhost.testing"])
def test_every_name_of_a_module(name: str) -> None:
    """Whatever plugins may import stands on the module's page, and nothing in it differs from run to run."""
    page = reference.module_page(name)
    for item in importlib.import_module(name).__all__:
        assert re.search(rf"`{item}[`(]", page)
    assert " at 0x" not in page
    assert "\n\n\n" not in page
