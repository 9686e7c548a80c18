"""Every hook of the core. A plugin implements one by defining a method of the same name, marked ``@hookimpl``.

The docstring of a hook is its reference page. Each hook has one of these kinds:

``declare``
    Called once per generation, while it is built, without arguments; returns a list of contributions
    (:mod:`crmhost.contributions`; plain dictionaries with the same keys are taken too).
``action``
    Told that something is so; nothing is returned. A failure is logged against the plugin, the others go on.
``filter``
    A value is handed through all implementations; a failing one leaves the value as it was before.
``collect``
    All answers, in order.
``first``
    The first answer that is not ``None``.
``guard``
    May veto by raising :class:`crmhost.api.Vetoed`; only here exceptions reach the caller.
``within``
    Once per unit of work, before its commit, inside a savepoint.

Order: the core, then plugins by their dependencies, then by the integer ``order`` (default 100, low first), then by id.
An implementation may take fewer arguments than the hook offers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .hookmarks import PROJECT, Kind, Spec, hookimpl, hookspec

if TYPE_CHECKING:
    from . import contributions as c
    from .core.files.models import File
    from .core.journal.models import JournalEntry
    from .work.unit import Change, Work

__all__ = ["API_VERSION", "PROJECT", "Kind", "Spec", "hookimpl", "hookspec"]

#: Version of this contract. Minor: hooks or arguments were added. Major: something was removed.
API_VERSION = "1.0"


# --- Declared once per generation ------------------------------------------------------------------------------------


@hookspec("declare")
def routes() -> Sequence[Any]:
    """Flask blueprints with the plugin's pages.

    A blueprint is named like the plugin's id (further ones ``ID_something``) and served below the plugin's ``[names] url``
    (default ``/ID-with-dashes``). Pages need a signed-in user unless marked ``@public``; ``@requires("permission")``
    narrows them (both in :mod:`crmhost.web.api`).
    """
    return []


@hookspec("declare")
def api_blueprints() -> Sequence[Any]:
    """flask-smorest blueprints of the REST API, served below ``/api/v1``.

    Each says its ``url_prefix``, which must be one of the plugin's ``[names] api`` (default ``/ID-with-dashes``) or below one.
    The author guide's page on the REST API shows a whole resource.
    """
    return []


@hookspec("declare")
def api_mounts() -> Sequence[c.ApiMount]:
    """Addresses below which the host serves the API blueprints of all plugins (``rest_api`` declares ``/api/v1``)."""
    return []


@hookspec("declare")
def menu() -> Sequence[c.MenuItem]:
    """Items of the side menu: place, label, endpoint, permission. See :class:`crmhost.api.MenuItem`."""
    return []


@hookspec("declare")
def permissions() -> Sequence[c.Permission]:
    """Permissions that the plugin defines, each named ``ID.something``. Roles keep them while the plugin is off."""
    return []


@hookspec("declare")
def settings() -> Sequence[c.Setting]:
    """Settings of the plugin, each key ``ID.something``; the host builds the page, checks types and encrypts secrets."""
    return []


@hookspec("declare")
def dashboard_widgets() -> Sequence[c.Widget]:
    """Boxes of the dashboard."""
    return []


@hookspec("declare")
def dashboard_totals() -> Sequence[c.Total]:
    """Figures of the dashboard's top row, each with a link to the full list."""
    return []


@hookspec("declare")
def setup_steps() -> Sequence[c.SetupStep]:
    """Steps of the set-up list on the dashboard; each ticks itself."""
    return []


@hookspec("declare")
def contact_vitals() -> Sequence[c.Vital]:
    """Figures in the row below a contact's name."""
    return []


@hookspec("declare")
def contact_boxes() -> Sequence[c.Box]:
    """Boxes at the side of a contact's page."""
    return []


@hookspec("declare")
def contact_tabs() -> Sequence[c.Tab]:
    """Tabs beside the journal of a contact's page."""
    return []


@hookspec("declare")
def record_kinds() -> Sequence[c.RecordKind]:
    """Kinds of records with a page of their own: people tag them and write into their journal, other plugins add to the page."""
    return []


@hookspec("declare")
def record_tabs() -> Sequence[c.RecordTab]:
    """Tabs on the pages of records of every kind: contacts, companies, and whatever other plugins bring."""
    return []


@hookspec("declare")
def contact_columns() -> Sequence[c.Column]:
    """Further columns of the contact list; values are fetched for all rows of a page at once."""
    return []


@hookspec("declare")
def contact_filters() -> Sequence[c.Filter]:
    """Further filters of the contact list and of ``GET /contacts``."""
    return []


