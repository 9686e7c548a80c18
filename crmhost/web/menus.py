"""The side menu and the “New” menu: places are fixed here, because guides name them; plugins name a place."""

from __future__ import annotations

import dataclasses
from types import NoneType
from typing import TYPE_CHECKING, cast

from flask import g, request
from flask_babel import gettext

from ..contributions import MenuItem
from ..core.settings.pages import FIELD_OPTIONS, GENERAL, settings_pages
from ..messages import Message
from .request import current_work
from .state import WebState, state
from .templating import link

if TYPE_CHECKING:
    from ..contributions import QuickAction


@dataclasses.dataclass(frozen=True)
class Place:
    """A place of the menu.

    :param foot: stands at the bottom.
    """

    name: str
    icon: str
    foot: bool = False


#: In the order in which they stand. A place with one item that has the place's own name is a plain link.
PLACES = (
    Place(Message("Dashboard"), icon="layout-dashboard"),
    Place(Message("Contacts"), icon="users"),
    Place(Message("Companies"), icon="building"),
    Place(Message("Tasks"), icon="checkbox"),
    Place(Message("Quotes"), icon="file-text"),
    Place(Message("Invoices"), icon="receipt"),
    Place(Message("Transactions"), icon="arrows-exchange"),
    Place(Message("Mail campaigns"), icon="mail"),
    Place(Message("Sales plans"), icon="layout-kanban"),
    Place(Message("Customers"), icon="heart-handshake"),
    Place(Message("Analytics"), icon="chart-bar"),
    Place(Message("Automations"), icon="git-branch"),
    Place(Message("Forms"), icon="forms"),
    Place(Message("Extensions"), icon="puzzle", foot=True),
    Place(Message("Themes"), icon="palette", foot=True),
    Place(Message("Settings"), icon="settings", foot=True),
)
_BY_NAME = {place.name: (number, place) for number, place in enumerate(PLACES)}
#: Where a place of a plugin's own comes: after the fixed ones, before the foot.
_OWN = len([place for place in PLACES if not place.foot])


@dataclasses.dataclass(frozen=True)
class Entry:
    """A link of the menu as it is shown."""

    label: str
    url: str
    icon: str
    current: bool
    count: int | None = None


@dataclasses.dataclass(frozen=True)
class Group:
    """A place as it is shown: one link, or a heading with links under it."""

    label: str
    icon: str
    entries: tuple[Entry, ...]
    foot: bool = False
    single: bool = False

    @property
    def open(self) -> bool:
        """Whether the page that is shown stands in it."""
        return any(entry.current for entry in self.entries)


def _ordered() -> list[tuple[tuple[int, str], Place, list[MenuItem]]]:
    """Places with their items; made once per generation."""
    web = state()
    known = web.cache.get("menu")
    if known is None:
        places: dict[tuple[int, str], tuple[Place, list[MenuItem]]] = {}
        for item in (*cast("tuple[MenuItem, ...]", web.generation.contributions("menu")), *_settings_items(web)):
            name = item.place or item.label
            number, place = _BY_NAME.get(name, (_OWN - 1, Place(name, item.icon or "puzzle")))
            places.setdefault((number, "" if name in _BY_NAME else name), (place, []))[1].append(item)
        for _place, items in places.values():
            items.sort(key=lambda item: item.order)
        known = [(key, place, items) for key, (place, items) in sorted(places.items(), key=lambda pair: pair[0])]
        web.cache["menu"] = known
    return cast("list[tuple[tuple[int, str], Place, list[MenuItem]]]", known)


def _settings_items(web: WebState) -> list[MenuItem]:
    """Items for the settings pages that the host makes from what plugins declare, where the plugin has none of its own."""
    pages = settings_pages(web.generation).values()
    own = {item.plugin for item in web.generation.contributions("menu") if item.place == "Settings"}
    return [
        MenuItem(
            plugin=page.id,
            place="Settings",
            label=page.label,
            endpoint="settings.plugin_page",
            arguments={"page": page.id},
            permission="settings.edit",
        )
        for page in pages
        if page.id not in (GENERAL, FIELD_OPTIONS) and page.id not in own
    ]


def menu_groups() -> list[Group]:
    """The menu for who is signed in: what they may open, and nothing else. Made once for a page, however often it asks."""
    if "crmhost_menu" not in g:
        g.crmhost_menu = _menu_groups()
    return cast("list[Group]", g.crmhost_menu)


def _menu_groups() -> list[Group]:
    work = current_work()
    path = request.path
    groups: list[Group] = []
    for _key, place, items in _ordered():
        entries: list[Entry] = []
        for item in items:
            url = link(item.endpoint, **item.arguments)
            if not url or not work.can(item.permission):
                continue
            count = None
            if item.count is not None:
                count = work.generation.run(
                    item.plugin, f"menu {item.label}", item.count, work, default=None, gives=(int, NoneType)
                )
            entries.append(Entry(gettext(item.label), url, item.icon or place.icon, False, count))
        if entries:
            nearest = _nearest(entries, path)
            shown = tuple(dataclasses.replace(entry, current=entry is nearest) for entry in entries)
            single = len(items) == 1 and (not items[0].place or items[0].label == place.name)
            groups.append(Group(gettext(place.name), place.icon, shown, place.foot, single))
    return _one_current(groups)


def _nearest(entries: list[Entry], path: str) -> Entry | None:
    """The entry whose address is the longest start of the path."""
    fitting = [
        entry
        for entry in entries
        if path == entry.url or (entry.url != "/" and path.startswith(entry.url.rstrip("/") + "/"))
    ]
    return max(fitting, key=lambda entry: len(entry.url), default=None)


def _one_current(groups: list[Group]) -> list[Group]:
    """Keeps only the best of the current entries over all groups."""
    current = [entry for group in groups for entry in group.entries if entry.current]
    if len(current) < 2:
        return groups
    best = max(current, key=lambda entry: len(entry.url))
    return [
        dataclasses.replace(
            group,
            entries=tuple(
                dataclasses.replace(entry, current=entry.current and entry is best) for entry in group.entries
            ),
        )
        for group in groups
    ]


@dataclasses.dataclass(frozen=True)
class Quick:
    """An item of the “New” menu as it is shown."""

    label: str
    url: str
    icon: str
    key: str


def quick_items() -> list[Quick]:
    """The “New” menu for who is signed in."""
    work = current_work()
    items = cast("tuple[QuickAction, ...]", work.generation.contributions("quick_actions"))
    found = [
        Quick(gettext(item.label), link(item.endpoint), item.icon, item.key)
        for item in items
        if work.can(item.permission)
    ]
    return [item for item in found if item.url]
