"""The list of files and their bin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crmhost.api import Work, keyset, records
from crmhost.web.api import (
    Bulk,
    BulkDone,
    Table,
    TableColumn,
    TableCount,
    TableFilter,
    TablePage,
    TableQuery,
    TableSum,
    day,
    gettext,
    ngettext,
    url_for,
)

from . import cells, limits, queries, services


def _fetch(work: Work, query: TableQuery, *, in_bin: bool = False) -> TablePage:
    chosen = queries.matching(work, query.q, query.filters, in_bin=in_bin)
    found = keyset.page(
        work.session,
        chosen,
        queries.ORDERS,
        query.sort or "-created_at",
        after=query.after,
        before=query.before,
        limit=query.limit,
    )
    return TablePage(cells.rows(work, found.rows), found.next, found.previous)


def _count(work: Work, query: TableQuery) -> TableCount:
    return TableCount(*queries.count(work, queries.matching(work, query.q, query.filters)))


def _sums(work: Work, query: TableQuery) -> list[TableSum]:
    whole = queries.room(work, queries.matching(work, query.q, query.filters))
    return [TableSum(gettext("Size"), [cells.readable(whole)])]


def _ids(work: Work, query: TableQuery) -> Iterable[Sequence[int]]:
    return queries.ids(work, queries.matching(work, query.q, query.filters))


def file_table(work: Work) -> Table:
    """The list of files."""
    return Table(
        id="files",
        label=gettext("Files"),
        all_label=gettext("All files"),
        columns=_columns(),
        fetch=_fetch,
        count=_count,
        sums=_sums,
        ids=_ids,
        filters=_filters(work),
        sort="-created_at",
        search=gettext("Name or description"),
        row_name=lambda row: row.entry.name,
        card=("name", "size", (("record",), ("kind", "created_at"))),
        bulk=_actions(work),
        empty=(
            gettext("No files yet"),
            gettext("Contracts, reports and photos stand on the tab “Files” of the record that they belong to."),
            url_for("contacts.index"),
            gettext("To the contacts"),
        ),
    )


def _columns() -> list[TableColumn]:
    return [
        TableColumn(id="name", label=gettext("Name"), cell=cells.name, sort="name", css="c-name", fixed=True),
        TableColumn(id="record", label=gettext("Belongs to"), cell=cells.record, css="c-org"),
        TableColumn(id="kind", label=gettext("Kind"), cell=lambda row: row.entry.kind or cells.NONE, css="c-when"),
        TableColumn(
            id="size", label=gettext("Size"), cell=lambda row: row.size, sort="size", align="end", css="c-money"
        ),
        TableColumn(id="created_at", label=gettext("Added"), cell=cells.added, sort="created_at", css="c-when"),
        TableColumn(id="by", label=gettext("Added by"), cell=lambda row: row.by or cells.NONE, css="c-org"),
        TableColumn(
            id="description",
            label=gettext("Description"),
            cell=lambda row: row.entry.description or cells.NONE,
            css="c-org",
            shown=False,
        ),
        TableColumn(
            id="media_type", label=gettext("Type"), cell=lambda row: row.entry.media_type, css="c-org", shown=False
        ),
        TableColumn(
            id="portal",
            label=gettext("In the portal"),
            cell=lambda row: gettext("Yes") if row.entry.portal else gettext("No"),
            css="c-when",
            shown=False,
        ),
    ]


def group_labels() -> dict[str, str]:
    """Group of types -> what people call it."""
    return {
        "pictures": gettext("Pictures"),
        "pdf": gettext("PDF"),
        "office": gettext("Office documents"),
        "text": gettext("Text"),
        "audio": gettext("Audio"),
        "video": gettext("Video"),
        "archives": gettext("Archives"),
        "other": gettext("Other"),
    }


def _filters(work: Work) -> list[TableFilter]:
    kinds = [(name, name) for name in limits.kinds(work)]
    known = [(name, gettext(kind.label)) for name, kind in records.kinds(work).items() if work.can(kind.permission)]
    return [
        TableFilter(id="kind", label=gettext("Kind"), kind="choices", choices=kinds),
        TableFilter(id="type", label=gettext("Type"), kind="choices", choices=list(group_labels().items())),
        TableFilter(id="object_type", label=gettext("Belongs to"), kind="choices", choices=known),
        TableFilter(id="date_from", label=gettext("From day"), kind="day"),
        TableFilter(id="date_to", label=gettext("Until day"), kind="day"),
        TableFilter(
            id="portal",
            label=gettext("In the portal"),
            kind="choice",
            choices=[("1", gettext("Yes")), ("0", gettext("No"))],
        ),
    ]


# --- actions ---------------------------------------------------------------------------------------------------------


def _moved(number: int) -> str:
    return str(ngettext("%(num)d file went to the bin.", "%(num)d files went to the bin.", number))


def _back(number: int) -> str:
    return str(ngettext("%(num)d file was restored.", "%(num)d files were restored.", number))


def _delete(work: Work, ids: Sequence[int], _values: Mapping[str, str]) -> BulkDone:
    return BulkDone(services.to_bin(work, ids), undo=list(ids))


def _actions(work: Work) -> list[Bulk]:
    if not work.can("files.delete"):
        return []
    return [
        Bulk(
            id="delete",
            label=gettext("Delete"),
            icon="trash",
            danger=True,
            run=_delete,
            undo=lambda work, undo: services.restore(work, undo),
            said=_moved,
        )
    ]


def bin_table(_work: Work) -> Table:
    """Deleted files."""

    def fetch(work: Work, query: TableQuery) -> TablePage:
        wanted = TableQuery(query.q, {}, "-created_at", query.after, query.before, query.limit)
        return _fetch(work, wanted, in_bin=True)

    bulk = [
        Bulk(
            id="restore",
            label=gettext("Restore"),
            icon="arrow-back-up",
            run=lambda work, ids, _values: BulkDone(services.restore(work, ids)),
            said=_back,
        ),
        Bulk(
            id="erase",
            label=gettext("Delete for good"),
            icon="trash",
            danger=True,
            confirm=gettext("Delete these files for good?"),
            detail=gettext("All their versions go. This can't be undone."),
            run=lambda work, ids, _values: BulkDone(services.erase(work, ids)),
        ),
    ]
    return Table(
        id="files-bin",
        label=gettext("Bin"),
        columns=[
            TableColumn(id="name", label=gettext("Name"), cell=lambda row: row.entry.name, css="c-name", fixed=True),
            TableColumn(id="record", label=gettext("Belongs to"), cell=cells.record, css="c-org"),
            TableColumn(
                id="deleted_at", label=gettext("Deleted"), cell=lambda row: day(row.entry.deleted_at), css="c-when"
            ),
            TableColumn(id="size", label=gettext("Size"), cell=lambda row: row.size, align="end", css="c-money"),
        ],
        fetch=fetch,
        sort="-created_at",
        row_name=lambda row: row.entry.name,
        card=("name", "size", (("record", "deleted_at"),)),
        bulk=bulk,
        views=False,
        empty=(
            gettext("The bin is empty"),
            gettext("Deleted files stay here and can be restored."),
            url_for("files.index"),
            gettext("To the files"),
        ),
    )
