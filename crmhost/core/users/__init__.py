"""Users, roles, sign-in and the audit log."""

from __future__ import annotations

from collections.abc import Sequence

from ...contributions import Permission
from ...hooks import hookimpl


class Plugin:
    """Declares who may manage users and read the audit log."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="users.edit", label="Add and change users and roles"),
            Permission(name="audit.view", label="Read the audit log", roles=("CRM manager",)),
        ]
