"""Bodies of mails: harmless HTML, styles inlined, a readable text part, nothing loaded from anywhere."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.errors import Invalid
from crmhost.mail.body import LARGE, from_mjml, inline_css, prepare, sanitise, to_text
from crmhost.mail.render import Source, render

MJML = (
    "<mjml><mj-head><mj-preview>Short</mj-preview><mj-style>.b { color: #f00 }</mj-style></mj-head><mj-body>{rows}"
    "</mj-body></mjml>"
)
ROW = '<mj-section><mj-column><mj-text>Hi {{ a }} <b class="b">there</b></mj-text></mj-column></mj-section>'


def test_rich_text_is_made_harmless() -> None:
    """Scripts, handlers, frames, comments, foreign schemes and styles that cover the page go; the rest stays."""
    cleaned = sanitise(
        '<p onclick="x()" style="color:red;position:fixed">Hi <a href="javascript:x()">a</a><a href="https://e.org">b</a>'
        '<script>x()</script><iframe src="//e"></iframe><img src="x" onerror="y()"><!-- c --></p><svg><script>z</script></svg>'
    )
    assert cleaned == (
        '<p style="color:red">Hi <a rel="noopener noreferrer">a</a><a href="https://e.org" rel="noopener noreferrer">b</a>'
        '<img src="x"></p>'
    )


def test_placeholders_survive_where_they_were_written() -> None:
    """Around table rows, in addresses, with signs of comparison: the HTML is parsed without touching them."""
    source = (
        '<table><tbody>{% for x in rows %}<tr><td>{{ x.a | default: "&lt;" }}</td></tr>{% endfor %}</tbody></table>'
        '<a href="{{ unsubscribe.url }}" rel="noopener noreferrer">{% if a < b and c > d %}##X-Y##{% endif %}</a>'
    )
    assert sanitise(source) == source


def test_a_placeholder_brings_no_markup_past_the_cleaning() -> None:
    """Markup inside a placeholder stands aside while cleaning, and is escaped when it is filled in."""
    cleaned = sanitise("""<p title="{{ '" onclick="x()' }}">{{ '<script>' }}</p>""")
    assert render(Source(html=cleaned), {}).html == ('<p title="&quot; onclick=&quot;x()">&lt;script&gt;</p>')


def test_letters_that_look_like_a_holder_are_just_left_out() -> None:
    """Nobody can name a holder of a placeholder and get it copied elsewhere."""
    assert sanitise("<p>lq0lq<!--lq:0-->&lt;!--lq:0--&gt;{{ a }}</p>") == "<p>{{ a }}</p>"


def test_a_whole_mail_from_rich_text() -> None:
    """The layout's styles are inlined, media queries stay, the text part is made, the size is told."""
    layout = (
        "<!doctype html><html><head><style>p { color: #123456 } @media print { p { color: #000 } }</style></head>"
        "<body><div><!--content--></div></body></html>"
    )
    body = prepare("<p>Hi ##CONTACT-FNAME##</p>", layout=layout)
    assert '<p style="color: #123456;">Hi ##CONTACT-FNAME##</p>' in body.html
    assert "@media print" in body.html
    assert body.text == "Hi ##CONTACT-FNAME##"
    assert body.size == len(body.html.encode())
    assert not body.large
    assert prepare("<p>" + "x" * LARGE + "</p>").large


def test_the_styles_of_a_whole_document_are_inlined() -> None:
    """A document from elsewhere keeps its looks: rules become attributes and are cleaned, harmless media queries stay."""
    source = (
        "<html><head><title>T</title><style>.big { color: #112233; position: fixed } @media (max-width: 600px) "
        "{ .big { color: #445566 } }</style><style>@import url(https://e.org/x.css);</style></head>"
        '<body style="background: #eee"><p class="big">{{ a }}</p><script>x()</script></body></html>'
    )
    body = prepare(source)
    assert '<p class="big" style="color:#112233">{{ a }}</p>' in body.html
    assert "@media (max-width: 600px)" in body.html
    assert '<div style="background:#eee">' in body.html
    for gone in ("position", "@import", "e.org", "script", "<title>"):
        assert gone not in body.html
    assert body.html.count("<body") == 1
    assert body.text == "{{ a }}"


