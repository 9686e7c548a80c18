"""The service “portal”, see ``api.py``."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from crmhost.api import Work

from . import pages, settings, telling
from .api import Client
from .models import Account


class PortalService:
    """The portal for other plugins."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def has_access(self, contact_id: int) -> bool:
        mine = select(Account.id).where(Account.contact_id == contact_id, Account.enabled.is_(True))
        return self._work.session.scalar(mine) is not None

    def shows(self, client: Client, object_type: str, object_id: int) -> bool:
        for entry in pages.shown(self._work):
            page = entry.page
            if page is not None and object_type in page.records:
                ask, name = page.records[object_type], "portal_pages records"
                given = (self._work, client, object_id)
                return bool(self._work.generation.run(page.plugin, name, ask, *given, default=False, gives=bool))
        return False

    def slots(self) -> list[str]:
        return [str(name) for name in self._work.settings.get(settings.SLOTS) or []]

    def tell_owner(
        self, contact_id: int, text: str, url: str, kind: str, data: Mapping[str, object], comment: str = ""
    ) -> None:
        telling.tell_owner(self._work, contact_id, text, url, kind, data, comment=comment)
