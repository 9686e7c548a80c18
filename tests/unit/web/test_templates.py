"""Templates: themes before plugins before the core, slots that fail alone, a menu of what one may open."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from flask import Blueprint, render_template, render_template_string

from crmhost.contributions import MenuItem, SlotItem
from crmhost.core.settings import services as settings
from crmhost.host.generation import Generation
from crmhost.testing import Host
from crmhost.web.app import base_app
from crmhost.web.menus import PLACES, menu_groups
from crmhost.web.palette import marked
from crmhost.web.request import public
from crmhost.web.templating import initials
from crmhost.web.themes.files import ThemeError, find_themes, read_theme, theme_chain
from tests.unit.web.conftest import Reader

pytestmark = pytest.mark.database("sqlite")


def generation_with(site: Host, **declared: tuple[object, ...]) -> Generation:
    """The generation with further contributions."""
    base = site.generation
    more = {hook: (*base.contributions(hook), *items) for hook, items in declared.items()}
    return dataclasses.replace(base, declared={**base.declared, **more}, app=None)


def rendered(site: Host, generation: Generation, template: str, role: str = "") -> str:
    """A template of one line in an application of that generation."""
    app = base_app(site.site, generation)
    pages = Blueprint("probe", __name__)
    pages.add_url_rule("/probe", view_func=public(lambda: render_template_string(template)))
    app.register_blueprint(pages)
    client = app.test_client()
    if role:
        cookie = site.client(role).get_cookie("crmhost_session")
        assert cookie is not None
        client.set_cookie("crmhost_session", cookie.value)
    return client.get("/probe").text


def test_a_slot_shows_what_plugins_give_and_one_that_fails_harms_nobody(site: Host) -> None:
    """Staff see nothing of the failure, who manages extensions sees a badge."""

    def broken(work: object) -> str:
        raise RuntimeError("oh no")

    items = (
        SlotItem(plugin="one", slot="probe", render=lambda work, who: f"<b>hello {who}</b>", order=1),
        SlotItem(plugin="two", slot="probe", render=broken, order=2),
        SlotItem(plugin="three", slot="probe", render=lambda work: "<i>last</i>", order=3),
        SlotItem(plugin="four", slot="probe", render=lambda work: "hidden", permission="users.edit", order=4),
    )
    generation = generation_with(site, slots=items)
    template = '{% slot "probe" who="you" unused=1 %}'
    text = rendered(site, generation, template, "Read only")
    assert text == "<b>hello you</b><i>last</i>"
    assert [record.plugin for record in site.faults()] == ["two"]
    text = rendered(site, generation, template, "Admin")
    assert "two failed here" in text
    assert "hidden" in text


def test_a_theme_stands_in_for_templates_and_may_extend_them(site: Host, tmp_path: Path) -> None:
    """The nearest theme wins; “!” asks for the original; a theme that can't be read is not used, and the site says why."""
    folder = site.site.config.home / "themes" / "probe"
    (folder / "templates" / "users").mkdir(parents=True)
    (folder / "static").mkdir()
    (folder / "static" / "theme.css").write_text(":root{}")
    (folder / "theme.toml").write_text('name = "Probe"\nparent = "default"\n')
    page = '{% extends "!users/sign_in.html" %}{% block foot %}Our own words{% endblock %}'
    (folder / "templates" / "users" / "sign_in.html").write_text(page)
    with site.work() as work, work.begin():
        settings.store(work, {"site.theme": "probe"})
    app = base_app(site.site, site.generation)
    for plugin, blueprint in site.generation.contributions("routes"):
        if plugin == "users":
            app.register_blueprint(blueprint)
    text = app.test_client().get("/login").text
    assert "Our own words" in text
    assert 'type="password"' in text
    assert "/theme-probe/theme.css" in text
    (folder / "templates" / "users" / "sign_in.html").write_text("{% block %}")
    app = base_app(site.site, site.generation)
    assert "sign_in.html" in app.extensions["crmhost_web"].look.fault
    assert [theme.id for theme in app.extensions["crmhost_web"].look.themes] == ["default"]
    (folder / "theme.toml").write_text("name = [")
    app = base_app(site.site, site.generation)
    assert "probe" in app.extensions["crmhost_web"].look.fault
    assert [theme.id for theme in app.extensions["crmhost_web"].look.themes] == ["default"]


def test_a_theme_is_in_force_as_soon_as_it_is_chosen(site: Host, reader: Reader) -> None:
    """Without a restart: the next page is the new theme's."""
    folder = site.site.config.home / "themes" / "probe"
    (folder / "static").mkdir(parents=True)
    (folder / "static" / "theme.css").write_text(":root{}")
    (folder / "theme.toml").write_text('name = "Probe"\nparent = "default"')
    assert "theme-probe" not in reader.get("/account").text
    with site.work() as work, work.begin():
        settings.set_many(work, {"site.theme": "probe"})
    assert "theme-probe/theme.css" in reader.get("/account").text


