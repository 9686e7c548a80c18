"""Pages on which admins switch plugins on and off and see what each adds, costs and keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import MenuItem, Permission
from ...hooks import hookimpl


class Plugin:
    """The Extensions pages."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        from .services import PERMISSION, suspended

        return [
            MenuItem(
                place="Extensions",
                label="Extensions",
                endpoint="extensions.index",
                permission=PERMISSION,
                count=suspended,
            )
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [Permission(name="extensions.manage", label="Switch extensions on and off, and uninstall them")]
