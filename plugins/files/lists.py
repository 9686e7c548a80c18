"""The list of files and their bin."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from flask import stream_with_context

from crmhost.api import Work, records
from crmhost.web.api import (
    Bulk,
    RecordRows,
    Response,
    Table,
    TableColumn,
    TableFilter,
    TableQuery,
    TableSum,
    bulk_delete,
    bulk_erase,
    bulk_restore,
    day_column,
    gettext,
    name_download,
    ngettext,
    text_column,
    url_for,
)
from crmhost.web.api import bin_table as table_of_bin

from . import cells, limits, queries, services, zipping

_ROWS = RecordRows(queries.LIST, cells.rows)


def file_table(work: Work) -> Table:
    """The list of files."""
    return Table(
        id="files",
        label=gettext("Files"),
        all_label=gettext("All files"),
        columns=_columns(),
        fetch=_ROWS.fetch,
        count=_ROWS.count,
        sums=_sums,
        ids=_ROWS.ids,
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


def _sums(work: Work, query: TableQuery) -> list[TableSum]:
    whole = queries.room(work, queries.matching(work, query.q, query.filters))
    return [TableSum(gettext("Size"), [cells.readable(whole)])]


def _columns() -> list[TableColumn]:
    return [
        text_column("name", gettext("Name"), cells.name, sort="name", css="c-name", fixed=True),
        text_column("record", gettext("Belongs to"), cells.record),
        text_column("kind", gettext("Kind"), lambda row: row.entry.kind, css="c-when"),
        _size(sort="size"),
        day_column("created_at", gettext("Added"), lambda row: row.entry.created_at, sort="created_at"),
        text_column("by", gettext("Added by"), lambda row: row.by),
        text_column("description", gettext("Description"), lambda row: row.entry.description, shown=False),
        text_column("media_type", gettext("Type"), lambda row: row.entry.media_type, shown=False),
        text_column(
            "portal",
            gettext("In the portal"),
            lambda row: gettext("Yes") if row.entry.portal else gettext("No"),
            css="c-when",
            shown=False,
        ),
    ]


def _size(sort: str = "") -> TableColumn:
    return TableColumn(
        id="size", label=gettext("Size"), cell=lambda row: row.size, sort=sort, align="end", css="c-money"
    )


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


def zip_answer(work: Work, ids: Sequence[int]) -> Response:
    """Chosen files as a ZIP to be saved.

    :raises Invalid: when there is none, or they are too many or too large together.
    """
    pieces = zipping.stream(work, zipping.chosen(work, ids))
    # The storage is reached before the answer begins, so that it can still say when it is not.
    first = next(pieces)
    answer = Response(stream_with_context(itertools.chain([first], pieces)), mimetype="application/zip")
    name_download(answer, f"{gettext('files')}-{work.today.isoformat()}.zip")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _actions(work: Work) -> list[Bulk]:
    packing = Bulk(id="zip", label=gettext("Download as ZIP"), icon="file-zip", answer=zip_answer)
    deleting = [bulk_delete(services.to_bin, services.restore, _moved)] if work.can("files.delete") else []
    return [packing, *deleting]


def bin_table(_work: Work) -> Table:
    """Deleted files."""
    return table_of_bin(
        _ROWS,
        id="files-bin",
        columns=[
            text_column("name", gettext("Name"), lambda row: row.entry.name, css="c-name", fixed=True),
            text_column("record", gettext("Belongs to"), cells.record),
            day_column("deleted_at", gettext("Deleted"), lambda row: row.entry.deleted_at),
            _size(),
        ],
        row_name=lambda row: row.entry.name,
        card=("name", "size", (("record", "deleted_at"),)),
        bulk=[
            bulk_restore(services.restore, _back),
            bulk_erase(
                services.erase,
                gettext("Delete these files for good?"),
                gettext("All their versions go. This can't be undone."),
            ),
        ],
        text=gettext("Deleted files stay here and can be restored."),
        url=url_for("files.index"),
        label=gettext("To the files"),
    )
