"""What other extensions may import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from .models import KIND, Company

__all__ = ["KIND", "Companies", "Company"]


class Companies(Protocol):
    """What ``work.service("companies")`` gives while the companies are on. See also the hooks in ``hooks.py``."""

    def get(self, company_id: int) -> Company:
        """A company that the actor may see. :raises Forbidden: :raises NotFound:"""

    def create(self, fields: Mapping[str, Any], *, source: str) -> Company:
        """Adds a company. :raises Forbidden: :raises Invalid:"""

    def names(self, company_ids: Sequence[int]) -> Mapping[int, str]:
        """Id -> name, of those that the actor may see."""

    def find(self, text: str, limit: int = 20) -> Sequence[Company]:
        """Companies by a part of their name, e-mail or phone, by name. :raises Forbidden:"""

    def of_contacts(self, contact_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
        """Contact id -> ids of its companies, the main one first."""

    def placeholders(self) -> Sequence[tuple[str, str]]:
        """Every placeholder ``company.…`` with its label, for the menu of an editor."""

    def placeholder_values(self, company_id: int | None) -> Mapping[str, Any]:
        """What they stand for, to be given as ``company`` to the renderer; empty texts without one that the actor may see."""

    def join_many(self, wanted: Sequence[tuple[int, str]]) -> None:
        """Lets contacts belong to companies: contact id and name of the company each; a name that no company has is added.

        Contacts that the actor may not see are left alone. In a few statements, for imports and syncs. :raises Forbidden:
        """

    def statuses(self) -> Sequence[str]:
        """The names of all statuses of companies, in their order."""

    def people(self, *, tag: str = "", status: str = "") -> Any:
        """A select of the ids of the contacts that belong to companies with a tag, or of a status, that the actor may see.

        :raises Forbidden: :raises Invalid: when there is no such tag or status: never everybody, never nobody by accident.
        """

    def addressed(
        self,
        include: Sequence[tuple[str, str]],
        exclude: Sequence[tuple[str, str]] = (),
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> Sequence[tuple[int, str, str]]:
        """Companies with one of these tags or statuses, and none of those, by id: id, name, e-mail address or an empty text.

        ``("tag", name)`` or ``("status", name)`` each; those that the actor may see, behind the id ``after``.
        :raises Forbidden: :raises Invalid: when there is no such tag or status.
        """

    def count_addressed(self, include: Sequence[tuple[str, str]], exclude: Sequence[tuple[str, str]] = ()) -> int:
        """How many these are, without an address too."""

    def visible(self) -> Any:
        """A select of the ids of all companies that the actor may see. :raises Forbidden:"""

    def emails(self, company_ids: Sequence[int]) -> Mapping[int, str]:
        """Id -> e-mail address, or an empty text, of those that the actor may see."""

    def contacts_of(self, company_ids: Sequence[int]) -> Any:
        """A select of the ids of the contacts that belong to these companies and that the actor may see."""