@hookspec("declare")
def contact_conditions() -> Sequence[c.ConditionType]:
    """Types of conditions on contacts, by which segments choose people; they need not be installed. The author guide's page on
    conditions shows a whole one.
    """
    return []


@hookspec("declare")
def contact_bulk_actions() -> Sequence[c.BulkAction]:
    """What can be done with selected contacts."""
    return []


@hookspec("declare")
def contact_form_parts() -> Sequence[c.FormPart]:
    """Sections of the contact's form with fields of the plugin's own, stored together with the contact."""
    return []


@hookspec("declare")
def quick_actions() -> Sequence[c.QuickAction]:
    """Items of the “New” menu in the top bar and of the palette."""
    return []


@hookspec("declare")
def slots() -> Sequence[c.SlotItem]:
    """Markup for named places of templates (``{% slot "contact.header" %}``); plugins may have slots of their own too."""
    return []


@hookspec("declare")
def assets() -> Sequence[c.Asset]:
    """Style sheets and ES modules of the plugin's ``static/`` that pages load."""
    return []


@hookspec("declare")
def journal_types() -> Sequence[c.JournalType]:
    """Kinds of journal entries that the plugin writes or offers."""
    return []


@hookspec("declare")
def search() -> Sequence[c.SearchProvider]:
    """What the palette (Ctrl+K) finds."""
    return []


@hookspec("declare")
def custom_field_objects() -> Sequence[c.FieldObject]:
    """Kinds of records that can have custom fields. The author guide's page on custom fields shows a whole one."""
    return []


@hookspec("declare")
def jobs() -> Sequence[c.Job]:
    """Background jobs: a kind ``ID.something`` and its handler. Wanted with ``work.enqueue(kind, …)``."""
    return []


@hookspec("declare")
def schedules() -> Sequence[c.Schedule]:
    """Jobs that start by the clock."""
    return []


@hookspec("declare")
def event_handlers() -> Sequence[c.EventHandler]:
    """What to do after a change is committed: an event name and a handler, run in the background, at least once."""
    return []


@hookspec("declare")
def webhooks() -> Sequence[c.Webhook]:
    """Incoming webhooks, served at ``/hooks/NAME/KEY`` without sign-in; the handler checks the signature."""
    return []


@hookspec("declare")
def cli_commands() -> Sequence[Any]:
    """Click commands or groups, reached as ``crmhost ID-with-dashes …`` (or the names under ``[names] cli``).

    A command is called like one of these names and gets the site by ``@click.pass_obj``: :class:`crmhost.api.Site`. It works
    inside ``with site.work() as work:`` and writes inside ``with work.begin():``; what it raises of
    :class:`crmhost.api.CrmError` is told in one line, with status 1.
    """
    return []


@hookspec("declare")
def importers() -> Sequence[c.Importer]:
    """Kinds of records that CSV import can bring in."""
    return []


@hookspec("declare")
def exporters() -> Sequence[c.Exporter]:
    """Kinds of records that CSV export can write."""
    return []


@hookspec("declare")
def health_checks() -> Sequence[c.HealthCheck]:
    """Checks for the Health page and ``crmhost doctor``."""
    return []


@hookspec("declare")
def services() -> Sequence[c.Service]:
    """Typed services that other plugins may ask for by name (``work.service("ledger")``)."""
    return []


@hookspec("declare")
def hookspecs() -> Sequence[Any]:
    """Modules with hooks of the plugin's own, declared with :func:`hookspec` and named ``ID_something``.

    They are called by ``work.hooks.call("ID_something", work=work, …)``, arguments by name and all that the hook names. A
    ``filter`` takes its value as the second positional argument and gives it back, a ``collect`` gives a list of
    :class:`crmhost.api.Answer` with ``plugin`` and ``value``, a ``first`` one answer or ``None``.
    """
    return []


# --- Life of a plugin ------------------------------------------------------------------------------------------------


@hookspec("action")
def on_enable(work: Work) -> None:
    """Called for one plugin, inside the transaction that enables it, after its migrations: build derived data.

    A failure leaves the plugin off and the database as it was.
    """


@hookspec("action")
def on_disable(work: Work) -> None:
    """Called for one plugin, inside the transaction that disables it. Its data stays. A failure is logged only."""


@hookspec("action")
def on_purge(work: Work) -> None:
    """Called for one plugin before its tables are dropped, when its code still runs: remove what lies outside them."""


@hookspec("action")
def rebuild(work: Work) -> None:
    """Called for one plugin when its derived data went stale (its ``within`` failed): compute it anew."""


