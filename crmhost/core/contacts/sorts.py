"""The orders of the contact list, each served by an index."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, SQLColumnExpression, select

from ..keyset import decode, encode
from .filters import last_contact
from .models import NEVER, Contact


@dataclasses.dataclass(frozen=True)
class Sort:
    """An order of the list.

    :param columns: what is sorted by, before the id.
    :param of: the values of these columns for a loaded contact.
    :param served: filters that have an index together with this order.
    """

    name: str
    columns: tuple[SQLColumnExpression[Any], ...]
    kinds: tuple[type, ...]
    of: Callable[[Contact], tuple[Any, ...]]
    served: frozenset[str] = frozenset()

    def select(self) -> Select[Any]:
        """The values that are sorted by, and the id, of contacts."""
        return select(*self.columns, Contact.id)

    def read(self, cursor: str) -> tuple[Any, ...]:
        """The values in a cursor that :meth:`write` made.

        :raises Invalid: when it is another list's.
        """
        return decode(self.name, cursor, (*self.kinds, int))

    def write(self, contact: Contact) -> str:
        """The cursor of a contact."""
        return encode(self.name, (*self.of(contact), contact.id))

    def rank(self, descending: bool) -> Callable[[tuple[Any, ...]], Any]:  # noqa: ARG002
        """What rows of :meth:`select` are sorted by here."""
        return tuple


#: Filters that are a range of the order's own index.
RANGES = {"created_at": {"created_from", "created_to"}, "last_contacted_at": {"not_contacted"}}


def _sort(name: str, column: Any, kind: type, of: Callable[[Contact], Any], *served: str) -> Sort:
    return Sort(name, (column,), (kind,), lambda contact: (of(contact),), frozenset(served))


_OWNED = ("status", "assigned_to", "source")

#: All orders by name.
SORTS: dict[str, Sort] = {
    item.name: item
    for item in (
        _sort("name", Contact.sort_name, str, lambda contact: contact.sort_name, "status"),
        _sort("first_name", Contact.first_key, str, lambda contact: contact.first_key),
        _sort("email", Contact.email_key, str, lambda contact: contact.email_key),
        _sort("created_at", Contact.created_at, dt.datetime, lambda contact: contact.created_at, *_OWNED),
        _sort("updated_at", Contact.updated_at, dt.datetime, lambda contact: contact.updated_at),
        _sort("last_contacted_at", last_contact, dt.datetime, lambda contact: contact.last_contacted_at or NEVER),
        _sort("deleted_at", Contact.deleted_at, dt.datetime, lambda contact: contact.deleted_at),
        Sort(
            "status",
            (Contact.status_id, Contact.created_at),
            (int, dt.datetime),
            lambda contact: (contact.status_id, contact.created_at),
        ),
    )
}
