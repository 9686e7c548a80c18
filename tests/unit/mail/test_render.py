"""Templates that people write: what they give, what they can't reach, and what stops them."""

from __future__ import annotations

import contextlib
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.mail.render import Kind, Limits, Rich, Source, TemplateError, compile_template, names, render

VALUES = {
    "contact": {
        "first_name": "Åsa <b>",
        "full_name": "Åsa <b> Berg",
        "nickname": "",
        "fax": None,
        "website": "javascript:alert(1)",
        "home": "https://example.org/?a=1&b=2",
        "shoe_size": Decimal("42.50"),
        "topics": ["tea", "books"],
        "since": dt.date(2026, 3, 9),
    },
    "lines": [{"name": "One", "price": 3}, {"name": "Two & more", "price": 4}],
    "unsubscribe": {
        "line": Rich('<a href="https://x.example/u">Stop</a>', "Stop: https://x.example/u"),
        "url": "https://x.example/u",
    },
}


def html(text: str) -> str:
    return compile_template(text, "html").render(VALUES).output


def plain(text: str) -> str:
    return compile_template(text, "text").render(VALUES).output


def test_both_forms_of_placeholders_give_the_same() -> None:
    """##NAME##, ###NAME### and {{ path }} are one thing, for regular names by a rule."""
    assert plain("##CONTACT-FNAME##") == plain("###CONTACT-FNAME###") == plain("{{ contact.first_name }}") == "Åsa <b>"
    assert plain("##CUSTOMERNAME##") == "Åsa <b> Berg"
    assert plain("##CONTACT-SHOE-SIZE##") == "42.50"


def test_html_escapes_values_and_text_does_not() -> None:
    """Values are escaped in HTML whatever filter they went through; text has them plainly."""
    assert html("{{ contact.first_name }}") == "Åsa &lt;b&gt;"
    assert html("{{ contact.first_name | escape | upcase }}") == "ÅSA &lt;B&gt;"
    assert html("{% assign x = '<script>' %}{{ x }}{{ '<i>' | append: x }}") == "&lt;script&gt;&lt;i&gt;&lt;script&gt;"
    assert html('<p title="{{ contact.first_name }}">') == '<p title="Åsa &lt;b&gt;">'
    assert plain("{{ contact.first_name }}") == "Åsa <b>"


def test_a_rich_value_is_html_in_html_and_text_in_text() -> None:
    """The unsubscribe line is a link in the HTML part and readable in the text part."""
    assert html("##UNSUB-LINE##") == '<a href="https://x.example/u">Stop</a>'
    assert plain("##UNSUB-LINE##") == "Stop: https://x.example/u"


def test_an_address_in_a_link_can_run_nothing() -> None:
    """A value that is a script becomes “#” where an address stands; other addresses stay."""
    assert html('<a href="{{ contact.website }}">') == '<a href="#">'
    assert html("<a href=' ##CONTACT-WEBSITE##'>") == "<a href=' #'>"
    assert html('<a href="{{ contact.home }}">') == '<a href="https://example.org/?a=1&amp;b=2">'


def test_what_nothing_knows_is_named_and_stays_readable() -> None:
    """Unknown placeholders are listed in their order and stand in the output as they were written."""
    piece = compile_template(
        "{{ contact.frist_name }} ##CONTACT-FOO## {{ contact }} {% if deal.x %}a{% endif %}", "html"
    ).render(VALUES)
    assert piece.unknown == ("contact.frist_name", "contact.foo", "contact", "deal.x")
    assert piece.output == "{{ contact.frist_name }} ##CONTACT-FOO## {{ contact }} "


def test_known_placeholders_without_a_value_are_listed_apart() -> None:
    """An empty field is no error; one with a default isn't even empty."""
    piece = compile_template(
        "{{ contact.nickname }}{{ contact.fax }}{{ contact.nickname | default: 'friend' }}", "text"
    ).render(VALUES)
    assert (piece.output, piece.unknown, piece.empty) == ("friend", (), ("contact.nickname", "contact.fax"))


def test_a_subject_is_one_clean_line() -> None:
    """Line ends and control characters of values can't leave the subject."""
    values = {"contact": {"first_name": "Ada\r\nBcc: x@example.org\x00\u202e"}}
    assert render(Source(subject="Hello\n##CONTACT-FNAME##"), values).subject == "Hello Ada Bcc: x@example.org"


def test_all_parts_are_rendered_alike_and_findings_joined() -> None:
    """One call fills subject, HTML and text; what is missing in several is told once."""
    rendered = render(Source("{{ a }}{{ b }}", "{{ a }}{{ c }}", "{{ a }}"), {"b": "", "c": "<"})
    assert (rendered.html, rendered.unknown, rendered.empty) == ("{{ a }}&lt;", ("a",), ("b",))


def test_names_come_from_every_branch() -> None:
    """What a template uses is known without rendering; loop variables and own ones are not listed."""
    source = Source(
        "##CONTACT-FNAME##",
        "{% if contact.vip %}{{ contact.a }}{% else %}{{ contact.b }}{% endif %}{% for l in lines %}{{ l.name }}{% endfor %}",
        "{% assign x = 1 %}{{ x }} ##UNSUB-LINE##",
    )
    assert names(source) == ("contact.a", "contact.b", "contact.first_name", "contact.vip", "lines", "unsubscribe.line")