@hookspec("action")
def demo_data(work: Work, contact_ids: Sequence[int], seed: int) -> None:
    """Add demo data around invented contacts that were just added, inside their transaction, up to 500 at a time.

    The same ``seed`` and contacts give the same data. Names are invented, addresses end in example.com, .net or .org.
    """


# --- While something changes -----------------------------------------------------------------------------------------


@hookspec("within")
def within(work: Work, changes: Sequence[Change]) -> None:
    """Once per unit of work, before its commit, with all its changes: keep derived data that must never lag.

    Runs in a savepoint. If it raises, only its own writes are taken back, the plugin's derived data is marked stale and
    repaired later by :func:`rebuild`; the change itself stands. A bulk import calls it once per batch.

    ``changes`` are in the order in which they were noted. Services may be called here and events told (``work.tell``); what is
    noted here with ``work.changed`` becomes an event, but no handler is called again for it.
    """


@hookspec("filter")
def contact_prepare(value: dict[str, Any], work: Work, contact_id: int | None) -> dict[str, Any]:
    """The fields of a contact about to be stored, after validation; ``contact_id`` is ``None`` for a new one."""
    return value


@hookspec("guard")
def contact_before_delete(work: Work, contact_ids: Sequence[int]) -> None:
    """Raise :class:`crmhost.api.Vetoed` to keep contacts from going to the bin.

    It is not asked when a contact is erased for good, from the bin or on a person's demand: see :func:`contact_erase`.
    """


@hookspec("guard")
def status_before_delete(work: Work, status_id: int, heir_id: int | None) -> None:
    """Raise :class:`crmhost.api.Vetoed` to keep a status; ``heir_id`` is the one that takes its contacts."""


@hookspec("guard")
def journal_entry_added(work: Work, entry: JournalEntry, values: Mapping[str, str]) -> None:
    """A person wrote a journal entry, inside its transaction: do what they asked for in the same step, such as a follow-up.

    ``values`` holds what stands in the fields that the plugin put into the form by the slot ``journal.composer``; their names
    begin with its id (``tasks.due``). Raise :class:`crmhost.api.Invalid` and nothing is written, nothing typed is lost.
    """


@hookspec("action")
def contacts_merged(work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
    """Contacts were merged, inside the transaction; ``[data] contact_refs`` already moved: compute derived data anew.

    Rows that a unique constraint kept from moving follow ``[data] on_clash``. What is written here is no edit for an undo.
    """


@hookspec("action")
def contacts_unmerged(work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
    """A merge was undone, inside the transaction; references went back, but for rows edited since: compute derived data anew."""


@hookspec("collect")
def contact_personal_data(work: Work, contact_id: int) -> Any:
    """JSON-able data on a person who wants it, beyond ``[data] personal``: no secrets, nothing about others."""


@hookspec("action")
def contact_erase(work: Work, contact_id: int) -> None:
    """Erase what is held on one person, beyond what ``[data]`` lists and beyond rows that go by ``ondelete="CASCADE"``.

    Called for a contact that is erased for good, inside the transaction, before its row goes.
    """


@hookspec("first")
def mail_pictures(work: Work, file_ids: Sequence[int]) -> Collection[int]:
    """Which of these pictures, taken in by the editor of mails, a text that the plugin keeps still shows.

    Every plugin is asked, once a day inside a transaction; those that nobody names are removed. A failure means all. A text names
    a picture by its address (``/storage/12?show=1``). Mails that were written need no answer; while a plugin that may send mail
    is off, nothing is removed.
    """
    return ()


# --- Demo data --------------------------------------------------------------------------------------------------------


@hookspec("first")
def demo_records(work: Work, kind: str, number: int, seed: int, start: int) -> int | None:
    """Adds demo records of a kind, such as ``transactions``, inside a transaction; gives how many, ``None`` for kinds of others.

    Called with at most 500 at a time, counted on from ``start``. The same numbers and seed give the same; what is there already
    is not added twice. Names are invented, addresses end in example.com, .net or .org.
    """
    return None


# --- Who may do what -------------------------------------------------------------------------------------------------


@hookspec("first")
def file_access(work: Work, file: File, action: str) -> bool | None:
    """Whether ``work.actor`` may ``"open"``, ``"store"`` or ``"delete"`` a file that the plugin owns.

    Only the plugin that owns the file is asked (``owner`` of :func:`crmhost.api.files.stage`). ``None`` leaves it to whoever
    brought the file. A failure means no, and while the plugin is off nobody opens its files. The host has looked already whether
    the actor may see the contact that the file is about. A file that is about to be stored has no ``id`` yet.
    """
    return None