def test_themes_are_checked(site: Host, tmp_path: Path) -> None:
    """Unknown keys, other names and circles are refused with a sentence."""
    assert "default" in find_themes(site.site.config.theme_folders)

    def theme(name: str, text: str) -> Path:
        (tmp_path / name).mkdir()
        (tmp_path / name / "theme.toml").write_text(text)
        return tmp_path / name

    for name, text in (
        ("a", 'colour = "red"'),
        ("b", 'id = "other"'),
        ("c", "name = 3"),
        ("D", 'name = "D"'),
        ("e", ""),
    ):
        with pytest.raises(ThemeError):
            read_theme(theme(name, text))
    one, two = (
        read_theme(theme("one", 'name = "One"\nparent = "two"')),
        read_theme(theme("two", 'name = "Two"\nparent = "one"')),
    )
    with pytest.raises(ThemeError, match="its own parent"):
        theme_chain({"one": one, "two": two}, "one")


def test_templates_of_one_plugin_can_not_stand_in_for_another(site: Host) -> None:
    """Only the owner's folder, the themes and the core are looked in, and nothing above them."""
    app = base_app(site.site, site.generation)
    for name in ("../users/sign_in.html", "users/../../routes.py", "nobody/page.html", "users//sign_in.html"):
        with app.app_context(), pytest.raises(Exception, match=name.split("/")[-1]):
            render_template(name)


def test_the_menu_shows_what_one_may_open_in_its_fixed_places(site: Host) -> None:
    """Groups stand in their order; a group without an entry, an unknown page and what is not allowed are left out."""
    names = [place.name for place in PLACES]
    assert names[:3] == ["Dashboard", "Contacts", "Companies"]
    assert names[-3:] == ["Extensions", "Themes", "Settings"]
    items = (
        MenuItem(plugin="x", place="Companies", label="Gone", endpoint="nothing.index"),
        MenuItem(plugin="x", place="", label="Aardvarks", endpoint="contacts.index", icon="pig"),
    )

    def shown(role: str) -> dict[str, list[str]]:
        generation = generation_with(site, menu=items)
        app = base_app(site.site, generation)
        for _plugin, blueprint in generation.contributions("routes"):
            app.register_blueprint(blueprint)
        found: dict[str, list[str]] = {}
        pages = Blueprint("probe", __name__)

        def view() -> str:
            found.update({group.label: [entry.label for entry in group.entries] for group in menu_groups()})
            return ""

        pages.add_url_rule("/probe", view_func=view)
        app.register_blueprint(pages)
        client = app.test_client()
        cookie = site.client(role).get_cookie("crmhost_session")
        assert cookie is not None
        client.set_cookie("crmhost_session", cookie.value)
        assert client.get("/probe").status_code == 200
        return found

    admin = shown("Admin")
    assert "Companies" not in admin
    assert list(admin).index("Contacts") < list(admin).index("Aardvarks") < list(admin).index("Settings")
    assert admin["Settings"][0] == "General"
    assert admin["Settings"][-1] == "Audit"
    reader = shown("Read only")
    assert "Settings" not in reader
    assert "Add" not in reader["Contacts"]


def test_the_palette_finds_contacts_pages_and_actions(site: Host, reader: Reader) -> None:
    """A provider that fails leaves the others; “>” looks for pages and actions only."""
    site.make.contact(first_name="Amélie", last_name="Fontaine", email="amelie@example.com")
    text = reader.get("/search?q=font", headers={"HX-Request": "true"}).text
    assert "Amélie <mark>Font</mark>aine" in text
    assert "<html" not in text
    text = reader.get("/search?q=%3Efield", headers={"HX-Request": "true"}).text
    assert "<mark>Field</mark> options" in text
    assert "Amélie" not in reader.get("/search?q=%3Efont").text
    assert reader.get("/search").status_code == 200


def test_text_from_people_is_escaped_in_hits() -> None:
    """What is looked for is marked; nothing else becomes markup."""
    assert marked("<b>Ann</b>", "ann") == "&lt;b&gt;<mark>Ann</mark>&lt;/b&gt;"
    assert marked("a.c", ".") == "a<mark>.</mark>c"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Amélie Fontaine-Dąbrowska", "AD"),
        ("Оксана Шевченко", "ОШ"),
        ("ann@example.com", "A"),
        ("+33 6", "6"),
        ("", "?"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    """One or two letters, whatever the script."""
    assert initials(name) == letters
