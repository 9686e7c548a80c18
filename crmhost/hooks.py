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

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .hookmarks import PROJECT, Kind, Spec, hookimpl, hookspec
from .working_hooks import (
    contact_before_delete,
    contact_erase,
    contact_personal_data,
    contact_prepare,
    contacts_merged,
    contacts_unmerged,
    demo_records,
    file_access,
    journal_entry_added,
    mail_pictures,
    mail_placeholders,
    mail_values,
    status_before_delete,
    within,
)

if TYPE_CHECKING:
    from . import contributions as c
    from .work.unit import Work

__all__ = [
    "API_VERSION",
    "PROJECT",
    "Kind",
    "Spec",
    "contact_before_delete",
    "contact_erase",
    "contact_personal_data",
    "contact_prepare",
    "contacts_merged",
    "contacts_unmerged",
    "demo_records",
    "file_access",
    "hookimpl",
    "hookspec",
    "journal_entry_added",
    "mail_pictures",
    "mail_placeholders",
    "mail_values",
    "status_before_delete",
    "within",
]

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
def page_mounts() -> Sequence[c.PageMount]:
    """Places below the plugin's address where others put pages for people without an account of staff, such as clients."""
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
def mail_blocks() -> Sequence[c.MailBlock]:
    """Types of blocks, of which mails are put together; those of a plugin that is off keep their mail from being sent."""
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
