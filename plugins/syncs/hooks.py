"""Hooks of the syncs, for plugins that name ``syncs`` under ``[requires] plugins``."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.hooks import hookspec

from .shapes import Source


@hookspec("declare", gives=Source)
def syncs_sources() -> Sequence[Source]:
    """Kinds of other sides that can be connected: see :class:`plugins.syncs.api.Source`.

    Their connections, imports, mapping, comparison and pages are then the business of the syncs::

        @hookimpl
        def syncs_sources(self):
            from .source import source

            return [source()]
    """
    return []
