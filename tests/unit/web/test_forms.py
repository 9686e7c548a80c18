"""Forms: what fields make of what people type, and where refusals are shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Blueprint, render_template_string, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from crmhost.core.settings import services as settings
from crmhost.errors import Conflict, Forbidden, Invalid
from crmhost.testing import Host
from crmhost.web import i18n
from crmhost.web.app import base_app
from crmhost.web.forms import (
    ChoiceField,
    ChoicesField,
    DayField,
    Form,
    IntegerField,
    ListField,
    MomentField,
    NumberField,
    Section,
    SwitchField,
    TagsField,
    TextField,
)
from crmhost.web.request import public
from crmhost.web.tables import Table, TableColumn, TableFilter, TablePage
from crmhost.web.tables.view import TableView
from tests.unit.web.conftest import Reader

ONE = pytest.mark.database("sqlite")


class Probe(Form):
    """One of each."""

    name = TextField("Name")
    size = IntegerField("Size")
    price = NumberField("Price")
    words = ListField("Words")
    tags = TagsField("Tags", known=["Old"])
    at = MomentField("At")
    day = DayField("Day")
    on = SwitchField("On")
    one = ChoiceField("One", choices=[("a", "A"), ("b", "B")], none="None")
    some = ChoicesField("Some", choices=[("a", "A"), ("b", "B")])

    sections: ClassVar[list[Section]] = [Section("first", "First", {"name": 3}), Section("second", "Second", {"at": 6})]


@pytest.fixture
def inside(host: Callable[..., Host]) -> Callable[[Callable[[], Any]], Any]:
    """Runs a function inside a request of a page."""
    site = host()
    app = base_app(site.site, site.generation)
    kept: list[Any] = []
    functions: list[Callable[[], Any]] = []
    pages = Blueprint("probe", __name__)

    def view() -> str:
        kept.append(functions.pop()())
        return ""

    pages.add_url_rule("/probe", view_func=public(view))
    app.register_blueprint(pages)
    app.testing = True

    def run(function: Callable[[], Any]) -> Any:
        functions.append(function)
        answer = app.test_client().get("/probe")
        assert answer.status_code == 200, answer.text
        return kept.pop()

    return run


def typed(**values: Any) -> Probe:
    return Probe(
        MultiDict(
            [(name, part) for name, value in values.items() for part in (value if isinstance(value, list) else [value])]
        )
    )


@ONE
def test_what_is_typed_is_understood(inside: Any) -> None:
    """Blanks are trimmed, a comma may be the decimal point, an instant is taken in the site's zone, empty is nothing."""

    def read() -> dict[str, Any]:
        form = typed(
            name="  Ann\0 ",
            size="1 234",
            price="1 234,50",
            words="a, b,,c\nd",
            tags=["New", "Old, Newer"],
            at="2026-07-01T14:30",
            day="2026-07-01",
            on="y",
            one="b",
            some=["a", "b"],
        )
        assert form.validate(), form.errors
        return dict(form.data)

    assert inside(read) == {
        "name": "Ann",
        "size": 1234,
        "price": Decimal("1234.50"),
        "words": ["a", "b", "c", "d"],
        "tags": ["New", "Old", "Newer"],
        "at": dt.datetime(2026, 7, 1, 14, 30, tzinfo=dt.UTC),
        "day": dt.date(2026, 7, 1),
        "on": True,
        "one": "b",
        "some": ["a", "b"],
    }
    empty = inside(
        lambda: (lambda form: (form.validate(), form.data))(typed(name="", size="", price="", at="", day=""))
    )
    assert empty[0]
    assert [empty[1][name] for name in ("size", "price", "at", "day", "words", "on")] == [
        None,
        None,
        None,
        None,
        [],
        False,
    ]


@ONE
def test_what_can_not_be_understood_is_said_at_its_field_and_kept(inside: Any) -> None:
    """The page shows it again as it was typed, with the sentence and a link to the field."""

    def read() -> tuple[list[tuple[str, str]], str]:
        form = typed(size="many", price="NaN", at="soon", day="31.02.2026", one="z", some=["z"], name="<b>")
        assert not form.validate()
        problems = [(problem.field, problem.message) for problem in form.problems]
        template = '{% from "crmhost/forms.html" import form_page with context %}{{ form_page(form, "Save") }}'
        return problems, render_template_string(template, form=form)

    problems, html = inside(read)
    assert [field for field, _ in problems] == ["size", "price", "at", "day", "one", "some"]
    assert 'value="soon"' in html
    assert 'value="many"' in html
    assert "&lt;b&gt;" in html
    assert 'href="#size"' in html
    assert html.count('aria-invalid="true"') == 6
    assert 'aria-describedby="at-error"' in html
    assert "6 things to correct" in html


@ONE
def test_refusals_of_services_stand_where_they_belong(inside: Any) -> None:
    """Field by field; what concerns no field stands above; what can't be corrected here is raised."""

    def read() -> list[tuple[str, str]]:
        form = typed(name="x")
        form.take(Invalid({"name": ["Too short."], "address.city": ["Unknown."], "": ["All wrong."]}))
        form.take(Conflict("Taken.", field="size"))
        with pytest.raises(Forbidden):
            form.take(Forbidden("x.y"))
        return [(problem.field, problem.message) for problem in form.problems]

    assert inside(read) == [
        ("", "Unknown."),
        ("", "All wrong."),
        ("name", "Name: Too short."),
        ("size", "Size: Taken."),
    ]


