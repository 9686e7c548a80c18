"""Contributions beyond pages: permissions, settings, journal, jobs, events, webhooks, imports, health, services."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from .base import Contribution

if TYPE_CHECKING:
    import datetime as dt

    from ..work.unit import Work


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
    :param permission: what changing it takes besides ``settings.edit``.
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
    permission: str = ""
    rebuilds: bool = False


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
class Job(Contribution):
    """A background job; ``work.enqueue`` wants one, in the transaction of the change.

    It runs at least once: a worker that is killed leaves it to another one. So the handler must be repeatable; ``job.key`` is
    the same at each attempt.

    :param kind: ``ID.something``.
    :param handler: gets a :class:`JobContext` and the arguments by name; gives a JSON-able mapping, or nothing. ``message`` and
        ``url`` in it are shown to who asked for the job.
    :param label: what the Jobs page calls it.
    :param attempts: how often it may fail, with growing pauses, before it is given up.
    :param run_as: with whose permissions its ``work`` acts: the host's own, or those that its asker has when it runs.
    """

    kind: str
    handler: Callable[..., Mapping[str, Any] | None]
    label: str = ""
    attempts: int = 8
    run_as: Literal["system", "asker"] = "system"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Schedule(Contribution):
    """Starts a job by the clock, in the site's time zone: once, whatever the number of workers.

    What fell due while no worker ran is started once, not as often as it was missed.

    :param cron: five fields: minute, hour, day of the month, month, day of the week.
    :param arguments: of the job, by name.
    :param when: asked before a job is made, with a work that is not begun; while it says no, none is made.
    """

    kind: str
    cron: str
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    when: Callable[[Work], bool] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class EventHandler(Contribution):
    """Runs after a change is committed, in the background, at least once, in the order of the events of one object.

    While it fails for an event, later events of the same objects wait; those of others don't.

    :param event: such as ``contact.created``, an event of another plugin, such as ``ledger.closed``, all of one kind
        (``contact.*``), or ``*`` for every event.
    :param handler: gets a work that is not yet begun and the :class:`Event`.
    :param name: tells two handlers of the same event apart; the function's name by default. What waits for a handler is
        found again by it, so keep it when you rename the function.
    """

    event: str
    handler: Callable[[Work, Event], Any]
    name: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Webhook(Contribution):
    """An incoming webhook.

    :param name: first part of the address ``/hooks/NAME/KEY``; declared under ``[names] webhooks``.
    :param handler: gets a work, the key, the headers (named as in ``X-Signature``) and the raw body; gives
        (status code, JSON-able answer). It writes inside ``with work.begin():``. A refusal that it raises, such as
        ``Invalid``, is answered with its status; all else is a failure of the plugin, answered with 500, and comes again.
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
class PageMount(Contribution):
    """Lets other plugins put pages below the plugin's own address, for people who have no account of staff.

    Nobody of staff is signed in there, whatever cookies the browser has: who asks, ``around`` finds out, so that no page can
    forget it. Forms need their token, as everywhere. What fails counts against the plugin whose page it is.

    :param hook: a ``declare`` hook of the plugin's own. Each contribution has an ``id``, such as ``quotes``, and a
        ``blueprint``, called as in ``routes()``, which is served at ``/ADDRESS/ID``; or ``None`` there.
    :param around: gets a view as a callable, calls it and gives its answer. What it names is handed to the view beside the parts
        of the address: ``view(client=…)``.
    :param problem: gets what a view refuses by, an ``HTTPException`` or :class:`CrmError`; gives the response.
    """

    hook: str
    around: Callable[[Callable[..., Any]], Any]
    problem: Callable[[Exception], Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportField:
    """A field that a column of a CSV file can be mapped to.

    :param aliases: what other programs call it, the more telling first; case, accents and punctuation don't matter.
    :param kind: what its cells hold: ``text``; ``list``: several columns may go to it, their cells arrive joined by line
        breaks; ``instant``: written in any usual way, it arrives as ISO 8601.
    :param choices: texts that it can hold, for a field that holds one of a few: people can say which of them other words mean.
    """

    name: str
    label: str
    aliases: Sequence[str] = ()
    required: bool = False
    kind: Literal["text", "list", "instant"] = "text"
    choices: Sequence[str] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportPreset:
    """What is known of the files that another program writes. Case, accents and punctuation of headings don't matter.

    :param name: of the program, as people call it; it is not translated.
    :param signs: headings that its files have and others don't; a file with all of them is taken for one of its files.
    :param columns: heading -> field, empty for a column that is left out. What is not named here is guessed.
    :param values: field -> text that every row gets whose cells give the field nothing.
    """

    name: str
    signs: Sequence[str]
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)


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
        Cells that are blank are left out of a row; its key ``reason`` is a :class:`Message` that says which row of which
        file it is. One bad row must not raise: put it into ``with work.part():``. When ``save`` raises all the same, the
        rows come again one by one.
    :param match_by: names of fields by which a record is recognised, the usual one first; at least one.
    :param undo: gets a begun work and the results of a run; takes back what was not edited since; gives the ids left alone.
    :param new_field: gets a begun work, a label and a kind (one of those of custom fields that need no choices); makes a field
        for a column that no field fits, and gives its name. Without it people can't make fields while they import.
    :param presets: files of other programs that are recognised by their headings.
    """

    kind: str
    label: str
    fields: Callable[[Work], Sequence[ImportField]]
    save: Callable[[Work, Sequence[Mapping[str, str]], str, str], Sequence[RowResult]]
    undo: Callable[[Work, Sequence[RowResult]], Sequence[int]] | None = None
    new_field: Callable[[Work, str, str], str] | None = None
    match_by: Sequence[str] = ("email",)
    permission: str = ""
    presets: Sequence[ImportPreset] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exporter(Contribution):
    """A kind of record that CSV export writes.

    :param kind: the records' name in the plural, as the command takes it (``crmhost export loans``).
    :param columns: gives pairs of name and label: the name is the key in ``rows`` and stands in the file's first line, the label
        is shown where columns are chosen.
    :param rows: gets the work and the filters, which are the texts given after ``--filter NAME=VALUE`` or in the address; gives
        one mapping per record, read in batches so that memory stays flat: by keys, because a transaction may end between two
        batches. It refuses a filter that it does not know by
        raising :class:`Invalid`.
    """

    kind: str
    label: str
    columns: Callable[[Work], Sequence[tuple[str, str]]]
    rows: Callable[[Work, Mapping[str, str]], Iterator[Mapping[str, Any]] | Iterable[Mapping[str, Any]]]
    permission: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FieldObject(Contribution):
    """A kind of record that can have custom fields, which people define under Settings > Field options.

    :param name: of one record, such as ``company``; the same as in the journal, tags and search.
    :param label: of many, such as ``Companies``.
    :param model: its model, with the columns ``id`` (a whole number) and ``custom`` (JSON).
    :param renewed: gets a begun work and ids (up to 500) whose values a job changed: for versions and events.
    :param searched: gets a begun work and ids (up to 500) whose values of a text are to be found from now on, or no longer:
        renews what these records are found by (see ``custom_fields.searched``).
    """

    name: str
    label: str
    model: type[Any]
    renewed: Callable[[Work, Sequence[int]], None] | None = None
    searched: Callable[[Work, Sequence[int]], None] | None = None


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
