"""What the routes and forms of plugins import: the request's unit of work, who may open a page, toasts, forms, lists.

Everything here is kept stable under the rules of :data:`crmhost.hooks.API_VERSION`.
"""

from __future__ import annotations

from flask import Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as lazy_text

from ..core.contacts.contributed import filters as contributed_filters
from ..core.contacts.countries import country_choices
from ..core.contacts.custom_columns import custom_columns as custom_field_columns
from ..core.contacts.custom_columns import custom_filters as custom_field_filters
from ..core.contacts.forms import people as people_choices
from ..core.fields.forms import add_fields as add_custom_fields
from ..core.fields.forms import filled as filled_custom_field
from ..core.fields.forms import typed as typed_custom_fields
from ..core.fields.showing import shown as shown_custom_field
from ..core.files.routes import stored_file
from ..core.jobs.showing import job_progress, lasting
from ..core.journal.panel import journal_panel
from ..core.mail.content_fields import MailContent
from ..core.mail.template_pages import framed_alone as mail_page
from ..core.mail.template_pages import framed_error as mail_preview_error
from ..core.mail.template_pages import framed_mail as mail_preview
from ..core.mail.template_pages import offer as offer_mail_placeholders
from ..core.mail.template_pages import somebody as anybody_mailed
from ..core.records.links import record_url
from ..core.records.page import RecordBox, record_page
from ..core.users.account import browser_name
from . import rest, switching
from .charts import Chart, ChartReceipt, ChartSeries, chart_box
from .client_lists import ClientList, client_list
from .downloads import name_download
from .forms import (
    AreaField,
    ChoiceField,
    ChoicesField,
    DayField,
    EmailField,
    Form,
    IntegerField,
    ListField,
    MomentField,
    MoneyField,
    NumberField,
    PhoneField,
    RecordField,
    RecordsField,
    RichTextField,
    SecretField,
    Section,
    SwitchField,
    TagsField,
    TextField,
    UrlField,
)
from .forms.lines import LinesField
from .forms.records import picked_record
from .forms.versions import VersionedForm, both_versions
from .guesses import slowed
from .i18n import ago, clock, day, language_choices, moment, money, number, parse_day, parse_number, percent
from .linked import guessed, linked, opened_now, unlisted
from .papers import paper_html, paper_pdf, text_in
from .request import (
    Person,
    client_address,
    current_person,
    current_work,
    is_fragment,
    local_path,
    one_transaction,
    public,
    repeatable,
    requires,
    use_actor,
    writing,
)
from .tables import (
    Bulk,
    BulkDone,
    Cell,
    CellEdit,
    Table,
    TableColumn,
    TableCount,
    TableFilter,
    TablePage,
    TableQuery,
    TableSum,
)
from .tables.cells import (
    day_column,
    link_cell,
    money_column,
    status_cell,
    tag_cells,
    tag_filter,
    tags_column,
    text_column,
)
from .tables.pages import list_page
from .tables.records import RecordRows, bin_table, bulk_delete, bulk_erase, bulk_restore, bulk_tags
from .templating import icon, link, plugin_asset
from .toasts import toast

__all__ = [
    "AreaField",
    "Bulk",
    "BulkDone",
    "Cell",
    "CellEdit",
    "Chart",
    "ChartReceipt",
    "ChartSeries",
    "ChoiceField",
    "ChoicesField",
    "ClientList",
    "DayField",
    "EmailField",
    "Form",
    "IntegerField",
    "LinesField",
    "ListField",
    "MailContent",
    "MomentField",
    "MoneyField",
    "NumberField",
    "Person",
    "PhoneField",
    "RecordBox",
    "RecordField",
    "RecordRows",
    "RecordsField",
    "Response",
    "RichTextField",
    "SecretField",
    "Section",
    "SwitchField",
    "Table",
    "TableColumn",
    "TableCount",
    "TableFilter",
    "TablePage",
    "TableQuery",
    "TableSum",
    "TagsField",
    "TextField",
    "UrlField",
    "VersionedForm",
    "abort",
    "add_custom_fields",
    "ago",
    "anybody_mailed",
    "bin_table",
    "both_versions",
    "browser_name",
    "bulk_delete",
    "bulk_erase",
    "bulk_restore",
    "bulk_tags",
    "chart_box",
    "client_address",
    "client_list",
    "clock",
    "contributed_filters",
    "country_choices",
    "current_person",
    "current_work",
    "custom_field_columns",
    "custom_field_filters",
    "day",
    "day_column",
    "filled_custom_field",
    "gettext",
    "guessed",
    "icon",
    "is_fragment",
    "job_progress",
    "journal_panel",
    "language_choices",
    "lasting",
    "lazy_text",
    "link",
    "link_cell",
    "linked",
    "list_page",
    "local_path",
    "mail_page",
    "mail_preview",
    "mail_preview_error",
    "moment",
    "money",
    "money_column",
    "name_download",
    "ngettext",
    "number",
    "offer_mail_placeholders",
    "one_transaction",
    "opened_now",
    "paper_html",
    "paper_pdf",
    "parse_day",
    "parse_number",
    "people_choices",
    "percent",
    "picked_record",
    "plugin_asset",
    "public",
    "record_page",
    "record_url",
    "redirect",
    "render_template",
    "repeatable",
    "request",
    "requires",
    "rest",
    "shown_custom_field",
    "slowed",
    "status_cell",
    "stored_file",
    "switching",
    "tag_cells",
    "tag_filter",
    "tags_column",
    "text_column",
    "text_in",
    "toast",
    "typed_custom_fields",
    "unlisted",
    "url_for",
    "use_actor",
    "writing",
]
