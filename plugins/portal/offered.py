"""The service “portal”, see ``api.py``."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from crmhost.api import Work

from . import settings, telling
from .models import Account


class PortalService:
    """The portal for other plugins."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def has_access(self, contact_id: int) -> bool:
        mine = select(Account.id).where(Account.contact_id == contact_id, Account.enabled.is_(True))
        return self._work.session.scalar(mine) is not None

    def slots(self) -> list[str]:
        return [str(name) for name in self._work.settings.get(settings.SLOTS) or []]

    def tell_owner(
        self, contact_id: int, text: str, url: str, kind: str, data: Mapping[str, object], comment: str = ""
    ) -> None:
        telling.tell_owner(self._work, contact_id, text, url, kind, data, comment=comment)
