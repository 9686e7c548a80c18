"""Templates: where they are looked for, the ``{% slot %}`` tag, and what every template may call.

Order for ``OWNER/name.html``: the active theme, its parents, the owning plugin, the core (owner ``crmhost``). A theme that
wants to extend what it stands in for says ``{% extends "!OWNER/name.html" %}``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, current_app, request, url_for
from flask_babel import get_locale, gettext
from flask_wtf.csrf import generate_csrf
from jinja2 import BaseLoader, BytecodeCache, Environment, TemplateNotFound, nodes
from jinja2.bccache import Bucket
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup, escape
from werkzeug.routing import BuildError

from ..core.hues import HUES, hue_for
from . import i18n
from .forms.records import pick_attributes
from .state import WebState, state
from .themes import looks
from .themes.looks import current_look, previewed

if TYPE_CHECKING:
    from ..contributions import SlotItem
    from .themes.looks import Look

CORE_TEMPLATES = Path(__file__).resolve().parent / "templates"
CORE_OWNER = "crmhost"
_FAILED = object()


class Bytecode(BytecodeCache):
    """Compiled templates of the process: a new generation does not compile what the last one had."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fills the bucket when the template was compiled before."""
        checksum, code = self._kept.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps what was compiled."""
        if bucket.code is not None:
            self._kept[bucket.key] = (bucket.checksum, bucket.code)


_bytecode = Bytecode()


class Loader(BaseLoader):
    """Finds templates of one generation.

    :param look: the theme whose templates come first.
    """

    def __init__(self, web: WebState, look: Look) -> None:
        self.look = look
        self._themes = [theme.templates for theme in look.themes if theme.templates.is_dir()]
        self._owners = {plugin.id: plugin.folder / "templates" for plugin in web.generation.plugins}
        self._owners[CORE_OWNER] = CORE_TEMPLATES

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        """The source, its file, and whether it is still the newest."""
        original = template.startswith("!")
        name = template.removeprefix("!")
        owner, _, rest = name.partition("/")
        if not rest or any(part in ("", ".", "..") for part in name.split("/")) or "\\" in name:
            raise TemplateNotFound(template)
        folders = [] if original else list(self._themes)
        if owner in self._owners:
            folders.append(self._owners[owner])
        for folder in folders:
            path = folder / name
            if path in self.look.out:
                continue
            try:
                source = path.read_text("utf-8")
            except OSError:
                continue
            return source, str(path), lambda: True
        raise TemplateNotFound(template)


class SlotTag(Extension):
    """``{% slot "contact.header" contact=contact %}``: what plugins contribute to this place, with this context."""

    tags = {"slot"}  # noqa: RUF012  # jinja's own way

    def parse(self, parser: Parser) -> nodes.Node:
        """Turns the tag into a call."""
        line = next(parser.stream).lineno
        name = parser.parse_expression()
        pairs = []
        while parser.stream.current.type != "block_end":
            key = parser.stream.expect("name").value
            parser.stream.expect("assign")
            pairs.append(nodes.Pair(nodes.Const(key), parser.parse_expression()))
        call = self.call_method("_render", [name, nodes.Dict(pairs)], lineno=line)
        return nodes.Output([call], lineno=line)

    def _render(self, name: str, context: Mapping[str, Any]) -> Markup:
        return render_slot(name, context)


#: Knows the tags that templates may use; finds no templates.
plain = Environment(extensions=[SlotTag, "jinja2.ext.i18n"], autoescape=True)


def render_slot(name: str, context: Mapping[str, Any]) -> Markup:
    """The markup of all contributions to a slot; one that fails shows nothing to staff and a badge to admins."""
    from .request import current_work

    items = _slots().get(name, ())
    if not items:
        return Markup()
    work = current_work()
    parts: list[Markup] = []
    for item in items:
        if item.permission and not work.can(item.permission):
            continue
        wanted = accepted(item.render, context)
        html = work.generation.run(item.plugin, f"slot {name}", item.render, work, default=_FAILED, gives=str, **wanted)
        if html is _FAILED:
            parts.append(failed_badge(item.plugin))
        elif html:
            parts.append(Markup(html))  # noqa: S704  # a plugin's render gives finished markup
    return Markup().join(parts)


def failed_badge(plugin: str) -> Markup:
    """What stands where a plugin failed: nothing for staff, its name for who manages extensions."""
    from .request import current_work

    if not current_work().can("extensions.manage"):
        return Markup()
    said = gettext("%(plugin)s failed here", plugin=plugin)
    return Markup('<span class="crm-badge bad">{}{}</span>').format(icon("alert-triangle"), said)


@lru_cache(maxsize=2048)
def _names(function: Callable[..., Any]) -> frozenset[str] | None:
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)


def accepted(function: Callable[..., Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the context that the function takes."""
    names = _names(function)
    return {key: value for key, value in context.items() if names is None or key in names}


