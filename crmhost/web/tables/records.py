"""Lists of records and their bins: what a table reads by, and the actions that records of every kind have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from ...core.contacts import tags
from ...core.keyset import KeysetPage
from ...core.records.listing import RecordList
from ...work.unit import Work
from . import Bulk, BulkDone, Table, TableColumn, TableCount, TablePage, TableQuery

Said = Callable[[int], str]
_Many = Callable[[Work, Sequence[int]], int]


@dataclasses.dataclass(frozen=True)
class RecordRows:
    """The rows of a list of records: ``fetch``, ``count`` and ``ids`` of a :class:`Table`.

    :param show: gives records as rows, in the order given, with all that their cells need, read for all at once.
    """

    listing: RecordList
    show: Callable[[Work, Sequence[Any]], Sequence[Any]]

    def fetch(self, work: Work, query: TableQuery) -> TablePage:
        """A page of the list."""
        return self._shown(work, self._page(work, query, self._matching(work, query), query.sort))

    def fetch_binned(self, work: Work, query: TableQuery) -> TablePage:
        """A page of what lies in the bin, in the list's own order."""
        return self._shown(work, self._page(work, query, self.listing.matching(work, query.q, in_bin=True), ""))

    def count(self, work: Work, query: TableQuery) -> TableCount:
        """How many there are."""
        return TableCount(*self.listing.count(work, self._matching(work, query)))

    def ids(self, work: Work, query: TableQuery) -> Iterable[Sequence[int]]:
        """Ids of all of them."""
        return self.listing.ids(work, self._matching(work, query))

    def _matching(self, work: Work, query: TableQuery) -> Any:
        return self.listing.matching(work, query.q, query.filters)

    def _page(self, work: Work, query: TableQuery, chosen: Any, sort: str) -> KeysetPage[Any]:
        return self.listing.page(work, chosen, sort, after=query.after, before=query.before, limit=query.limit)

    def _shown(self, work: Work, page: KeysetPage[Any]) -> TablePage:
        return TablePage(self.show(work, page.rows), page.next, page.previous)


# --- actions ---------------------------------------------------------------------------------------------------------


def bulk_tags(
    work: Work, tag: Callable[[Work, Sequence[int], Sequence[str], Sequence[str]], int], said: Said
) -> list[Bulk]:
    """The actions “Tag” and “Remove tag”.

    :param tag: gets the ids, names to add and names to remove; gives how many records changed.
    :param said: the sentence of the notice, for a number of records.
    """
    known = [item.name for item in tags.all_tags(work)]

    def add(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
        return BulkDone(tag(work, ids, [values["entry"]], ()))

    def remove(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> BulkDone:
        return BulkDone(tag(work, ids, (), [values["entry"]]))

    return [
        Bulk(id="tag", label=_("Tag"), icon="tag", entry=_("Tag"), known=known, run=add, said=said),
        Bulk(id="untag", label=_("Remove tag"), icon="tag-off", entry=_("Tag"), known=known, run=remove, said=said),
    ]


def bulk_delete(to_bin: _Many, restore: _Many, said: Said, *, label: str = "") -> Bulk:
    """The action “Delete”, to the bin, which can be undone.

    :param to_bin: gets ids, moves those that the actor may delete, gives how many; ``restore`` takes that back.
    """

    def delete(work: Work, ids: Sequence[int], _values: Mapping[str, str]) -> BulkDone:
        return BulkDone(to_bin(work, ids), undo=list(ids))

    return Bulk(id="delete", label=label or _("Delete"), icon="trash", danger=True, run=delete, undo=restore, said=said)


def bulk_restore(restore: _Many, said: Said) -> Bulk:
    """The action “Restore” of a bin."""
    return Bulk(
        id="restore",
        label=_("Restore"),
        icon="arrow-back-up",
        run=lambda work, ids, _values: BulkDone(restore(work, ids)),
        said=said,
    )


def bulk_erase(erase: _Many, question: str, detail: str = "") -> Bulk:
    """The action “Delete for good” of a bin, after a question."""
    return Bulk(
        id="erase",
        label=_("Delete for good"),
        icon="trash",
        danger=True,
        confirm=question,
        detail=detail or _("This can't be undone."),
        run=lambda work, ids, _values: BulkDone(erase(work, ids)),
    )


def bin_table(
    rows: RecordRows,
    *,
    id: str,  # noqa: A002  # as in the table that it makes
    columns: Sequence[TableColumn],
    card: tuple[str, str, Sequence[Sequence[str]]],
    row_name: Callable[[Any], str],
    bulk: Sequence[Bulk],
    text: str,
    url: str,
    label: str,
) -> Table:
    """The bin of a list of records.

    :param text: what stands in it while it is empty, above a link to the list: its ``url`` and ``label``.
    """
    return Table(
        id=id,
        label=_("Bin"),
        columns=columns,
        fetch=rows.fetch_binned,
        sort=rows.listing.sort,
        card=card,
        row_name=row_name,
        bulk=bulk,
        views=False,
        empty=(_("The bin is empty"), text, url, label),
    )
