"""What stands in the rows of the contact list. A page has hundreds of cells, so that what is the same in all is made once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape

from ...web.i18n import ago, day
from ...web.i18n import number as number_text
from ...web.tables import Cell
from ...web.templating import icon, initials
from ...work.unit import Work
from ..hues import hue_for
from .models import Contact, Tag
from .pictures import file_of


@dataclasses.dataclass(frozen=True)
class Row:
    """A contact with what its row shows besides its own columns.

    :param extra: column id of a plugin -> what stands there.
    """

    contact: Contact
    tags: Sequence[Tag]
    extra: Mapping[str, Cell]

    @property
    def id(self) -> int:
        """Id of the contact."""
        return self.contact.id


def _html(text: str) -> Markup:
    """Markup put together here, from escaped parts."""
    return Markup(text)  # noqa: S704


def _list_query() -> Markup:
    """The end of a link to a contact: what the list shows, so that previous and next on its page follow the list."""
    shown = [pair for pair in request.args.items(multi=True) if pair[0] not in _PLACE and pair[1]]
    return escape("?" + urlencode({"list": urlencode(shown)})) if shown else Markup()


#: Parts of a list's address that say where in it one is.
_PLACE = ("after", "before", "at", "count", "rows", "view")
NONE = Markup('<span class="quiet">–</span>')


class Cells:
    """The cells of one list for one reader."""

    def __init__(self, work: Work) -> None:
        self._base = url_for("contacts.index")
        self._list = _list_query()
        self._now = work.now
        self._may = work.can("contacts.edit")
        self._switches: dict[int, tuple[str, str]] = {}
        self._owners: dict[int, Markup] = {}
        self._nobody = _html(f'<span class="quiet">{escape(_("Nobody"))}</span>')

    def name(self, row: Row) -> Cell:
        """Avatar and name, with a link."""
        contact, name = row.contact, escape(row.contact.name)
        return _html(
            f'<span class="who">{avatar(contact)}<a class="cut" href="{self._base}{contact.id}{self._list}">{name}</a></span>'
        )

    def card_name(self, row: Row) -> Cell:
        """Name with a link, on a phone."""
        return _html(
            f'<a class="link-ink" href="{self._base}{row.contact.id}{self._list}">{escape(row.contact.name)}</a>'
        )

    def plain_name(self, row: Row) -> Cell:
        """Avatar and name without a link: of a contact in the bin."""
        contact = row.contact
        return _html(
            f'<span class="who">{avatar(contact)}<span class="cut strong">{escape(contact.name)}</span></span>'
        )

    def email(self, row: Row) -> Cell:
        """The main address."""
        return row.contact.email or NONE

    def card_email(self, row: Row) -> Cell:
        """The main address; nothing on a phone when there is none."""
        return row.contact.email

    def card_tags(self, row: Row) -> Cell:
        """The tags; nothing on a phone when there are none."""
        return self.tags(row) if row.tags else ""

    def phone(self, row: Row) -> Cell:
        """The phone that is most likely answered."""
        contact = row.contact
        return contact.mobile_phone or contact.work_phone or contact.home_phone or NONE

    def status(self, row: Row) -> Cell:
        """The status, to be changed in place."""
        return self._status(row.contact, "")

    def card_status(self, row: Row) -> Cell:
        """The same on a phone; the two need ids of their own."""
        return self._status(row.contact, "-card")

    def _status(self, contact: Contact, place: str) -> Markup:
        parts = self._switches.get(contact.status_id)
        if parts is None:
            parts = switch_parts(contact, may=self._may)
            self._switches[contact.status_id] = parts
        return filled_switch(contact, parts, place, may=self._may, base=self._base)

    def tags(self, row: Row) -> Cell:
        """The first tag, and how many more there are."""
        if not row.tags:
            return NONE
        first, others = row.tags[0], row.tags[1:]
        more = ""
        if others:
            names = escape(", ".join(tag.name for tag in others))
            more = f'<span class="crm-count" title="{names}">+{len(others)}</span>'
        inside = f'<span class="crm-dot"></span><span>{escape(first.name)}</span>'
        tag = f'<span class="crm-tag" data-hue="{escape(first.hue)}">{inside}</span>'
        return _html(f'<span class="row-flex">{tag}{more}</span>')

    def assigned(self, row: Row) -> Cell:
        """Who looks after the contact, by first name."""
        user = row.contact.assigned_to
        if user is None:
            return self._nobody
        if user.id not in self._owners:
            name = user.name or user.email
            hue, sign = hue_for(user.email), escape(initials(name))
            first = escape(name.split()[0])
            self._owners[user.id] = _html(
                f'<span class="row-flex" title="{escape(name)}"><span class="crm-avatar" data-hue="{hue}" aria-hidden="true">'
                f'{sign}</span><span class="cut">{first}</span></span>'
            )
        return self._owners[user.id]

    def last_contacted(self, row: Row) -> Cell:
        """Day of the last contact."""
        return day(row.contact.last_contacted_at) or NONE

    def created(self, row: Row) -> Cell:
        """Day on which the contact was added."""
        return day(row.contact.created_at)

    def updated(self, row: Row) -> Cell:
        """How long ago the contact was changed."""
        return ago(row.contact.updated_at)

    def deleted(self, row: Row) -> Cell:
        """Day on which the contact went to the bin."""
        return day(row.contact.deleted_at)

    def days_in_status(self, row: Row) -> Cell:
        """Days since the status changed."""
        return number_text((self._now - row.contact.status_since).days)

    def source(self, row: Row) -> Cell:
        """Where the contact came from."""
        return source_label(row.contact.source)

    def city(self, row: Row) -> Cell:
        """The city of the first address."""
        return (row.contact.address1 or {}).get("city") or NONE


def avatar(contact: Contact, size: str = "") -> Markup:
    """The round sign of a contact: the picture, else the first letters. ``size`` “lg” on its page."""
    css = f"crm-avatar {size}".strip()
    place = picture(contact)
    if place:
        return _html(f'<img class="{css}" src="{escape(place)}" alt="" loading="lazy" decoding="async">')
    sign = escape(initials(contact.name))
    return _html(f'<span class="{css}" data-hue="{hue_for(str(contact.id))}" aria-hidden="true">{sign}</span>')


def picture(contact: Contact) -> str:
    """Address of the contact's picture; empty when there is none, or the contact is in the bin, where files are closed."""
    number = file_of(contact)
    return (
        url_for("storage.download", file_id=number, show=1) if number is not None and contact.deleted_at is None else ""
    )


