"""What stands in the rows of the list of companies."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from crmhost.api import Tag
from crmhost.web.api import gettext, ngettext, number, url_for

from . import members
from .models import Company

NONE = Markup('<span class="quiet">–</span>')


@dataclasses.dataclass(frozen=True)
class Row:
    """A company with what its row shows besides its own columns.

    :param extra: column id of a plugin -> what stands there.
    """

    company: Company
    tags: Sequence[Tag] = ()
    people: int = 0
    extra: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def id(self) -> int:
        """Id of the company."""
        return self.company.id


def name(row: Row) -> Markup:
    """The name, with a link."""
    return Markup('<a class="cut link-ink strong" href="{}">{}</a>').format(url(row), row.company.name)


def card_name(row: Row) -> Markup:
    """The name, on a phone."""
    return Markup('<a class="link-ink" href="{}">{}</a>').format(url(row), row.company.name)


def plain_name(row: Row) -> Markup:
    """The name of a company in the bin."""
    return Markup('<span class="cut strong">{}</span>').format(row.company.name)


def url(row: Row) -> str:
    """Address of the page."""
    return url_for("companies.page", company_id=row.company.id)


def status(row: Row) -> Markup:
    """The status."""
    status = row.company.status
    return Markup('<span class="crm-status" data-hue="{}"><span class="crm-dot"></span>{}</span>').format(
        status.hue, status.name
    )


def tag_cell(row: Row) -> Markup:
    """The first tag, and how many more there are."""
    return card_tags(row) or NONE


def card_tags(row: Row) -> Markup:
    """The tags; nothing on a phone when there are none."""
    if not row.tags:
        return Markup()
    first, others = row.tags[0], row.tags[1:]
    more = Markup('<span class="crm-count" title="{}">+{}</span>').format(
        ", ".join(tag.name for tag in others), len(others)
    )
    tag = Markup('<span class="crm-tag" data-hue="{}"><span class="crm-dot"></span><span>{}</span></span>')
    return Markup('<span class="row-flex">{}{}</span>').format(
        tag.format(first.hue, first.name), more if others else Markup()
    )


def source_label(source: str) -> str:
    """What a source is called."""
    known = {
        "manual": gettext("By hand"),
        "import": gettext("Import"),
        "api": gettext("API"),
        "demo": gettext("Demo data"),
    }
    return str(known.get(source, source.replace("_", " ").capitalize()))


def people(row: Row) -> str | Markup:
    """How many people belong to it."""
    if not row.people:
        return NONE
    return number(row.people) if row.people <= members.COUNTED else f"{number(members.COUNTED)}+"


def card_people(row: Row) -> str:
    """The same in words, on a phone."""
    return ngettext("%(num)d person", "%(num)d people", row.people) if row.people else ""


def assigned(row: Row) -> str | Markup:
    """Who looks after it."""
    user = row.company.assigned_to
    return (user.name or user.email) if user is not None else NONE
