"""Which pages the portal has: those that plugins declare and those the site wrote, as the site has ordered and named them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Work

from . import settings
from .api import PortalPage
from .models import SitePage

HOME = "home"
#: Ids that addresses of the portal's own have; no page of the site's is called so.
TAKEN = frozenset(
    {"account", "forgotten", "link", "new-password", "p", "preview", "seen", "sign-in", "sign-out", "staff"}
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A page as the menu of the portal has it.

    :param label: as the site calls it; the page's own English label when it does not.
    :param renamed: whether the site calls it so: then it is not translated.
    :param page: of a plugin; ``None`` for one that the site wrote.
    """

    id: str
    label: str
    icon: str
    hidden: bool = False
    renamed: bool = False
    page: PortalPage | None = None


def arranged(work: Work) -> list[Entry]:
    """All pages in their order, the hidden ones too."""
    return work.once(("portal.pages",), lambda: _arranged(work))


def _arranged(work: Work) -> list[Entry]:
    declared: Sequence[PortalPage] = work.generation.contributions("portal_pages")
    entries = {page.id: Entry(page.id, page.label, page.icon, page=page) for page in declared}
    order = {page.id: (page.order, place) for place, page in enumerate(declared)}
    for place, row in enumerate(work.session.execute(select(SitePage.slug, SitePage.title).order_by(SitePage.id))):
        entries.setdefault(row[0], Entry(row[0], row[1], "file-text", renamed=True))
        order.setdefault(row[0], (800, place))
    chosen = chosen_order(work)
    known = [item["id"] for item in chosen if item["id"] in entries]
    new = sorted((key for key in entries if key not in known), key=lambda key: order[key])
    arranged = list(known)
    for key in new:
        # One that came after the site arranged them stands behind those that are declared before it.
        before = [at for at, other in enumerate(arranged) if order[other] <= order[key]]
        arranged.insert(before[-1] + 1 if before else 0, key)
    changes = {item["id"]: item for item in chosen}
    return [_changed(entries[key], changes.get(key, {})) for key in arranged]


def _changed(entry: Entry, change: Mapping[str, Any]) -> Entry:
    label = str(change.get("label") or "")
    hidden = bool(change.get("hidden")) and entry.id != HOME
    if not label or entry.page is None:
        return dataclasses.replace(entry, hidden=hidden)
    return dataclasses.replace(entry, label=label, renamed=True, hidden=hidden)


def chosen_order(work: Work) -> list[dict[str, Any]]:
    """What the site chose, as far as it can be read."""
    stored = work.settings.get(settings.PAGES)
    return [item for item in stored if isinstance(item, dict) and "id" in item] if isinstance(stored, list) else []


def shown(work: Work) -> list[Entry]:
    """The pages that clients may open, in order."""
    return [entry for entry in arranged(work) if not entry.hidden]
