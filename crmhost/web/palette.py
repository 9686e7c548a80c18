"""What the palette finds: records of every plugin, pages and actions, for who is signed in."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from flask_babel import gettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

from ..contributions import Hit
from .menus import menu_groups, quick_items
from .request import current_work

if TYPE_CHECKING:
    from ..contributions import SearchProvider

#: Hits per provider.
LIMIT = 6
ACTIONS_ONLY = ">"


@dataclasses.dataclass(frozen=True)
class HitGroup:
    """Hits under one heading."""

    label: str
    hits: Sequence[Hit]


def find(text: str) -> list[HitGroup]:
    """Groups of hits; a text that begins with ``>`` looks for pages and actions only."""
    only_actions = text.startswith(ACTIONS_ONLY)
    text = text.removeprefix(ACTIONS_ONLY).strip()
    groups: list[HitGroup] = []
    work = current_work()
    if text and not only_actions:
        for provider in cast("tuple[SearchProvider, ...]", work.generation.contributions("search")):
            if work.can(provider.permission):
                hits = work.generation.run(
                    provider.plugin, "search", provider.find, work, text, LIMIT, default=(), gives=Sequence
                )
                if hits:
                    groups.append(HitGroup(gettext(provider.label), list(hits)[:LIMIT]))
    pages = _pages(text)
    if pages:
        groups.append(HitGroup(_("Pages and actions"), pages))
    return groups


def _pages(text: str) -> list[Hit]:
    wanted = text.casefold()
    found = [Hit(title=item.label, url=item.url, icon=item.icon, meta=item.key) for item in quick_items()]
    for group in menu_groups():
        for entry in group.entries:
            title = entry.label if group.single else f"{group.label}: {entry.label}"
            found.append(Hit(title=title, url=entry.url, icon=entry.icon, meta=_("Page")))
    fitting = [hit for hit in found if wanted in hit.title.casefold()]
    return fitting[: 8 if wanted else 12]


def marked(text: str, wanted: str) -> Markup:
    """The text with what was looked for marked."""
    wanted = wanted.removeprefix(ACTIONS_ONLY).strip()
    if not wanted:
        return escape(text)
    parts = re.split(f"({re.escape(wanted)})", text, flags=re.IGNORECASE)
    return Markup().join(
        Markup("<mark>{}</mark>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )
