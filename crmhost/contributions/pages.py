"""Contributions to pages: menus, boxes, columns, slots, what the palette finds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from .base import Contribution

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import InstrumentedAttribute

    from ..work.reads import Read
    from ..work.unit import Work


@dataclasses.dataclass(frozen=True, kw_only=True)
class MenuItem(Contribution):
    """A link of the side menu.

    :param place: group it stands in (``"Contacts"``, ``"Settings"`` …); ``""`` for a place of its own.
    :param label: English text.
    :param endpoint: Flask endpoint, such as ``"funnel.index"``.
    :param permission: who sees it; ``""`` for everybody who is signed in.
    :param icon: name of a Tabler icon, for an item that is a place of its own.
    :param count: gives the number shown beside it, or ``None`` for none; must be cheap.
    :param arguments: of the endpoint, as ``url_for`` takes them; unknown ones become the query: ``{"status": "1"}``.
    """

    label: str
    endpoint: str
    place: str = ""
    permission: str = ""
    icon: str = ""
    count: Callable[[Work], int | None] | None = None
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Widget(Contribution):
    """A box of the dashboard.

    :param id: unique among the plugin's widgets.
    :param render: gets the work, gives markup (``render_template(…)``).
    :param span: columns of twelve.
    :param lazy: fetched after the page, when it may take longer than 20 ms.
    :param endpoint: page behind “View all”; empty for none.
    """

    id: str
    title: str
    render: Callable[[Work], str]
    endpoint: str = ""
    permission: str = ""
    span: int = 6
    lazy: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Total(Contribution):
    """A figure of the dashboard's top row.

    :param value: gives (figure as text, meta line) for what the actor may see.
    :param reads: gives what ``value`` asks by ``work.rows``; the page asks these of all totals in one statement.
    """

    label: str
    value: Callable[[Work], tuple[str, str]]
    endpoint: str
    permission: str = ""
    reads: Callable[[Work], Sequence[Read]] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetupStep(Contribution):
    """A step of the set-up list; ``done`` says whether it is behind us."""

    label: str
    endpoint: str
    done: Callable[[Work], bool]
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vital(Contribution):
    """A figure below a record's name. ``value`` gets the work and the record, gives text or ``None`` to show none.

    :param reads: gets the same, gives what ``value`` asks by ``work.rows``; the page asks all its reads in one statement.
    """

    id: str
    label: str
    value: Callable[[Work, Any], str | None]
    permission: str = ""
    reads: Callable[[Work, Any], Sequence[Read]] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Box(Contribution):
    """A box of a record's page. ``render`` gets the work and the record; empty markup hides it.

    Readers drag boxes to where they want them. ``main`` ones begin in the wide column, above the tabs.

    :param reads: gets the same, gives what ``render`` asks by ``work.rows``; the page asks all its reads in one statement.
    """

    id: str
    title: str
    render: Callable[[Work, Any], str]
    permission: str = ""
    main: bool = False
    reads: Callable[[Work, Any], Sequence[Read]] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tab(Contribution):
    """A tab of a record's page; ``url_for("contacts.page", contact_id=…, tab=id)`` leads to that of a contact.

    :param id: unique among all tabs, so begin it with the plugin's id; it stands in the address.
    :param render: gets the work and the record, gives markup; called for the open tab only.
    :param count: gives the number beside its title.
    :param reads: gets the same, gives what ``count`` asks by ``work.rows``; the page asks all its reads in one statement.
    """

    id: str
    title: str
    render: Callable[[Work, Any], str]
    count: Callable[[Work, Any], int] | None = None
    permission: str = ""
    reads: Callable[[Work, Any], Sequence[Read]] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordHit:
    """A record that fits what was typed into a field in which one is picked.

    :param title: what it is called.
    :param note: what tells it from others of that name, such as an e-mail address.
    :param also: further texts that mean this record when they are typed as they are.
    """

    id: int
    title: str
    note: str = ""
    also: Sequence[str] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordTab(Contribution):
    """A tab of the pages of records of every kind (:class:`RecordKind`), behind those of the kind itself.

    Its functions get the work, the name of the kind and the record; the rest is as in :class:`Tab`.
    """

    id: str
    title: str
    render: Callable[[Work, str, Any], str]
    count: Callable[[Work, str, Any], int] | None = None
    permission: str = ""
    reads: Callable[[Work, str, Any], Sequence[Read]] | None = None

    def of(self, kind: str) -> Tab:
        """The tab on the pages of one kind."""

        def bound(ask: Callable[[Work, str, Any], Any]) -> Callable[[Work, Any], Any]:
            return lambda work, record: ask(work, kind, record)

        return Tab(
            id=self.id,
            title=self.title,
            render=bound(self.render),
            count=self.count and bound(self.count),
            permission=self.permission,
            reads=self.reads and bound(self.reads),
            plugin=self.plugin,
            order=self.order,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordKind(Contribution):
    """A kind of record with a page of its own. People tag such records and write into their journal.

    :param name: of one record, such as ``company``; the same as in custom fields, search and the audit log.
    :param label: of one record, in English: ``Company``.
    :param get: gets the work and an id, gives the record; raises :class:`NotFound` when there is none that the actor may see.
    :param titles: gets the work and ids (up to 200), gives id -> what the record is called, for those that the actor may see.
    :param endpoint: of its page.
    :param argument: what the endpoint calls the id.
    :param permission: what it takes to see records of this kind.
    :param edit: what it takes to tag one; asked with the record.
    :param parts: stem of the hooks by which plugins add to its page: for ``companies_company`` those are
        ``companies_company_vitals``, ``…_boxes`` and ``…_tabs``, as far as the plugin declares them.
    :param tag: gets a begun work, ids, names of tags to add and to remove; gives how many records changed. Only for a kind
        whose tags are more than tags (a version, events of its own); it calls ``tags.put``.
    :param find: gets the work, what was typed (nothing: those most likely wanted) and how many to give at most; gives
        :class:`RecordHit`, best first, of records that the actor may see. With it, records of this kind can be picked in forms
        and filters. It is asked while one types, so it takes milliseconds.
    :param make: gets a begun work and a name that was typed; adds a record that is called so, and gives its id. With it, forms
        can offer to add one to those who have the permission ``edit``.
    """

    name: str
    label: str
    get: Callable[[Work, int], Any]
    titles: Callable[[Work, Sequence[int]], Mapping[int, str]]
    endpoint: str
    argument: str
    permission: str
    edit: str
    parts: str = ""
    tag: Callable[[Work, Sequence[int], Sequence[str], Sequence[str]], int] | None = None
    find: Callable[[Work, str, int], Sequence[RecordHit]] | None = None
    make: Callable[[Work, str], int] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ColumnSort:
    """What the contact list sorts by when its column is pressed: a value that the plugin keeps for each contact.

    The list reads an index on the value and the contact's id, in this order, behind the columns of ``where``: for
    ``where=lambda work, model: [model.currency == "EUR"]`` one on ``(currency, value, contact_id)``. Contacts without a value
    come last in both directions.

    :param value: column of a model of the plugin's, with one row for a contact at most: a text, whole number, day or instant.
    :param contact: column of the same model with the contact's id.
    :param where: gets the work and the model, gives conditions on the rows that count.
    """

    value: InstrumentedAttribute[Any]
    contact: InstrumentedAttribute[Any]
    where: Callable[[Work, Any], Sequence[ColumnElement[bool]]] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column(Contribution):
    """A column of the contact list.

    :param id: unique among all columns, so begin it with the plugin's id.
    :param values: gets the work and the contact ids of one page, gives id -> markup or text; ids may be left out. It is asked
        only while the reader has the column in their list.
    :param align: ``end`` for figures.
    :param shown: whether it is there for people who did not choose their columns.
    :param sort: what the list is sorted by; without it, it can't be sorted by this column.
    """

    id: str
    label: str
    values: Callable[[Work, Sequence[int]], Mapping[int, str]]
    align: Literal["start", "end"] = "start"
    permission: str = ""
    shown: bool = False
    sort: ColumnSort | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class FilterForms:
    """A filter as SQL in two forms, of which a long list takes the quicker.

    :param row: a condition on ``Contact``, cheap to ask of each row while an index of the list's order is read.
    :param ids: ``select(id of contacts)``, read from an index of its own.
    :param many: it is known to find thousands, so that its own index is no use.
    """

    row: ColumnElement[bool]
    ids: Select[Any]
    many: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filter(Contribution):
    """A filter of the contact list, or of the list of other records whose hook declares it.

    :param condition: gets the work and the text given, gives an SQL condition on ``Contact`` (or the model of those records) or,
        of contacts, both its :class:`FilterForms`; raises :class:`Invalid`.
    :param choices: gives pairs of value and label; ``None`` for free text.
    :param record: kind of records (:class:`RecordKind`) of which one is picked; the text given is its id then.
    """

    id: str
    label: str
    condition: Callable[[Work, str], ColumnElement[bool] | FilterForms]
    choices: Callable[[Work], Sequence[tuple[str, str]]] | None = None
    record: str = ""
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class BulkAction(Contribution):
    """An action on many contacts.

    :param run: gets a begun work, the ids (at most 1,000 a call) and the form's values; gives a sentence for the notice, or
        ``None`` for the usual one.
    :param choices: pairs of value and label to choose from first.
    :param danger: it is shown in red.
    """

    id: str
    label: str
    run: Callable[[Work, Sequence[int], Mapping[str, str]], str | None]
    permission: str
    icon: str = ""
    choices: Callable[[Work], Sequence[tuple[str, str]]] | None = None
    danger: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class FormPart(Contribution):
    """A section of the contact's form with fields of a plugin, stored in the transaction that stores the contact.

    :param id: unique among the plugin's parts.
    :param title: heading of the section.
    :param fields: gets the work and the contact (``None`` for a new one), gives name -> (field of :mod:`crmhost.web.api`, what it
        shows, width in sixths of the row); names begin with the plugin's id.
    :param save: gets a begun work, the contact's id and name -> what was typed; raises :class:`Invalid` with these names.
    """

    id: str
    title: str
    fields: Callable[[Work, Any], Mapping[str, tuple[Any, Any, int]]]
    save: Callable[[Work, int, Mapping[str, Any]], None]
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuickAction(Contribution):
    """An item of the “New” menu.

    :param key: a letter that opens it from any page, such as ``"c"``; shown beside the label. One that is taken does nothing.
    """

    label: str
    endpoint: str
    permission: str = ""
    icon: str = "plus"
    key: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SlotItem(Contribution):
    """Markup for a slot, a named place of a template.

    :param slot: its name; the hook reference lists all slots with what each hands over.
    :param render: gets the work, and of the slot's context what it names as arguments; gives markup.
    """

    slot: str
    render: Callable[..., str]
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asset(Contribution):
    """A style sheet or ES module in the plugin's ``static/`` folder.

    :param pages: endpoints that load it; all without any.
    :param records: whether the pages of records of every kind load it too.
    """

    path: str
    pages: Sequence[str] = ()
    records: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hit:
    """One line of the palette."""

    title: str
    url: str
    meta: str = ""
    icon: str = "search"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchProvider(Contribution):
    """Finds records for the palette. ``find`` gets the work, the text and how many to give at most."""

    label: str
    find: Callable[[Work, str, int], Sequence[Hit]]
    permission: str = ""
