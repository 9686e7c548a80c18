"""``/settings``, ``/plugins``, ``/journal``, ``/audit``, ``/jobs``: the site as a whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from crmhost.api import Invalid, JournalType, Message, NotFound, audit, jobs, journal, journal_kinds, keyset, settings
from crmhost.web.api import Response, current_work, gettext, repeatable, switching, writing

from ..envelopes import counted_list_of, list_of, object_of
from ..fields import Flag, Free, Number
from ..schemas import Entry, FeedQuery, Paging
from ..shapes import audit_record, entry_records, job_record
from ..site_schemas import (
    AuditLine,
    AuditQuery,
    DisableFields,
    EntryTypeChange,
    EntryTypeFields,
    EntryTypeHeir,
    GivenEntryType,
    GivenJob,
    GivenPlugin,
    GivenProcess,
    JobQuery,
    SettingsChange,
    Switched,
)
from .answers import answer, many, nothing, one
from .common import bound, part_of, totals

setting_blueprint = Blueprint(
    "rest_api_settings", __name__, url_prefix="/settings", description="The settings of the core and of every plugin."
)
plugin_blueprint = Blueprint(
    "rest_api_plugins",
    __name__,
    url_prefix="/plugins",
    description="Which plugins there are; switching them on and off.",
)
journal_blueprint = Blueprint(
    "rest_api_journal", __name__, url_prefix="/journal", description="What happened, with all contacts."
)
audit_blueprint = Blueprint("rest_api_audit", __name__, url_prefix="/audit", description="Who changed what.")
job_blueprint = Blueprint("rest_api_jobs", __name__, url_prefix="/jobs", description="Work in the background.")


@dataclasses.dataclass(frozen=True)
class _Listed:
    """A type of entry in a list that is paged."""

    id: str
    item: JournalType


class SettingValues(Schema):
    """Settings: ``data`` holds key → value, null for secrets; ``secrets`` says which of those are set."""

    data = Free(required=True)
    secrets = fields.Dict(required=True, keys=fields.String(), values=Flag())


# --- settings --------------------------------------------------------------------------------------------------------


@setting_blueprint.get("")
@setting_blueprint.response(200, SettingValues)
def list_settings() -> Response:
    """Gives all settings."""
    return _all_settings()


@setting_blueprint.patch("")
@setting_blueprint.arguments(SettingsChange)
@setting_blueprint.response(200, SettingValues)
def change_settings(document: Mapping[str, Any]) -> Response:
    """Changes settings, all or none."""
    with writing() as work:
        settings.set_many(work, document)
    return _all_settings()


def _all_settings() -> Response:
    work = current_work()
    work.require("settings.edit")
    values: dict[str, Any] = {}
    secrets: dict[str, bool] = {}
    for key, setting in sorted(work.generation.settings.items()):
        if setting.kind == "secret":
            values[key], secrets[key] = None, work.settings.is_set(key)
        elif not setting.hidden:
            values[key] = work.settings.get(key)
    return answer({"data": values, "secrets": secrets})


# --- plugins ---------------------------------------------------------------------------------------------------------


@plugin_blueprint.get("")
@plugin_blueprint.arguments(Paging, location="query")
@plugin_blueprint.response(
    200,
    counted_list_of(
        GivenPlugin,
        generation=Number(required=True),
        processes=fields.List(fields.Nested(GivenProcess), required=True),
    ),
)
def list_plugins(query: Mapping[str, Any]) -> Response:
    """Lists all plugins with their state, and the processes with the generation that each runs."""
    found = switching.overview()
    page, following = part_of(found.plugins, "plugins", query)
    processes = [
        {
            "id": process.id,
            "kind": process.kind,
            "generation": process.generation,
            "current": process.generation >= found.generation,
            "failed": dict(process.failed),
        }
        for process in found.processes
    ]
    plugins = [
        {
            "id": plugin.id,
            "name": plugin.name,
            "version": plugin.version,
            "summary": plugin.summary,
            "state": plugin.state,
            "origin": plugin.origin,
            "needs": list(plugin.needs),
            "reason": plugin.reason,
            "running_in": [process.id for process in found.processes if _runs(plugin, process, found.generation)],
        }
        for plugin in page
    ]
    return many(plugins, following, **totals(found.plugins, query), generation=found.generation, processes=processes)


def _runs(plugin: switching.PluginInfo, process: switching.ProcessInfo, wanted: int) -> bool:
    return plugin.state == "enabled" and process.generation >= wanted and plugin.id not in process.failed


@plugin_blueprint.post("/<string:name>/enable")
@plugin_blueprint.response(200, object_of(Switched))
@repeatable
def enable_plugin(name: str) -> Response:
    """Switches a plugin on, and what it needs; answers when every process follows, or after two seconds."""
    return _switched(switching.switch_on([name]))


@plugin_blueprint.post("/<string:name>/disable")
@plugin_blueprint.arguments(DisableFields)
@plugin_blueprint.response(200, object_of(Switched))
@repeatable
def disable_plugin(document: Mapping[str, Any], name: str) -> Response:
    """Switches a plugin off; its data stays. Answers when every process follows, or after two seconds."""
    return _switched(switching.switch_off([name], with_dependents=document["with_dependents"]))


def _switched(done: switching.Switched) -> Response:
    record = {"plugins": list(done.plugins), "generation": done.generation, "lagging": list(done.lagging)}
    return switching.remember(one(record), done.generation)


# --- what happened ---------------------------------------------------------------------------------------------------


@journal_blueprint.get("")
@journal_blueprint.arguments(FeedQuery, location="query")
@journal_blueprint.response(200, list_of(Entry))
def list_feed(query: Mapping[str, Any]) -> Response:
    """Lists the journal entries of all contacts that may be seen, newest first."""
    work = current_work()
    page = journal.feed(
        work,
        type=query["type"],
        user_id=_user_id(query["user_id"]),
        from_=bound(work, "from", query["from_"]),
        to=bound(work, "to", query["to"], days=1),
        after=query["after"] or None,
        limit=query["limit"],
    )
    return many(entry_records(page.rows), page.next)


@journal_blueprint.get("/types")
@journal_blueprint.arguments(Paging, location="query")
@journal_blueprint.response(200, counted_list_of(GivenEntryType))
def list_types(query: Mapping[str, Any]) -> Response:
    """Lists the types of entries in their order, also those that only the system writes."""
    work = current_work()
    work.require("journal.view")
    everything = [_Listed(item.name, item) for item in journal.types(work).values()]
    found, following = part_of(everything, "journal_types", query)
    return many([_type_record(listed.item) for listed in found], following, **totals(everything, query))


@journal_blueprint.post("/types")
@journal_blueprint.arguments(EntryTypeFields)
@journal_blueprint.response(201, object_of(GivenEntryType))
def add_type(document: Mapping[str, Any]) -> Response:
    """Adds a type of entry at the end of the list."""
    with writing() as work:
        item = journal_kinds.add(work, document["label"], icon=document["icon"], contact=document["contact"])
    return one(_type_record(item), 201)


@journal_blueprint.patch("/types/<string:name>")
@journal_blueprint.arguments(EntryTypeChange)
@journal_blueprint.response(200, object_of(GivenEntryType))
def change_type(document: Mapping[str, Any], name: str) -> Response:
    """Renames a type of entry, changes its icon or mark; entries keep it."""
    with writing() as work:
        work.require("settings.edit")
        item = journal.types(work).get(name)
        if item is None:
            raise NotFound("type of entry", name)
        values = {"label": item.label, "icon": item.icon, "contact": item.contact, **document}
        item = journal_kinds.change(work, name, values["label"], icon=values["icon"], contact=values["contact"])
    return one(_type_record(item))


@journal_blueprint.delete("/types/<string:name>")
@journal_blueprint.arguments(EntryTypeHeir, location="query")
@journal_blueprint.response(204)
def remove_type(query: Mapping[str, Any], name: str) -> Response:
    """Deletes a type of entry; a job gives its entries to the heir."""
    with writing() as work:
        journal_kinds.remove(work, name, query["heir"])
    return nothing()


def _type_record(item: JournalType) -> dict[str, Any]:
    """A type of journal entry as the API gives it."""
    return {
        "name": item.name,
        "label": gettext(item.label),
        "icon": item.icon,
        "contact": item.contact,
        "manual": item.manual,
        "editable": item.manual and journal_kinds.editable(item),
    }


@audit_blueprint.get("")
@audit_blueprint.arguments(AuditQuery, location="query")
@audit_blueprint.response(200, list_of(AuditLine))
def list_audit(query: Mapping[str, Any]) -> Response:
    """Lists the audit log, newest first."""
    work = current_work()
    rows, following = audit.entries(
        work,
        action=query["action"] or "",
        object_type=query["object_type"] or "",
        object_id=query["object_id"] or "",
        user_id=_user_id(query["user_id"]),
        from_=bound(work, "from", query["from_"]),
        to=bound(work, "to", query["to"], days=1),
        after=query["after"] or None,
        limit=query["limit"],
    )
    return many([audit_record(entry) for entry in rows], following)


def _user_id(number: int | None) -> int | None:
    if number is not None and keyset.valid_id(number) is None:
        raise Invalid({"user_id": [Message("There is no user %(number)s.", number=str(number))]})
    return number


# --- jobs ------------------------------------------------------------------------------------------------------------


@job_blueprint.get("")
@job_blueprint.arguments(JobQuery, location="query")
@job_blueprint.response(200, counted_list_of(GivenJob))
def list_jobs(query: Mapping[str, Any]) -> Response:
    """Lists the background jobs, newest first: all, or those that one asked for."""
    work = current_work()
    state, kind = query["state"] or "", query["kind"] or ""
    page = jobs.page(work, state=state, kind=kind, after=query["after"] or None, limit=query["limit"])
    further = {"total": jobs.count(work, state=state, kind=kind)} if query["count"] else {}
    return many([job_record(work, job) for job in page.rows], page.next, **further)


@job_blueprint.get("/<int:job_id>")
@job_blueprint.response(200, object_of(GivenJob))
def get_job(job_id: int) -> Response:
    """Gives a job: how far it is, and what came of it."""
    work = current_work()
    return one(job_record(work, jobs.get(work, job_id)))


@job_blueprint.post("/<int:job_id>/retry")
@job_blueprint.response(200, object_of(GivenJob))
def retry_job(job_id: int) -> Response:
    """Makes a job that failed, was cancelled or waits due now."""
    with writing() as work:
        record = job_record(work, jobs.retry(work, job_id))
    return one(record)


@job_blueprint.post("/<int:job_id>/cancel")
@job_blueprint.response(200, object_of(GivenJob))
def cancel_job(job_id: int) -> Response:
    """Cancels a job that waits; one that runs is asked to stop."""
    with writing() as work:
        record = job_record(work, jobs.cancel(work, job_id))
    return one(record)
