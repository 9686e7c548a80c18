"""The list of campaigns."""

from __future__ import annotations

from collections.abc import Callable

from crmhost.api import Work
from crmhost.web.api import RecordRows, Table, TableColumn, TableFilter, gettext, text_column, url_for

from . import cells, queries

_ROWS = RecordRows(queries.LIST, cells.rows)


def campaign_table(work: Work) -> Table:
    """The list of campaigns."""
    return Table(
        id="campaigns",
        label=gettext("Mail campaigns"),
        all_label=gettext("All campaigns"),
        columns=[
            text_column("name", gettext("Name"), cells.name, sort="name", css="c-name", fixed=True),
            text_column("state", gettext("State"), lambda row: cells.chip(row.one), css="c-status"),
            text_column("subject", gettext("Subject"), lambda row: row.one.subject, shown=False),
            _number("planned", gettext("Audience")),
            _number("sent", gettext("Sent"), card=_on_card),
            _number("clicked", gettext("Clicked")),
            _number("unsubscribed", gettext("Unsubscribed")),
            _number("bounced", gettext("Came back"), shown=False),
            text_column("when", gettext("When"), cells.when, sort="updated_at", css="c-org"),
        ],
        fetch=_ROWS.fetch,
        count=_ROWS.count,
        ids=_ROWS.ids,
        filters=[
            TableFilter(
                id="state",
                label=gettext("State"),
                kind="choices",
                choices=[(state, gettext(label)) for state, (label, _hue) in cells.STATES.items()],
            )
        ],
        sort="-updated_at",
        search=gettext("Name or subject"),
        row_name=lambda row: row.one.name,
        card=("name", "state", (("sent", "when"),)),
        empty=(
            gettext("No campaigns yet"),
            gettext(
                "A campaign is one mail to many people, each once. Choose who gets it, write it, look at it, send it."
            ),
            url_for("mail_campaigns.new") if work.can("mail_campaigns.edit") else "",
            gettext("New campaign"),
        ),
    )


def _on_card(row: cells.Row) -> str:
    if not cells.figure(row, "sent"):
        return str(row.one.subject or gettext("(no subject)"))
    return str(gettext("%(sent)s of %(all)s sent", sent=cells.figure(row, "sent"), all=cells.figure(row, "planned")))


def _number(
    which: str, label: str, *, shown: bool = True, card: Callable[[cells.Row], str] | None = None
) -> TableColumn:
    def read(row: cells.Row) -> str:
        return cells.figure(row, which) or "–"

    return TableColumn(id=which, label=label, cell=read, align="end", css="c-no", shown=shown, card_cell=card)