@ONE
@given(text=st.text(max_size=30))
def test_no_text_breaks_a_field(text: str) -> None:
    """Any text is taken or refused by a sentence."""
    fields = (IntegerField, NumberField, DayField, ListField, TagsField)
    for kind in fields:
        form = type("One", (Form,), {"f": kind("F")})
        with _app().test_request_context():
            made = form(MultiDict({"f": text}))
            assert made.validate() or made.errors


_made: list[Any] = []


def _app() -> Any:
    if not _made:
        from flask import Flask

        app = Flask("probe")
        app.config.update(SECRET_KEY="x", WTF_I18N_ENABLED=False)
        from flask_babel import Babel

        Babel(app)
        _made.append(app)
    return _made[0]


# --- lists -----------------------------------------------------------------------------------------------------------


@ONE
def test_addresses_of_a_list_change_one_thing_and_keep_the_rest(inside: Any) -> None:
    """What a filter, a sort or a page size is not known by is left out; a change leads back to the first page."""
    table = Table(
        id="things",
        label="Things",
        columns=[TableColumn(id="a", label="A", cell=str, sort="a"), TableColumn(id="b", label="B", cell=str)],
        fetch=lambda work, query: TablePage([], "next", "previous"),
        filters=[TableFilter(id="kind", label="Kind", kind="choices", choices=[("1", "One"), ("2", "Two")])],
        sort="a",
    )

    def read() -> list[str]:
        from crmhost.web.request import current_work

        asked = {
            "q": ["x y"],
            "kind": ["1", "2", " "],
            "sort": ["-a"],
            "rows": ["25"],
            "after": ["c"],
            "at": ["50"],
            "evil": ["<"],
        }
        view = TableView(table, current_work(), asked, "/things")
        odd = TableView(table, current_work(), {"sort": ["b"], "rows": ["7"], "at": ["-4"], "after": ["c"]}, "/things")
        return [view.url(), view.url(kind=None, sort="a"), view.here, view.chips[0].text, odd.here, str(odd.size)]

    assert inside(read) == [
        "/things?q=x+y&kind=1&kind=2&sort=-a&rows=25",
        "/things?q=x+y&rows=25&sort=a",
        "/things?q=x+y&kind=1&kind=2&sort=-a&rows=25&after=c&at=50",
        "One, Two",
        "/things?after=c",
        "50",
    ]


# --- languages -------------------------------------------------------------------------------------------------------


@pytest.fixture
def french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The core speaks a little French."""
    catalogue(tmp_path / "core", {"Save": "Enregistrer", "Your account": "Votre compte"})
    monkeypatch.setattr(i18n, "CORE_TRANSLATIONS", tmp_path / "core")


def catalogue(folder: Path, words: dict[str, str]) -> Path:
    target = folder / "fr" / "LC_MESSAGES"
    target.mkdir(parents=True)
    lines = "".join(f'msgid "{key}"\nmsgstr "{value}"\n\n' for key, value in words.items())
    kind = "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=n>1;\\n"
    (target / "messages.po").write_text(f'msgid ""\nmsgstr "{kind}"\n\n{lines}')
    return folder


@ONE
@pytest.mark.usefixtures("french")
def test_a_plugin_adds_words_and_changes_none_of_the_core(host: Callable[..., Host], tmp_path: Path) -> None:
    """Catalogues are read from .po files; what is not translated stays English."""
    catalogues = i18n.Catalogues(host().generation)
    catalogues._folders.append(catalogue(tmp_path / "plugin", {"Save": "Klau", "Hello": "Bonjour"}))
    assert catalogues.languages() == ["en", "fr"]
    words = [catalogues.of("fr").gettext(word) for word in ("Save", "Hello", "Unknown")]
    assert words == ["Enregistrer", "Bonjour", "Unknown"]
    assert catalogues.of("de").gettext("Save") == "Save"


@ONE
@pytest.mark.usefixtures("french")
def test_the_language_is_ones_own_else_the_sites(host: Callable[..., Host]) -> None:
    """Chosen in one's account or in the settings; scripts get their words too."""
    site = host()
    reader = Reader(site)
    assert 'lang="en"' in reader.get("/account").text
    reader.post("/account/language", {"language": "fr"})
    page = reader.get("/account").text
    assert 'lang="fr"' in page
    assert "Votre compte" in page
    assert "data-texts=" in page
    reader.post("/account/language", {"language": ""})
    with site.work() as work, work.begin():
        settings.set_many(work, {"site.language": "fr"})
    assert "Votre compte" in reader.get("/account").text


@ONE
def test_dates_and_numbers_are_said_in_the_readers_manner(inside: Any) -> None:
    """Day before month in English too; no instant gives no text."""

    def read() -> list[str]:
        moment = dt.datetime(2026, 3, 8, 23, 30, tzinfo=dt.UTC)
        assert request.path == "/probe"
        return [
            i18n.day(moment),
            i18n.moment(moment),
            i18n.day(None),
            i18n.number(12408),
            i18n.number(Decimal("0.00063210")),
            i18n.percent(0.523),
            i18n.ago(None),
        ]

    assert inside(read) == ["8 Mar 2026", "8 Mar 2026, 23:30", "", "12,408", "0.0006321", "52.3%", ""]
