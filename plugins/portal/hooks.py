"""Hooks of the client portal, for plugins that name ``portal`` under ``[requires] optional``."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.hooks import hookspec

from .api import PortalPage


@hookspec("declare", gives=PortalPage)
def portal_pages() -> Sequence[PortalPage]:
    """Pages of the client portal, with their views: see :class:`plugins.portal.api.PortalPage`.

    It is called while the portal is on, so import what it gives inside the method::

        @hookimpl
        def portal_pages(self):
            from plugins.portal.api import PortalPage
            from .portal_pages import blueprint, waiting

            return [PortalPage(id="loans", label="Loans", endpoint="ledger_portal.index", blueprint=blueprint, waiting=waiting)]
    """
    return []
