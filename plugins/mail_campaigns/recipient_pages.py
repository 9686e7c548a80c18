"""The list of the recipients of a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from markupsafe import Markup

from crmhost.api import Message, Work
from crmhost.web.api import (
    Cell,
    Table,
    TableCount,
    TableFilter,
    TablePage,
    TableQuery,
    current_work,
    gettext,
    link_cell,
    list_page,
    moment,
    record_url,
    requires,
    text_column,
    url_for,
)

from . import cells, recipients, services, subjects
from .models import Campaign

#: Figure -> what its list is called.
LABELS = {
    "planned": Message("All recipients"),
    "waiting": Message("Waiting"),
    "sent": Message("Sent"),
    "not_sent": Message("Not sent"),
    "failed": Message("Refused"),
    "unknown": Message("Unknown"),
    "skipped": Message("Left out when their turn came"),
    "clicked": Message("Clicked"),
    "opened": Message("Opened (unreliable)"),
    "unsubscribed": Message("Unsubscribed"),
    "bounced": Message("Came back"),
    "complained": Message("Reported as unwanted"),
}
#: State of a mail -> what it is called.
STATES = {
    "queued": Message("Waiting"),
    "sending": Message("Being sent"),
    "sent": Message("Sent"),
    "logged": Message("Kept here"),
    "failed": Message("Refused"),
    "unknown": Message("Unknown"),
    "bounced": Message("Came back"),
    "skipped": Message("Left out"),
    "held": Message("Waits for the best subject"),
}


def add_recipients(blueprint: Blueprint) -> None:
    """Adds the page."""
    view = requires("mail_campaigns.view")(index)
    blueprint.add_url_rule("/<int:campaign_id>/recipients", "recipients", view, methods=["GET", "POST"])


def index(campaign_id: int) -> Any:
    """Who got it, what they did, and who was left out."""
    work = current_work()
    campaign = services.get(work, campaign_id)
    return list_page("mail_campaigns/recipients.html", _table(work, campaign), work, one=campaign)


def _figure(query: TableQuery) -> str:
    return next(iter(query.filters.get("figure", ())), "planned")


def _offered(campaign: Campaign) -> list[str]:
    tried = 1 + len(campaign.subjects) if campaign.subjects else 0
    return [
        name
        for name in recipients.FIGURES
        if recipients.SUBJECTS.get(name, 0) < tried or name not in recipients.SUBJECTS
    ]


def label(figure: str) -> str:
    """What the list of a figure is called."""
    if figure in recipients.SUBJECTS:
        return str(gettext("Subject %(letter)s", letter=subjects.LETTERS[recipients.SUBJECTS[figure]]))
    if figure in LABELS:
        return str(gettext(LABELS[figure]))
    return str(gettext("Left out: %(reason)s", reason=gettext(cells.REASONS[recipients.LEFT[figure]])))


def _table(work: Work, campaign: Campaign) -> Table:
    def fetch(work: Work, query: TableQuery) -> TablePage:
        found = recipients.page(
            work, campaign, _figure(query), after=query.after, before=query.before, limit=query.limit
        )
        return TablePage(found.rows, found.next, found.previous)

    def count(work: Work, query: TableQuery) -> TableCount:
        return TableCount(*recipients.count(work, campaign, _figure(query)))

    linked = {kind: work.can(f"{kind}.view") for kind in ("contacts", "companies")}
    return Table(
        id="campaign-recipients",
        label=gettext("Recipients"),
        all_label=gettext("All recipients"),
        columns=[
            text_column("name", gettext("Name"), lambda row: _person(row, linked), css="c-name", fixed=True),
            text_column("email", gettext("E-mail"), lambda row: row.email, css="c-mail"),
            text_column("state", gettext("State"), lambda row: _state(row), css="c-org"),
            text_column("at", gettext("When"), lambda row: moment(row.at), css="c-org"),
        ],
        fetch=fetch,
        count=count,
        filters=[
            TableFilter(
                id="figure",
                label=gettext("Show"),
                kind="choice",
                choices=[(name, label(name)) for name in _offered(campaign)],
                words="{value}",
                quick=True,
            )
        ],
        sort="all",
        row_name=lambda row: row.name or row.email,
        card=("name", "state", (("email",), ("at",))),
        views=False,
        empty=(
            gettext("Nobody here yet"),
            gettext("As soon as mails of the campaign go out, and people answer to them, they stand here."),
            url_for("mail_campaigns.page", campaign_id=campaign.id),
            gettext("To the campaign"),
        ),
    )


def _person(row: recipients.Row, linked: Mapping[str, bool]) -> Cell:
    name = row.name or row.email
    if row.object_id is None:
        person = linked["contacts"] and row.contact_id
        return link_cell(name, url_for("contacts.page", contact_id=row.contact_id) if person else "")
    address = record_url(row.object_type, row.object_id) if linked["companies"] else ""
    said = Markup('<span class="row-flex">{}<span class="crm-badge">{}</span></span>')
    return said.format(link_cell(name, address), gettext("Company"))


def _state(row: recipients.Row) -> Cell:
    return Markup('<span class="crm-badge">{}</span>').format(gettext(STATES[row.state])) if row.state else ""
