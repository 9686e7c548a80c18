"""Exchange rates by day, entered by hand, from a file, or by a plugin; sums in the base currency are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import Exporter, Importer, MenuItem, Setting
from ...hooks import hookimpl


class Plugin:
    """Declares the page, the settings, and files of rates."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Settings", label="Currencies", endpoint="rates.index", permission="settings.edit", order=15)
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .settings import declared

        return declared()

    @hookimpl
    def importers(self) -> Sequence[Importer]:
        from . import files

        return [
            Importer(
                kind="rates",
                label="Exchange rates",
                fields=files.fields,
                save=files.save,
                match_by=("day",),
                permission="settings.edit",
            )
        ]

    @hookimpl
    def exporters(self) -> Sequence[Exporter]:
        from . import files

        return [
            Exporter(
                kind="rates",
                label="Exchange rates",
                columns=files.columns,
                rows=files.rows,
                permission="settings.edit",
            )
        ]
