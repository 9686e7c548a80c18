"""The ordered list of contact statuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import MenuItem, Permission, Setting
from ...hooks import hookimpl


class Plugin:
    """Declares who may change the statuses, and which one new contacts get."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Settings",
                label="Field options",
                endpoint="statuses.field_options",
                permission="statuses.edit",
                order=20,
            )
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [Permission(name="statuses.edit", label="Change the contact statuses", roles=("CRM manager",))]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .services import check_default, choices

        return [
            Setting(
                key="statuses.default",
                label="Status of a new contact",
                kind="choice",
                default="",
                choices=choices,
                validate=check_default,
                help="Empty: the first status.",
                page="field_options",
            )
        ]
