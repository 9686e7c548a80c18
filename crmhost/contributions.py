"""What a plugin can add to the site: one frozen dataclass per kind, returned by the ``declare`` hooks.

A plugin may return plain dictionaries with the same keys instead. Labels are English; the host hands them through gettext
with the plugin's catalogue. Callables are run by the host inside the plugin's context: timed, attributed, isolated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from .errors import PluginError

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import ColumnElement

    from .work.unit import Work


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contribution:
    """Base of all contributions.

    :param plugin: id of the owner; filled in by the host.
    :param order: low numbers come first.
    """

    plugin: str = ""
    order: int = 100

    @classmethod
    def coerce(cls, plugin: str, value: object) -> Self:
        """This contribution from what a plugin returned: the dataclass itself or a mapping with its fields."""
        if isinstance(value, cls):
            return dataclasses.replace(value, plugin=plugin)
        if isinstance(value, Mapping):
            known = {field.name for field in dataclasses.fields(cls)}
            unknown = sorted(set(value) - known)
            if unknown:
                raise PluginError(plugin, f"{cls.__name__} has no “{unknown[0]}”; it takes {', '.join(sorted(known))}.")
            try:
                return cls(**{**value, "plugin": plugin})
            except TypeError as error:
                raise PluginError(plugin, f"{cls.__name__}: {error}.") from error
        raise PluginError(plugin, f"Expected a {cls.__name__} or a dictionary, not {type(value).__name__}.")


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
class Permission(Contribution):
    """A permission, ``ID.something``.

    :param roles: names of default roles that get it when the plugin is enabled for the first time (“Admin” always does).
    """

    name: str
    label: str
    roles: Sequence[str] = ()


SettingKind = Literal[
    "text", "long_text", "integer", "number", "boolean", "choice", "list", "email", "url", "secret", "json"
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting(Contribution):
    """A setting, ``ID.something``.

    :param kind: type of the value: ``text`` (one line), ``long_text``, ``email``, ``url`` and ``choice`` give a text; ``integer``
        an int, ``number`` a float, ``boolean`` a bool, ``list`` a list of texts, ``json`` any JSON value; ``secret`` is a text
        that is stored encrypted and never shown again.
    :param choices: for ``choice``: pairs of value and label, or a callable that gives them.
    :param validate: gets the work and the parsed value, gives the value to store, raises ``Invalid("sentence")``, which is
        put to this setting's field.
    :param page: settings page it stands on; the plugin's own by default.
    :param hidden: kept by the plugin itself, not on a page.
    :param rebuilds: a change makes a new generation, as switching a plugin does: for what is read while that is built. Values
        read with ``work.settings.get`` are fresh without it.
    """

    key: str
    label: str = ""
    kind: SettingKind = "text"
    default: Any = None
    help: str = ""
    choices: Sequence[tuple[str, str]] | Callable[[Work], Sequence[tuple[str, str]]] = ()
    validate: Callable[[Work, Any], Any] | None = None
    page: str = ""
    hidden: bool = False
    rebuilds: bool = False


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
    """

    label: str
    value: Callable[[Work], tuple[str, str]]
    endpoint: str
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetupStep(Contribution):
    """A step of the set-up list; ``done`` says whether it is behind us."""

    label: str
    endpoint: str
    done: Callable[[Work], bool]
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vital(Contribution):
    """A figure below a contact's name. ``value`` gets the work and the contact, gives text or ``None`` to show none."""

    id: str
    label: str
    value: Callable[[Work, Any], str | None]
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Box(Contribution):
    """A box at the side of a contact's page. ``render`` gets the work and the contact; empty markup hides it."""

    id: str
    title: str
    render: Callable[[Work, Any], str]
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tab(Contribution):
    """A tab of a contact's page; ``url_for("contacts.page", contact_id=…, tab=id)`` leads to it.

    :param id: unique among all tabs, so begin it with the plugin's id; it stands in the address.
    :param render: gets the work and the contact, gives markup; called for the open tab only.
    :param count: gives the number beside its title.
    """

    id: str
    title: str
    render: Callable[[Work, Any], str]
    count: Callable[[Work, Any], int] | None = None
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column(Contribution):
    """A column of the contact list.

    :param id: unique among all columns, so begin it with the plugin's id.
    :param values: gets the work and the contact ids of one page, gives id -> markup or text; ids may be left out.
    :param align: ``end`` for figures.
    :param shown: whether it is there for people who did not choose their columns. The list can't be sorted by it.
    """

    id: str
    label: str
    values: Callable[[Work, Sequence[int]], Mapping[int, str]]
    align: Literal["start", "end"] = "start"
    permission: str = ""
    shown: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filter(Contribution):
    """A filter of the contact list.

    :param condition: gets the work and the text given, gives an SQL condition on ``Contact``; raises :class:`Invalid`.
    :param choices: gives pairs of value and label; ``None`` for free text.
    """

    id: str
    label: str
    condition: Callable[[Work, str], ColumnElement[bool]]
    choices: Callable[[Work], Sequence[tuple[str, str]]] | None = None
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
    """A style sheet or ES module in the plugin's ``static/`` folder; ``pages``: endpoints that load it, none for all."""

    path: str
    pages: Sequence[str] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class JournalType(Contribution):
    """A kind of journal entry.

    :param name: ``note`` … in the core, ``ID.something`` in plugins.
    :param contact: whether an entry counts as having contacted the person.
    :param manual: whether people may choose it when they write an entry.
    """

    name: str
    label: str
    icon: str = "note"
    contact: bool = False
    manual: bool = False


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job(Contribution):
    """A background job.

    ``work.enqueue`` records it in the transaction of the change. In this version jobs are recorded; the dispatcher of the next
    version runs them, those recorded until then too.

    :param kind: ``ID.something``.
    :param handler: gets a context, whose ``work`` is not yet begun, and the arguments by name; must be repeatable.
    :param attempts: how often it is tried, with growing pauses, before it is given up.
    """

    kind: str
    handler: Callable[..., Any]
    label: str = ""
    attempts: int = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Schedule(Contribution):
    """Starts a job by the clock, in the site's time zone. In this version it is only recorded, as :class:`Job` says.

    :param cron: five fields: minute, hour, day of the month, month, day of the week.
    :param arguments: of the job, by name.
    """

    kind: str
    cron: str
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EventHandler(Contribution):
    """Runs after a change is committed, in the background, at least once.

    In this version events are recorded; the dispatcher of the next version delivers them.

    :param event: such as ``contact.created``, or an event of another plugin, such as ``ledger.closed``.
    :param handler: gets a work that is not yet begun and the :class:`Event`.
    """

    event: str
    handler: Callable[..., Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Webhook(Contribution):
    """An incoming webhook.

    :param name: first part of the address ``/hooks/NAME/KEY``; declared under ``[names] webhooks``.
    :param handler: gets a work, the key, the headers and the raw body; gives (status code, JSON-able answer).
        It writes inside ``with work.begin():``.
    """

    name: str
    handler: Callable[[Work, str, Mapping[str, str], bytes], tuple[int, Any]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ApiMount(Contribution):
    """An address below which the host serves every plugin's API blueprints.

    :param prefix: such as ``/api/v1``.
    :param before: called before each request there; returns ``None`` to go on, or a response.
    :param around: gets the view as a callable without arguments, calls it and gives its answer.
    :param problem: gets the exception that a resource raised, gives the response.
    """

    prefix: str
    before: Callable[[], Any]
    problem: Callable[[Exception], Any]
    around: Callable[[Callable[[], Any]], Any] = lambda view: view()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportField:
    """A field that a column of a CSV file can be mapped to.

    :param aliases: what other programs call it, the more telling first; case, accents and punctuation don't matter.
    :param kind: what its cells hold: ``text``; ``list``: several columns may go to it, their cells arrive joined by line
        breaks; ``instant``: written in any usual way, it arrives as ISO 8601.
    """

    name: str
    label: str
    aliases: Sequence[str] = ()
    required: bool = False
    kind: Literal["text", "list", "instant"] = "text"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RowResult:
    """What became of one imported row.

    :param outcome: ``refused`` says in ``reasons`` why; the other outcomes may have remarks there.
    :param id: of the record; none when it was refused.
    :param before: JSON-able; what ``undo`` needs to take an update back. It is stored and handed to ``undo`` again.
    """

    outcome: Literal["added", "updated", "skipped", "refused"]
    id: int | None = None
    reasons: Sequence[str] = ()
    before: Mapping[str, Any] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Importer(Contribution):
    """A kind of record that CSV import brings in.

    :param kind: the records' name in the plural, as the command takes it (``crmhost import loans FILE``).
    :param fields: what columns can be mapped to.
    :param save: gets a begun work, up to 500 mapped rows, the field to match by and the mode; gives one result per row. For
        records that are there already, ``update`` overwrites, ``skip`` leaves them, ``fill`` writes into empty fields only.
        Cells that are blank are left out of a row; its key ``reason`` is a sentence that says which row of which file it is.
        One bad row must not raise: put it into ``with work.part():``. When ``save`` raises all the same, the rows come
        again one by one.
    :param match_by: names of fields by which a record is recognised, the usual one first; at least one.
    :param undo: gets a begun work and the results of a run; takes back what was not edited since; gives the ids left alone.
    """

    kind: str
    label: str
    fields: Callable[[Work], Sequence[ImportField]]
    save: Callable[[Work, Sequence[Mapping[str, str]], str, str], Sequence[RowResult]]
    undo: Callable[[Work, Sequence[RowResult]], Sequence[int]] | None = None
    match_by: Sequence[str] = ("email",)
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exporter(Contribution):
    """A kind of record that CSV export writes.

    :param kind: the records' name in the plural, as the command takes it (``crmhost export loans``).
    :param columns: gives pairs of name and label: the name is the key in ``rows`` and stands in the file's first line, the label
        is shown where columns are chosen.
    :param rows: gets the work and the filters, which are the texts given after ``--filter NAME=VALUE`` or in the address; gives
        one mapping per record, read in batches so that memory stays flat. It refuses a filter that it does not know by
        raising :class:`Invalid`.
    """

    kind: str
    label: str
    columns: Callable[[Work], Sequence[tuple[str, str]]]
    rows: Callable[[Work, Mapping[str, str]], Iterator[Mapping[str, Any]] | Iterable[Mapping[str, Any]]]
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Health:
    """Answer of a health check; ``advice`` says what to do."""

    level: Literal["ok", "warning", "error"]
    message: str
    advice: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class HealthCheck(Contribution):
    """A check of the Health page."""

    id: str
    label: str
    check: Callable[[Work], Health]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Service(Contribution):
    """A service for other plugins. ``name`` is the plugin's id or ``ID.something``; ``factory`` gets the work."""

    name: str
    factory: Callable[[Work], Any]


@dataclasses.dataclass(frozen=True)
class Event:
    """An event as a handler gets it.

    :param id: the same at every repeat of this event: use it to recognise repeats.
    :param ids: the objects concerned, up to 1,000.
    """

    id: int
    name: str
    ids: tuple[int, ...]
    data: Mapping[str, Any]
    at: dt.datetime
    actor: str


#: Hook of kind ``declare`` -> the contribution it returns. Hooks that return foreign objects are not listed.
DECLARED: dict[str, type[Contribution]] = {
    "menu": MenuItem,
    "permissions": Permission,
    "settings": Setting,
    "dashboard_widgets": Widget,
    "dashboard_totals": Total,
    "setup_steps": SetupStep,
    "contact_vitals": Vital,
    "contact_boxes": Box,
    "contact_tabs": Tab,
    "contact_columns": Column,
    "contact_filters": Filter,
    "contact_bulk_actions": BulkAction,
    "quick_actions": QuickAction,
    "slots": SlotItem,
    "assets": Asset,
    "journal_types": JournalType,
    "search": SearchProvider,
    "jobs": Job,
    "schedules": Schedule,
    "event_handlers": EventHandler,
    "webhooks": Webhook,
    "api_mounts": ApiMount,
    "importers": Importer,
    "exporters": Exporter,
    "health_checks": HealthCheck,
    "services": Service,
}