def test_sections_and_filters() -> None:
    """Loops, conditions, dates, lists and numbers read as people expect them."""
    assert html("{% for l in lines %}{{ l.name }}={{ l.price | times: 2 }};{% endfor %}") == "One=6;Two &amp; more=8;"
    assert plain("{% if contact.shoe_size > 40 %}big{% else %}small{% endif %}") == "big"
    assert (
        plain("{{ contact.topics }} {{ contact.topics | join: '/' }} {{ contact.topics.size }}")
        == "tea, books tea/books 2"
    )
    assert plain("{{ contact.since }} {{ contact.since | date: '%d.%m.%Y' }}") == "2026-03-09 09.03.2026"
    assert plain("{% case contact.nickname %}{% when '' %}none{% else %}some{% endcase %}") == "none"


def test_placeholders_as_editors_of_html_write_them() -> None:
    """Entities and hard blanks inside a placeholder are read as what they mean."""
    assert html("{{&nbsp;contact.nickname | default: &quot;a &amp; b&quot; }}") == "a &amp; b"


def test_values_are_never_templates() -> None:
    """A placeholder inside a value stays text."""
    assert (
        compile_template("{{ a }}", "text").render({"a": "{{ b }}##CONTACT-FNAME##", "b": 1}).output
        == "{{ b }}##CONTACT-FNAME##"
    )


def test_objects_give_nothing_of_themselves() -> None:
    """Only mappings and lists can be looked into: no attributes, no items of other objects."""

    class Opaque:
        secret = "s3cret"

        def __getitem__(self, key: str) -> str:
            return self.secret

        def __str__(self) -> str:
            return "opaque"

    piece = compile_template("{{ o }}{{ o.secret }}{{ o['x'] }}{{ o.__class__ }}{{ now }}", "text").render(
        {"o": Opaque()}
    )
    assert "s3cret" not in piece.output
    assert piece.output.startswith("opaque")
    assert "now" in piece.unknown


@pytest.mark.parametrize(
    ("template", "line", "says"),
    [
        ("a\nb {{ c", 2, "not closed"),
        ("{% include 'x' %}", 1, "no tag"),
        ("x\n{% raw %}{{ a }}{% endraw %}", 2, "no tag"),
        ("{{ a | nope }}", 1, "no such filter"),
        ("{% if a %}", 0, "endif"),
        ("{{ a b }}", 1, "can't be read"),
        ("{% if a %}" * 40 + "{% endif %}" * 40, 0, "too deeply"),
        ("{{ 1 | divided_by: 0 }}", 1, "divide by 0"),
        ("x" * 1_000_001, 0, "longer than"),
        ("{{a}}" * 5_001, 0, "more than"),
    ],
)
def test_what_cant_be_read_says_where_and_what_to_do(template: str, line: int, says: str) -> None:
    """Errors are sentences with the line, never a traceback of the library."""
    with pytest.raises(TemplateError, match=says) as caught:
        compile_template(template, "html").render({})
    if line:
        assert caught.value.line == line


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}",
        "{% for i in (1..99999999999999999999999999) %}x{% endfor %}",
        "{{ (1..100000000) | join }}",
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 40,
        "{% assign a = 9999999999 %}" + "{% assign a = a | times: a %}" * 12,
        "{{ '"
        + "a" * 900
        + "' | replace: '', 'b' | replace: 'a', '"
        + "b" * 900
        + "' }}"
        + "{% assign a = 'aaaaaaaaaa' %}"
        "{% assign b = a | replace: 'a', a | replace: 'a', a | replace: 'a', a | replace: 'a', a | replace: 'a', a %}",
        "{{ 5 | date: '%999999999Y' }}",
        "{% for i in (1..5000) %}" + "x" * 500 + "{% endfor %}",
    ],
)
def test_bombs_are_stopped(template: str) -> None:
    """Loops, lists, texts, numbers and output have limits, which end in a sentence."""
    with pytest.raises(TemplateError):
        compile_template(template, "text").render({})


def test_rounding_to_absurd_places_costs_nothing() -> None:
    """Places of rounding are bounded, because ten to that power is computed."""
    assert plain("{{ 15 | round: -1000000000000 }}") == "15"


def test_time_is_limited() -> None:
    """A rendering whose time is over stops at the next placeholder."""
    with pytest.raises(TemplateError, match="too long"):
        compile_template("{{ a }}", "text").render({"a": 1}, Limits(seconds=0))


def test_hostile_openings_are_read_in_linear_time() -> None:
    """Many openings without an end, and long runs of blanks, are refused or read at once."""
    for hostile in ("{{" * 200_000, "{% " * 100_000, "##A" * 100_000, "{{" + " " * 900 + "}}"):
        with pytest.raises(TemplateError):
            compile_template(hostile, "html").render({})


@given(st.text(alphabet=st.sampled_from("{}%#|.:'\"ab AB-<>&;\n\\0"), max_size=60))
def test_any_text_renders_or_is_refused(text: str) -> None:
    """Whatever is typed gives a rendering or a sentence."""
    kind: Kind
    for kind in ("html", "text", "line"):
        with contextlib.suppress(TemplateError):
            compile_template(text, kind).render({"a": "<", "b": [1]}).output.encode()


@given(st.text(st.characters(exclude_categories=())))
def test_no_value_leaves_its_place(value: str) -> None:
    """In HTML no value brings a tag or a quote with it; in a line none brings a line end."""
    values = {"a": value}
    output = compile_template('<p title="{{ a }}">', "html").render(values).output
    assert output.count("<") == output.count(">") == 1
    assert output.count('"') == 2
    assert len(compile_template("x{{ a }}x", "line").render(values).output.splitlines()) == 1
    output.encode()