def status_switch(contact: Contact, *, may: bool, place: str = "") -> Markup:
    """The status of a contact; where it may be changed, as a button that opens the shared menu.

    :param place: tells two switches of one contact on one page apart.
    """
    return filled_switch(contact, switch_parts(contact, may=may), place, may=may, base=url_for("contacts.index"))


def switch_parts(contact: Contact, *, may: bool) -> tuple[str, str]:
    """What the switches of one status have in common: attributes, and what stands inside."""
    status = contact.status
    inside = f'<span class="crm-dot"></span>{escape(status.name)}'
    attributes = f'class="crm-status" data-hue="{escape(status.hue)}"'
    if not may:
        return attributes, inside
    label = escape(_("Status: %(name)s. Change", name=status.name))
    opens = 'popovertarget="status-menu" aria-haspopup="listbox" aria-expanded="false"'
    asks = 'hx-target="#status-menu" hx-swap="innerHTML"'
    return f'{attributes} {opens} {asks} aria-label="{label}"', f"{inside}{icon('chevron-down')}"


def filled_switch(contact: Contact, parts: tuple[str, str], place: str, *, may: bool, base: str) -> Markup:
    """A switch from its common parts."""
    attributes, inside = parts
    if not may:
        return _html(f"<span {attributes}>{inside}</span>")
    own = f'id="status-{contact.id}{place}" hx-get="{base}{contact.id}/status"'
    return _html(f'<button type="button" {own} {attributes}>{inside}</button>')


def source_label(source: str) -> str:
    """What a source is called."""
    known = {
        "manual": _("By hand"),
        "import": _("Import"),
        "form": _("Form"),
        "api": _("API"),
        "demo": _("Demo data"),
    }
    return str(known.get(source, source.replace("_", " ").capitalize()))
