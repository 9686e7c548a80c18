"""The pages' lists, cells and chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from sqlalchemy import func, literal, select, union_all

from crmhost.api import Contact, Invalid, Work, conditions, keyset
from crmhost.web.api import (
    Chart,
    ChartReceipt,
    ChartSeries,
    Table,
    TableColumn,
    TableCount,
    TablePage,
    TableQuery,
    ago,
    day,
    gettext,
    icon,
    ngettext,
    number,
    url_for,
)

from . import services, sizes, words
from .models import Segment
from .sizes import Counted

_ORDERS = {"name": (Segment.name_key, Segment.id)}
#: Segments that the column of the list of contacts looks at, by name.
COLUMN = 30


def segment_table(work: Work) -> Table:
    """The list of segments."""

    def fetch(work: Work, query: TableQuery) -> TablePage:
        chosen = work.visible(Segment)
        page = keyset.page(
            work.session,
            chosen,
            _ORDERS,
            query.sort or "name",
            after=query.after,
            before=query.before,
            limit=query.limit,
        )
        return TablePage(page.rows, page.next, page.previous)

    def count(work: Work, _query: TableQuery) -> TableCount:
        some = work.visible(Segment).with_only_columns(Segment.id).subquery()
        return TableCount(work.session.scalar(select(func.count()).select_from(some)) or 0)

    return Table(
        id="segments",
        label=gettext("Segments"),
        columns=[
            TableColumn(id="name", label=gettext("Name"), cell=_name, sort="name", css="c-name", fixed=True),
            TableColumn(
                id="number",
                label=gettext("Contacts"),
                cell=lambda segment: Markup('<span class="segment-count-{}">{}</span>').format(
                    segment.id, count_cell(work, segment, sizes.kept(work, segment))
                ),
                align="end",
                css="c-org",
            ),
            TableColumn(id="conditions", label=gettext("Conditions"), cell=lambda row: _conditions(work, row)),
            TableColumn(
                id="shared",
                label=gettext("Seen by"),
                cell=lambda segment: gettext("Everybody") if segment.shared else gettext("Only you"),
                css="c-when",
            ),
            TableColumn(
                id="updated_at",
                label=gettext("Last change"),
                cell=lambda segment: ago(segment.updated_at),
                css="c-when",
            ),
        ],
        fetch=fetch,
        count=count,
        sort="name",
        row_name=lambda segment: segment.name,
        card=("name", "number", (("conditions",), ("shared", "updated_at"))),
        views=False,
        empty=(
            gettext("No segments yet"),
            gettext(
                "A segment is a group of people chosen by conditions, such as customers who bought nothing for a year. "
                "It is always current: whoever fits is in it at once."
            ),
            url_for("segments.new") if work.can("segments.edit") else "",
            gettext("Add segment"),
        ),
    )


def _name(segment: Segment) -> str:
    return Markup('<a class="link-ink cut" href="{}">{}</a>').format(
        url_for("segments.page", segment_id=segment.id), segment.name
    )


def count_cell(work: Work, segment: Segment, counted: Counted) -> str:
    """How many contacts, with the way to them, and how old the number is."""
    if counted.problem:
        return Markup('<span class="text-danger">{}</span>').format(gettext("Can't be used now"))
    if counted.number is None or counted.at is None:
        return "…"
    age = gettext("just now") if sizes.is_fresh(work, counted) else ago(counted.at)
    said = ngettext("%(number)s contact", "%(number)s contacts", counted.number, number=number(counted.number))
    return Markup('<a href="{}" title="{}">{}</a> <small class="meta">{}</small>').format(
        url_for("contacts.index", segment=segment.id), gettext("View all contacts"), said, age
    )


def _conditions(work: Work, segment: Segment) -> str:
    try:
        text = words.lines(work, services.group_of(work, segment)).sentence
    except Invalid as error:
        return Markup('<span class="row-flex">{}<span>{}</span></span>').format(
            icon("alert-circle"), gettext(error.message)
        )
    return Markup('<span class="cut d-block" title="{0}">{0}</span>').format(text)


def history_chart(work: Work, segment: Segment) -> Chart:
    """How the segment grew."""
    found = sizes.history(work, segment) if not work.actor.only_assigned else []
    labels = [day(when) for when, _ in found]
    last = found[-1][1] if found else 0
    return Chart(
        id="segment-size",
        title=gettext("How does the segment grow?"),
        sub=gettext("Contacts in it, by day"),
        kind="line",
        summary=gettext("%(number)s contacts were in it on %(day)s.", number=number(last), day=labels[-1])
        if found
        else gettext("Nothing was counted yet."),
        heading=gettext("Day"),
        labels=labels if len(found) > 1 else [],
        series=[ChartSeries(gettext("Contacts"), [size for _, size in found] if len(found) > 1 else [])],
        receipt=ChartReceipt(
            formula=gettext(
                "Each night, and whenever somebody looks at the list, the contacts that fulfil the conditions are counted; "
                "a day shows the last count. Contacts in the bin don't count."
            ),
            counted=last,
            zone=str(work.timezone),
        ),
        empty=gettext("The size is written down each night. Come back tomorrow to see how it changes."),
    )


def segment_cells(work: Work, contact_ids: Sequence[int]) -> Mapping[int, str]:
    """The segments that contacts are in: for all of them in one statement."""
    parts, names = [], {}
    for segment in services.all_segments(work)[:COLUMN]:
        try:
            asked = conditions.question(work, services.group_of(work, segment))
        except Invalid:
            continue
        names[segment.id] = segment.name
        parts.append(select(literal(segment.id), Contact.id).where(Contact.id.in_(contact_ids), asked.row))
    found: dict[int, list[str]] = {}
    for segment_id, contact_id in work.session.execute(union_all(*parts)) if parts else ():
        found.setdefault(contact_id, []).append(names[segment_id])
    return {key: ", ".join(sorted(some)) for key, some in found.items()}
