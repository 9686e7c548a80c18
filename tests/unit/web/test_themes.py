"""Themes: listed, checked, previewed by one, activated for all, and replaced where they fail."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from crmhost.core.settings import services as settings
from crmhost.core.users import services as users
from crmhost.testing import Host
from crmhost.web.themes import contrast, tokens
from crmhost.web.themes.files import ThemeError, find_themes, read_theme
from crmhost.web.themes.services import colours
from tests.unit.web.conftest import Reader
from tests.unit.web.people import ONE

ROOT = Path(__file__).parents[3]


def add(site: Host, name: str, toml: str = "", **files: str) -> Path:
    """A theme in the site's home; files by path, with ``__`` for a slash and ``_`` before the ending."""
    folder = site.site.config.home / "themes" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "theme.toml").write_text(f'name = "{name.title()}"\nversion = "1.2"\nauthor = "Us"\n{toml}')
    for path, text in files.items():
        place = folder / path.replace("__", "/").replace("_html", ".html").replace("_css", ".css")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


CHILD = 'parent = "almanac"\n[tokens]\naccent = ["#7a1f5c", "#a3487f"]\nr-sm = "9px"\n'


def test_a_theme_is_previewed_by_one_and_then_activated_for_all(site: Host, reader: Reader) -> None:
    """The preview is the admin's alone, on every page, until it ends; activating is audited and can be undone."""
    add(site, "probe", CHILD, static__theme_css="h1{}", templates__users__sign_in_html="{# ours #}Welcome to us")
    staff = Reader(site, "Read only")
    page = reader.get("/themes/").text
    assert "Probe" in page
    assert "Builds on" in page
    assert "Almanac" in page
    assert staff.get("/themes/").status_code == 403
    assert reader.post("/themes/probe/preview").status_code == 303
    page = reader.get("/account").text
    assert "You are previewing “Probe”." in page
    sheets = re.findall(r'href="(/static/[0-9a-f]+/theme-\w+/theme.css)"', page)
    assert [sheet.split("/")[3] for sheet in sheets] == ["theme-almanac", "theme-probe"]
    sheet = reader.get(sheets[-1])
    assert sheet.text.startswith(
        ':root,[data-bs-theme="light"],[data-bs-theme="dark"],.portal{--crm-accent:light-dark(#7a1f5c,#a3487f)'
    )
    assert sheet.text.endswith("h1{}")
    assert "theme-probe" not in staff.get("/account").text
    reader.post("/themes/preview/end")
    assert "theme-probe" not in reader.get("/account").text
    reader.post("/themes/probe/preview")
    answer = reader.post("/themes/probe/activate")
    assert "crm_gen=" in " ".join(answer.headers.getlist("Set-Cookie"))
    page = reader.get("/themes/").text
    assert "You are previewing" not in page
    assert 'action="/themes/default/activate"' in page.partition('id="toasts"')[2]
    assert "theme-probe" in staff.get("/account").text
    assert site.client("").get("/login").text == "Welcome to us"
    assert "site.theme" in reader.get("/settings/audit").text
    reader.post("/themes/default/activate")
    assert "theme-probe" not in staff.get("/account").text
    assert reader.post("/themes/nothing/activate").status_code == 404


@ONE
def test_who_may_not_manage_themes_previews_none(site: Host) -> None:
    """The cookie alone does nothing."""
    staff = Reader(site, "Read only")
    staff.client.set_cookie("crm_preview", "almanac")
    assert "theme-almanac" not in staff.get("/account").text
    assert staff.post("/themes/almanac/activate").status_code == 403
    stranger = site.client("")
    stranger.set_cookie("crm_preview", "almanac")
    assert "theme-almanac" not in stranger.get("/login").text


@ONE
@pytest.mark.parametrize(
    ("toml", "template", "said"),
    [
        ('parent = "gone"', "", "needs the theme “gone”"),
        ("[tokens]\ncolour = 'red'", "", "“colour” is no token"),
        ("[tokens]\naccent = 'red;}'", "", "takes a colour"),
        ("[tokens]\nfont = 'x; } body { display: none'", "", "names of typefaces"),
        ("shade = 1", "", "has “shade”"),
        ("", "{% block %}", "users/account.html” of the theme “probe”"),
        ("parent = 'probe'", "", "its own parent"),
    ],
)
def test_a_broken_theme_gives_way_to_the_default_one_and_admins_read_why(
    site: Host, reader: Reader, toml: str, template: str, said: str
) -> None:
    """On each page, on the Themes page and under Health; staff are not bothered; it can't be activated or previewed into."""
    add(site, "probe", toml, **({"templates__users__account_html": template} if template else {}))
    reader.post("/themes/probe/activate")
    assert said in reader.toasts()
    with site.work() as work, work.begin():
        settings.store(work, {"site.theme": "probe"})
    page = reader.get("/account").text
    assert said in page
    assert "theme-probe" not in page
    assert said in reader.get("/themes/").text
    assert said in reader.get("/settings/health").text
    assert said not in Reader(site, "Read only").get("/account").text
    reader.post("/themes/default/activate")
    reader.post("/themes/probe/preview")
    assert "End preview" in reader.get("/account").text


