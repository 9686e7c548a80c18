"""Records of every kind: their pages, tags and journals, whichever plugin keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...hooks import hookimpl


class Plugin:
    """Declares what the pages of all kinds of records share."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]
