"""Settings > Health: whether the installation is well, what runs, and what to do where something is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import MenuItem, Permission
from ...hooks import hookimpl


class Plugin:
    """The Health page."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Settings", label="Health", endpoint="health.index", permission="health.view", order=980)
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [Permission(name="health.view", label="See whether the installation is well")]
