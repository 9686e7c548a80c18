"""Themes: found, checked, previewed, activated; and what a request is shown by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import HealthCheck, MenuItem, Permission
from ...hooks import hookimpl


class Plugin:
    """The Themes page."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        from .services import PERMISSION

        return [MenuItem(place="Themes", label="Themes", endpoint="themes.index", permission=PERMISSION)]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [Permission(name="themes.manage", label="Preview and activate themes")]

    @hookimpl
    def health_checks(self) -> Sequence[HealthCheck]:
        from .services import health

        return [HealthCheck(id="theme", label="Theme", check=health)]
