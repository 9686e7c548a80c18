"""Users, roles, sign-in and the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import Job, MenuItem, Permission, Setting
from ...hooks import hookimpl


class Plugin:
    """Declares who may manage users and read the audit log."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Settings", label="Users", endpoint="users.index", permission="users.edit", order=30),
            MenuItem(place="Settings", label="Audit", endpoint="users.audit", permission="audit.view", order=990),
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="users.edit", label="Add and change users and roles"),
            Permission(name="users.sign_in", label="Decide how people sign in"),
            Permission(name="audit.view", label="Read the audit log", roles=("CRM manager",)),
        ]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .openid_settings import SETTINGS

        return SETTINGS

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .jobs import link, new_browser

        return [
            Job(kind="users.link", handler=link, label="Mail a link to choose a password", attempts=4),
            Job(kind="users.new_browser", handler=new_browser, label="Mail word of a new sign-in", attempts=4),
        ]
