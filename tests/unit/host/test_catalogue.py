"""Finding the texts of an extension, and keeping its catalogues."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from crmhost.cli import cli
from crmhost.errors import CrmError
from crmhost.host import catalogue

CODE = '''
from crmhost.api import Invalid, MenuItem, Message, Plural, Setting

LABELS = {"a": Message("First")}

class Taken(Invalid):
    """Taken."""

def f(work, _, name, count):
    errors = {}
    errors["name"] = ["Give a name."]
    work.audit("loan.given_back", "old_loan", 1, after={"count": 2})
    Setting(key="loans.days", label="Days", help="Empty: none", choices=[("a", "One way")])
    MenuItem(label="Loans" if count else "Loan", endpoint="loans.index")
    raise Taken({"name": [_("By %(name)s", name=name)], "": [Plural("%(num)s loan", "%(num)s loans", count)]})

def g(name):
    raise Invalid(f"{name} is taken.")
'''
PAGE = """{{ _("Save") }} {{ _("Lent") if x else _("Back") }} {{ ngettext("%(num)d day", "%(num)d days", n) }}
{{ _("Mine" if y else "Ours") }}"""
MANIFEST = 'id = "loans"\nname = "Lending"\nsummary = "What was lent."\n[permissions]\nedit = "Lend things"\n'


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin with texts of all kinds."""
    folder = tmp_path / "loans"
    (folder / "templates" / "loans").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "plugin.toml").write_text(MANIFEST)
    (folder / "services.py").write_text(CODE)
    (folder / "templates" / "loans" / "index.html").write_text(PAGE)
    (folder / "tests" / "test_it.py").write_text("_('Only a test')")
    (folder / "commands.py").write_text("_('Only for operators')")
    return folder


def test_all_texts_are_found(plugin: Path) -> None:
    """Of code, templates, labels, errors, audited actions and the manifest; sentences with values put in early are told."""
    found = catalogue.texts(plugin)
    assert {each.text.text for each in found.found} == {
        *("First", "Give a name.", "Loan given back", "old loan", "Days", "Empty: none", "One way", "Loans", "Loan"),
        *("By %(name)s", "%(num)s loan", "Save", "Lent", "Back", "%(num)d day", "Mine", "Ours"),
        *("Lending", "What was lent.", "Lend things"),
    }
    assert {each.text.many for each in found.found} == {"", "%(num)s loans", "%(num)d days"}
    assert [(lost.file, CODE.splitlines()[lost.line - 1].strip()) for lost in found.lost] == [
        ("services.py", 'raise Invalid(f"{name} is taken.")')
    ]


def test_a_catalogue_is_begun_filled_and_kept(plugin: Path) -> None:
    """New texts wait, translations stay, what is gone goes; what the core says is left out; the same texts give the same file."""
    begun = catalogue.update(plugin, "fr")
    text = begun.path.read_text()
    assert begun.missing == begun.texts > 10
    assert 'msgid "Save"' not in text
    begun.path.write_text(text.replace('msgid "Lent"\nmsgstr ""', 'msgid "Lent"\nmsgstr "Prêté"'))
    (plugin / "templates" / "loans" / "index.html").write_text('{{ _("Lent") }} {{ _("Lost") }}')
    again = catalogue.update(plugin, "fr")
    kept = again.path.read_text()
    assert 'msgstr "Prêté"' in kept
    assert 'msgid "Lost"' in kept
    assert 'msgid "Ours"' not in kept
    assert catalogue.update(plugin, "fr").path.read_text() == kept
    with pytest.raises(CrmError, match="not a language"):
        catalogue.update(plugin, "nolang")


def test_what_keeps_a_catalogue_from_being_complete(plugin: Path) -> None:
    """Missing and fuzzy texts, other places for values, texts that are gone, sentences made too early."""
    (plugin / "services.py").write_text(
        '_("By %(name)s")\n_("Two")\n_("Three")\nInvalid(f"{a}")\nngettext("a %(num)s", "b %(num)s", 3)'
    )
    path = catalogue.update(plugin, "fr").path
    path.write_text(
        path.read_text()
        .replace('msgid "By %(name)s"\nmsgstr ""', 'msgid "By %(name)s"\nmsgstr "Par %(nom)s"')
        .replace('#: services.py\nmsgid "Two"\nmsgstr ""', '#: services.py\n#, fuzzy\nmsgid "Two"\nmsgstr "Deux"')
        .replace('msgstr[0] ""\nmsgstr[1] ""', 'msgstr[0] "un"\nmsgstr[1] "b %(other)s"')
        + '\nmsgid "Gone"\nmsgstr "Parti"\n'
    )
    told = "\n".join(catalogue.problems(plugin, "fr"))
    for line in (
        "services.py:4: values are put in before the text is translated",
        "services.py: not translated: Three",
        "services.py: marked as fuzzy: Two",
        "services.py: other places for values: Par %(nom)s",
        "services.py: other places for values: b %(other)s",
        "no longer in the code: Gone",
    ):
        assert line in told
    assert "other places for values: un" not in told


def test_the_command(plugin: Path) -> None:
    """It begins a catalogue, tells what is missing, and needs a language at first."""
    run = CliRunner().invoke
    assert isinstance(run(cli, ["plugin", "translate", str(plugin)]).exception, CrmError)
    made = run(cli, ["plugin", "translate", str(plugin), "fr"])
    assert made.exit_code == 0
    assert "to translate" in made.output
    checked = run(cli, ["plugin", "translate", str(plugin), "--check"])
    assert "fr: plugin.toml: not translated: Lending" in checked.output
    assert isinstance(checked.exception, CrmError)
