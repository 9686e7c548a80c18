"""What plugins import, besides :mod:`crmhost.hooks`: units of work, models, services, contributions, errors. Free of Flask.

Names are removed only after having been deprecated for two minor versions of the plugin API. What is not listed in
``__all__`` here (or in :mod:`crmhost.web.api`, for routes) is not for plugins.

Services are modules; their functions take the work first: ``contacts.create(work, {...})``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from . import documents, money
from . import net as http
from .contributions import (
    ApiMount,
    Asset,
    BlockField,
    Box,
    BulkAction,
    Column,
    ColumnSort,
    ConditionType,
    Contribution,
    Event,
    EventHandler,
    Exporter,
    FieldObject,
    Filter,
    FilterForms,
    FormPart,
    Health,
    HealthCheck,
    Hit,
    Importer,
    ImportField,
    ImportPreset,
    Job,
    JournalType,
    MailBlock,
    MenuItem,
    PageMount,
    Permission,
    QuickAction,
    RecordHit,
    RecordKind,
    RecordTab,
    RowResult,
    Schedule,
    SearchProvider,
    Service,
    Setting,
    SetupStep,
    SlotItem,
    Tab,
    Total,
    Vital,
    Webhook,
    Widget,
)
from .core import keyset, pictures, placeholders, record_fields, record_imports
from .core import text as texts
from .core.conditions import services as conditions
from .core.conditions.asked import ConditionTest
from .core.contacts import bulk as contacts_bulk
from .core.contacts import queries as contacts_list
from .core.contacts import search, tags
from .core.contacts import services as contacts
from .core.contacts.models import Contact, ContactEmail, ExternalId, Tag, Tagging
from .core.fields import services as custom_fields
from .core.files import services as files
from .core.files.models import File
from .core.jobs import services as jobs
from .core.journal import kinds as journal_kinds
from .core.journal import services as journal
from .core.journal.models import JournalEntry
from .core.links import services as links
from .core.links.models import Link
from .core.mail import services as mail
from .core.merging import services as merging
from .core.notifications import services as notifications
from .core.numbering import services as numbering
from .core.privacy import services as privacy
from .core.rates import services as rates
from .core.records import filters, schemas
from .core.records import services as records
from .core.records.listing import RecordList, money_sums
from .core.rows import insert_objects, insert_rows
from .core.settings import services as settings
from .core.statuses import services as statuses
from .core.statuses.models import Status, StatusChange, StatusCount
from .core.users import audit, limits, passwords
from .core.users import services as users
from .core.users.models import ApiToken, Role, User
from .db import MessageJSON, MessageLine, MessageText, UTCDateTime, metadata, plugin_base, upsert, utcnow
from .errors import (
    Conflict,
    CrmError,
    Forbidden,
    GiveUp,
    Invalid,
    JobStopped,
    NotFound,
    Overtaken,
    PluginError,
    RetryLater,
    Stale,
    Vetoed,
)
from .host.hookcall import Answer
from .messages import Message, Plural
from .money import Money
from .work.context import JobContext
from .work.reads import Read
from .work.tables import AuditEntry, JobRow
from .work.unit import SYSTEM, Actor, Change, Work

__all__ = [
    "SYSTEM",
    "Actor",
    "Answer",
    "ApiMount",
    "ApiToken",
    "Asset",
    "AuditEntry",
    "BlockField",
    "Box",
    "BulkAction",
    "Change",
    "Column",
    "ColumnSort",
    "ConditionTest",
    "ConditionType",
    "Conflict",
    "Contact",
    "ContactEmail",
    "Contribution",
    "CrmError",
    "Event",
    "EventHandler",
    "Exporter",
    "ExternalId",
    "FieldObject",
    "File",
    "Filter",
    "FilterForms",
    "Forbidden",
    "FormPart",
    "GiveUp",
    "Health",
    "HealthCheck",
    "Hit",
    "ImportField",
    "ImportPreset",
    "Importer",
    "Invalid",
    "Job",
    "JobContext",
    "JobRow",
    "JobStopped",
    "JournalEntry",
    "JournalType",
    "Link",
    "MailBlock",
    "MenuItem",
    "Message",
    "MessageJSON",
    "MessageLine",
    "MessageText",
    "Money",
    "NotFound",
    "Overtaken",
    "PageMount",
    "Permission",
    "PluginError",
    "Plural",
    "QuickAction",
    "Read",
    "RecordHit",
    "RecordKind",
    "RecordList",
    "RecordTab",
    "RetryLater",
    "Role",
    "RowResult",
    "Schedule",
    "SearchProvider",
    "Service",
    "Setting",
    "SetupStep",
    "Site",
    "SlotItem",
    "Stale",
    "Status",
    "StatusChange",
    "StatusCount",
    "Tab",
    "Tag",
    "Tagging",
    "Total",
    "UTCDateTime",
    "User",
    "Vetoed",
    "Vital",
    "Webhook",
    "Widget",
    "Work",
    "audit",
    "conditions",
    "contacts",
    "contacts_bulk",
    "contacts_list",
    "custom_fields",
    "documents",
    "files",
    "filters",
    "http",
    "insert_objects",
    "insert_rows",
    "jobs",
    "journal",
    "journal_kinds",
    "keyset",
    "limits",
    "links",
    "mail",
    "merging",
    "metadata",
    "money",
    "money_sums",
    "notifications",
    "numbering",
    "passwords",
    "pictures",
    "placeholders",
    "plugin_base",
    "privacy",
    "rates",
    "record_fields",
    "record_imports",
    "records",
    "schemas",
    "search",
    "settings",
    "statuses",
    "tags",
    "texts",
    "upsert",
    "users",
    "utcnow",
]


class Site(Protocol):
    """The site as a command gets it by ``click.pass_obj``."""

    def work(self, actor: Actor = SYSTEM, *, locale: str = "") -> AbstractContextManager[Work]:
        """A unit of work, closed at the end of the ``with``; ``with work.begin():`` inside it writes."""