def _slots() -> dict[str, list[SlotItem]]:
    web = state()
    found = web.cache.get("slots")
    if found is None:
        found = {}
        for item in cast("tuple[SlotItem, ...]", web.generation.contributions("slots")):
            found.setdefault(item.slot, []).append(item)
        web.cache["slots"] = found
    return cast("dict[str, list[SlotItem]]", found)


# --- What every template may call -------------------------------------------------------------------------------------


def icon(name: str, size: str = "") -> Markup:
    """A Tabler icon; ``size`` “sm” for the small one. It says nothing to screen readers: label the control.

    One that the sprite lacks (a plugin from outside names it) is drawn into the page.
    """
    assets = state().assets
    css = f"icon icon-{size}" if size else "icon"
    drawing = assets.drawing(name)
    if drawing is None:
        return Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
            css, assets.sprite, name
        )
    return Markup('<svg class="{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(css, drawing)


def asset(name: str) -> str:
    """Address of a file of the bundle, by the name it has before hashing."""
    return state().assets.url(name)


def plugin_asset(plugin: str, path: str) -> str:
    """Address of a file in a plugin's ``static/``."""
    return state().assets.plugin_url(plugin, path)


def can(permission: str, record: Any = None) -> bool:
    """Whether the reader may do this."""
    from .request import current_work

    return current_work().can(permission, record)


def link(endpoint: str, **values: Any) -> str:
    """Address of an endpoint; empty when there is none (its plugin is off)."""
    if endpoint not in current_app.view_functions:
        return ""
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return ""


def initials(name: str) -> str:
    """One or two letters for an avatar."""
    words = [word for word in name.replace("-", " ").split() if word[:1].isalnum()]
    if not words:
        return name[:1].upper() or "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


def lines(text: str) -> Markup:
    """Text with its line breaks kept."""
    return Markup("<br>").join(escape(part) for part in text.splitlines())


def site_name() -> str:
    """What the site is called."""
    from .request import site_setting

    return site_setting("site.name", "crmhost")


def site_logo() -> str:
    """Address of the site's logo; empty when it has none."""
    from .request import site_setting

    name = site_setting("site.logo")
    return link("settings.show_logo", name=name) if name else ""


def page_language() -> str:
    """The language in which the page is written, as HTML names it."""
    return str(get_locale() or i18n.SOURCE_LOCALE).replace("_", "-")


def site_note() -> str:
    """A small line under the site's name: that its data are made up."""
    from .request import site_setting

    return gettext("Demo data") if site_setting("site.demo") else ""


def theme_fault() -> str:
    """What is wrong with the theme, in the reader's language; empty when nothing is."""
    problem = current_look().problem
    return str(gettext(problem)) if problem else ""


def theme_preview() -> tuple[str, str] | None:
    """Id and name of the theme that the reader previews; ``None`` for none."""
    name = previewed()
    title = next((theme.title for theme in current_look().themes if theme.id == name), name)
    return (name, title) if name else None


def theme_choice() -> str:
    """“light” or “dark” when the reader chose so, else empty: as the system."""
    chosen = request.cookies.get("crm_theme", "")
    return chosen if chosen in ("light", "dark") else ""


def init_app(app: Flask, web: WebState) -> None:
    """Sets up the application's Jinja environment."""
    from ..core.contacts.cells import picture
    from ..core.notifications.services import unread
    from .forms import flat
    from .frame import in_order, is_ordered
    from .menus import menu_groups, quick_items
    from .palette import marked
    from .request import current_person, current_work
    from .texts import script_texts
    from .toasts import take_toasts

    looks.init_app(app, web, plain, lambda look: Loader(web, look))
    app.jinja_options = {
        "extensions": [SlotTag],
        "loader": Loader(web, web.look),
        "bytecode_cache": _bytecode,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "cache_size": 1000,
    }
    app.jinja_env.auto_reload = False
    app.jinja_env.filters.update(i18n.FILTERS)
    app.jinja_env.filters.update(
        initials=initials,
        hue_of=hue_for,
        picture=picture,
        lines=lines,
        marked=marked,
        in_order=in_order,
        flat_errors=flat,
    )
    app.jinja_env.globals.update(
        icon=icon,
        draw=icon,
        asset=asset,
        plugin_asset=plugin_asset,
        can=can,
        link=link,
        csrf_token=generate_csrf,
        current_work=current_work,
        current_person=current_person,
        menu_groups=menu_groups,
        quick_items=quick_items,
        take_toasts=take_toasts,
        assets=web.assets,
        is_ordered=is_ordered,
        site_name=site_name,
        site_note=site_note,
        site_logo=site_logo,
        page_language=page_language,
        theme_choice=theme_choice,
        theme_fault=theme_fault,
        theme_preview=theme_preview,
        theme_styles=lambda: current_look().styles,
        script_texts=script_texts,
        unread_notifications=lambda: unread(current_work()),
        hues=HUES,
        pick_attributes=pick_attributes,
    )