def test_mjml_becomes_html_with_its_placeholders() -> None:
    """Sections may be repeated, styles are inlined, and no font or sheet of another server is named."""
    body = prepare(MJML.replace("{rows}", "{% for x in rows %}" + ROW + "{% endfor %}"), "mjml")
    assert body.html.count("{% for x in rows %}") == body.html.count("{{ a }}") == 1
    assert 'class="b" style="color: #f00;"' in body.html
    assert "fonts.googleapis" not in body.html
    assert body.text == "{% for x in rows %}Hi {{ a }} there\n{% endfor %}"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("<mjml><mj-body>", "can't be read"),
        ("hello", "can't be read"),
        (MJML.replace("{rows}", "<mj-include path='/etc/passwd'/>"), "Includes"),
        (MJML.replace("{rows}", "<mj-raw><script>x()</script></mj-raw>"), "script"),
        (MJML.replace("{rows}", "<mj-raw><img src='x' onerror='y()'></mj-raw>"), "onerror"),
        (MJML.replace("{rows}", "<mj-raw><a href='javascript:y()'>x</a></mj-raw>"), "javascript"),
        (MJML.replace("{rows}", "<mj-wrapper>" * 5_000 + "</mj-wrapper>" * 5_000), "deeply"),
    ],
)
def test_mjml_that_cant_be_taken_is_refused_with_a_sentence(source: str, says: str) -> None:
    """Broken documents, includes and what mail can't hold."""
    with pytest.raises(Invalid, match=says):
        from_mjml(source)
    with pytest.raises(Invalid, match=says):
        prepare(source, "mjml")


def test_entities_hide_no_script_in_an_address() -> None:
    """What an address says counts, however it is spelled."""
    with pytest.raises(Invalid, match="javascript"):
        prepare(MJML.replace("{rows}", "<mj-raw><a href='java&#115;cript:y()'>x</a></mj-raw>"), "mjml")


def test_no_sheet_is_loaded_from_anywhere(tmp_path: Path) -> None:
    """Neither a file nor an address is opened for a linked sheet, and an import stays as it is."""
    sheet = tmp_path / "a.css"
    sheet.write_text("p { color: #abcdef }")
    page = "<html><head>{}</head><body><p>x</p></body></html>"
    for link in (sheet, f"file://{sheet}", "http://127.0.0.1:9/a.css"):
        assert "#abcdef" not in inline_css(page.format(f'<link rel="stylesheet" href="{link}">'))
    assert "#abcdef" not in inline_css(page.format(f'<style>@import url("file://{sheet}");</style>'))


def test_the_text_part_reads_well() -> None:
    """Paragraphs, links, lists, tables, quotes, images and preformatted lines, and nothing that isn't shown."""
    text = to_text(
        "<html><head><title>t</title><style>p{}</style></head><body><div style='display:none'>Preview</div>"
        "<h1>Hello &amp; welcome</h1><p>One<br>two <a href='https://e.org/x'>three</a>, <a href='https://e.org/'>e.org</a>,"
        " <a href='mailto:a@e.org'>a@e.org</a></p><ul><li>A</li><li>B<ol start='3'><li>C</li><li>D</li></ol></li></ul>"
        "<table><tr><th>Item</th><th>Sum</th></tr><tr><td><p>Tea</p></td><td>3</td></tr></table>"
        "<table role='presentation'><tr><td>Left</td><td>Right</td></tr></table>"
        "<blockquote><p>Said</p></blockquote><pre>x\n  y</pre><p><img src='l.png' alt='Logo'>&nbsp;end</p>"
    )
    assert text.split("\n") == [
        *("Hello & welcome", "", "One", "two three (https://e.org/x), e.org, a@e.org", ""),
        *("- A", "- B", "  3. C", "  4. D", "", "Item | Sum", "Tea | 3", "", "Left", "Right", "", "> Said", ""),
        *("x", "  y", "", "Logo end"),
    ]


def test_loops_leave_no_empty_lines_in_the_text() -> None:
    """A line that holds only tags of the template disappears with them."""
    body = prepare("<table><tr><th>N</th></tr>{% for n in ns %}<tr><td>{{ n }}</td></tr>{% endfor %}</table><p>End</p>")
    assert render(Source(text=body.text), {"ns": [1, 2]}).text == "N\n1\n2\n\nEnd"


def test_hostile_html_is_read_in_little_time() -> None:
    """Depth is refused; unclosed tags, quotes and comments are read in linear time."""
    with pytest.raises(Invalid, match="deeply"):
        sanitise("<div>" * 5_000)
    with pytest.raises(Invalid, match="attributes"):
        sanitise("<a " + "".join(f"x{number} " for number in range(50_000)) + ">")
    with pytest.raises(Invalid, match="styles"):
        prepare("<style>" + "*{color:red}" * 20_000 + "</style>" + "<p>x" * 5_000)
    began = time.process_time()
    for hostile in ("<" * 50_000, "<!--" * 10_000, "<a href='" * 400 + "'>" * 10_000, "<p>" * 10_000, "<![" * 10_000):
        prepare(hostile)
        to_text(hostile)
    assert time.process_time() - began < 20


@given(st.text(alphabet=st.sampled_from("<>/\"'ap =!-{}%#tdr &;lq0:"), max_size=80))
def test_any_html_gives_a_body_or_a_sentence(text: str) -> None:
    """Nothing that is typed breaks it, and cleaned HTML stays as it is when it is cleaned again."""
    try:
        once = sanitise(text)
    except Invalid:
        return
    assert sanitise(once) == once
    prepare(text)
