"""Who acts, and within which limits."""

from __future__ import annotations

import dataclasses
from typing import Literal

ActorKind = Literal["user", "client", "plugin", "token", "system"]


@dataclasses.dataclass(frozen=True)
class Actor:
    """Who acts.

    :param permissions: names of what it may do; ``{"*"}`` may do everything.
    :param only_assigned: a user who may see only the contacts assigned to them.
    :param contact_ids: the only contacts that the actor may see and change, whatever it is permitted: a client's own.
    :param address: network address the request came from, for the audit log.
    """

    kind: ActorKind
    label: str
    user_id: int | None = None
    permissions: frozenset[str] = frozenset()
    only_assigned: bool = False
    address: str = ""
    contact_ids: frozenset[int] | None = None

    def __post_init__(self) -> None:
        if self.contact_ids is not None:
            # Whatever asks whether an actor is limited must hear yes.
            object.__setattr__(self, "only_assigned", True)

    def reaches(self, contact_id: int | None, assigned_to_id: int | None) -> bool:
        """Whether a contact, assigned to this user, lies within the actor's limits."""
        if self.contact_ids is not None:
            return contact_id in self.contact_ids
        return not self.only_assigned or (self.user_id is not None and assigned_to_id == self.user_id)

    def may(self, permission: str) -> bool:
        """Whether the actor holds the permission."""
        return "*" in self.permissions or permission in self.permissions


#: The host itself: start-up, command line, background jobs.
SYSTEM = Actor("system", "crmhost", permissions=frozenset({"*"}))