@ONE
def test_a_template_that_fails_on_a_page_is_left_out(site: Host, reader: Reader) -> None:
    """The page is shown with what it stands in for; the rest of the theme stays; admins read which one, and what failed."""
    add(
        site,
        "probe",
        static__theme_css=":root{}",
        templates__users__account_html='{% extends "!users/account.html" %}{% block content %}{{ 1 / nothing }}{% endblock %}',
        templates__journal__index_html='{% extends "!journal/index.html" %}{% block title %}Our journal{% endblock %}',
    )
    with site.work() as work, work.begin():
        settings.store(work, {"site.theme": "probe"})
    for _ in range(2):
        page = reader.get("/account")
        assert page.status_code == 200
        assert "theme-probe" in page.text
        assert "users/account.html” of the theme “probe” failed" in page.text
    assert "Our journal" in reader.get("/journal/").text
    assert "failed" not in Reader(site, "Read only").get("/account").text
    assert [fault.plugin for fault in site.faults()] == ["themes"]


@ONE
def test_a_theme_is_not_blamed_for_what_fails_without_it(site: Host) -> None:
    """A refusal that the original page would make too is passed on."""
    add(site, "probe", templates__users__account_html='{% extends "!users/account.html" %}')
    with site.work() as work, work.begin():
        settings.store(work, {"site.theme": "probe"})
        users.save_role(work, users.find_role(work, "Read only").id, "Read only", [])
    reader = Reader(site, "Admin")
    look = site.generation.app.extensions["crmhost_web"].look  # type: ignore[union-attr]
    assert reader.get("/account").status_code == 200
    assert look.out == {}


@ONE
def test_command_line(site: Host) -> None:
    """list shows all, check tells of contrast, of templates that stand in for nothing, of what the policy refuses."""
    add(
        site,
        "probe",
        "[tokens]\nink-3 = ['#cccccc', '#969aa5']\n",
        static__theme_css="@import '//elsewhere.example/x.css';",
        templates__users__acount_html="<p style='color: red'>",
    )
    listed = site.cli("theme", "list").output
    assert "* default" in listed
    assert "almanac" in listed
    told = site.cli("theme", "check", "probe").output
    assert "ink-3 on page has a contrast of 1.6 in light" in told
    assert "users/acount.html stands in for no template" in told
    assert "style or a script" in told
    assert "another server" in told
    assert "probe can be used." in told
    assert site.cli("theme", "activate", "probe").exit_code == 0
    assert "* probe" in site.cli("theme", "list").output
    add(site, "probe", "parent = 'gone'")
    assert site.cli("theme", "check", "probe").exit_code != 0


def test_bundled_themes_can_be_read_by_people() -> None:
    """Every pair of colours has the contrast that WCAG asks for, light and dark."""
    themes = find_themes([ROOT / "themes"])
    assert set(themes) == {"default", "almanac"}
    for theme in themes.values():
        assert [str(pair) for pair in contrast.faint(colours([theme]))] == []
        assert theme.version
        assert theme.author
        assert theme.summary


def test_tokens_are_those_of_the_bundle_and_written_down() -> None:
    """Each token that a theme may set exists, and the list for authors names it."""
    names = {*tokens.COLOURS, *tokens.SIZES, *tokens.FONTS, *tokens.WEIGHTS}
    sheet = (ROOT / "frontend/src/css/tokens.css").read_text()
    listed = (ROOT / "docs/authors/themes.md").read_text()
    assert {name for name in names if f"--crm-{name}:" not in sheet} == set()
    assert {name for name in names if f"`{name}`" not in listed} == set()
    assert set(tokens.COLOURS) - set(tokens.defaults()) == set()


def test_contrast() -> None:
    """By the formula of WCAG: black on white is 21, and the order does not matter."""
    assert contrast.ratio("#000", "#ffffff") == pytest.approx(21)
    assert contrast.ratio("#767676", "#fff") == pytest.approx(4.54, abs=0.01)
    assert contrast.ratio("#fff", "#767676") == contrast.ratio("#767676", "#fff")


def test_a_theme_needs_a_name(tmp_path: Path) -> None:
    """And says so."""
    (tmp_path / "theme.toml").write_text("version = '1'")
    with pytest.raises(ThemeError, match="needs a “name”"):
        read_theme(tmp_path)
