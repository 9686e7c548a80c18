"""The shapes of the site itself: settings, plugins, audit log, jobs."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields, validate

from .fields import Anything, Flag, Free, Instant, Number, Text, after, counted, limit


class SettingsChange(Schema):
    """Settings to change: key → value; null takes one back to its default."""

    class Meta:
        """The keys are those of the plugins that are switched on."""

        unknown = INCLUDE


class GivenProcess(Schema):
    """A process of the site and the generation that it runs."""

    id = Text(required=True)
    kind = Text(required=True)
    generation = Number(required=True)
    current = Flag("Whether it runs the newest.", required=True)
    failed = fields.Dict(
        keys=fields.String(),
        values=Text(),
        required=True,
        metadata={"description": "Plugins that it runs without → the reason."},
    )


class GivenPlugin(Schema):
    """A plugin."""

    id = Text(required=True)
    name = Text(required=True)
    version = Text(required=True)
    summary = Text(required=True)
    state = fields.String(
        required=True, metadata={"enum": ["enabled", "waiting", "disabled", "suspended", "broken", "missing"]}
    )
    origin = Text(required=True)
    needs = fields.List(Text(), required=True)
    reason = Text("Why it is broken, waits for an agreement or was suspended.", required=True)
    running_in = fields.List(Text(), required=True, metadata={"description": "Processes that run it now."})


class Switched(Schema):
    """What switching did."""

    plugins = fields.List(Text(), required=True, metadata={"description": "Plugins that changed, those it needs too."})
    generation = Number(required=True)
    lagging = fields.List(Text(), required=True, metadata={"description": "Processes that did not follow within 2 s."})


class DisableFields(Schema):
    """How to switch a plugin off."""

    with_dependents = Flag("Also those that need it.", load_default=False)


class AuditQuery(Schema):
    """Which lines of the audit log to list."""

    limit = limit()
    after = after()
    action = fields.String(load_default=None)
    object_type = fields.String(load_default=None)
    object_id = fields.String(load_default=None)
    user_id = fields.Integer(load_default=None)
    from_ = fields.String(data_key="from", load_default=None, metadata={"description": "From this day or instant on."})
    to = fields.String(load_default=None, metadata={"description": "Up to this day (inclusive) or instant."})


class AuditLine(Schema):
    """Who changed what, from what, to what."""

    id = Number(required=True)
    at = Instant(required=True)
    by = Text(required=True)
    user_id = Number(allow_none=True, required=True)
    action = Text(required=True)
    object_type = Text(required=True)
    object_id = Text(required=True)
    before = Anything(required=True)
    after = Anything(required=True)
    address = Text(required=True)


class JobQuery(Schema):
    """Which jobs to list."""

    limit = limit()
    after = after()
    count = counted()
    state = fields.String(
        load_default=None,
        validate=validate.OneOf(
            ["due", "running", "parked", "done", "failed", "cancelled"],
            error="Choose due, running, parked, done, failed or cancelled.",
        ),
    )
    kind = fields.String(load_default=None)


class GivenProgress(Schema):
    """How far a job is."""

    done = Number(required=True)
    total = Number(required=True, allow_none=True)
    text = Text(required=True)
    seconds_left = fields.Float(required=True, allow_none=True)


class GivenJob(Schema):
    """A background job."""

    id = Number(required=True)
    kind = Text(required=True)
    plugin = Text(required=True)
    state = fields.String(required=True, metadata={"enum": ["due", "running", "parked", "done", "failed", "cancelled"]})
    attempts = Number(required=True)
    failures = Number(required=True)
    cancelling = Flag("It runs and was asked to stop.", required=True)
    due_at = Instant(required=True)
    created_at = Instant(required=True)
    started_at = Instant(required=True, allow_none=True)
    finished_at = Instant(required=True, allow_none=True)
    by = Text(required=True)
    user_id = Number(required=True, allow_none=True)
    progress = fields.Nested(GivenProgress, required=True, allow_none=True)
    result = Free(required=True, allow_none=True)
    error = Text(required=True)


class EntryTypeFields(Schema):
    """A type of journal entry to add."""

    label = Text(required=True)
    icon = Text("Name of an icon.", load_default="note")
    contact = Flag("Whether an entry counts as having contacted the person.", load_default=True)


class EntryTypeChange(Schema):
    """What to change of a type of journal entry."""

    label = Text()
    icon = Text("Name of an icon.")
    contact = Flag("Whether an entry counts as having contacted the person.")


class EntryTypeHeir(Schema):
    """What to do with the entries of a type that goes."""

    heir = fields.String(load_default="", metadata={"description": "Name of the type that they get."})


class GivenEntryType(Schema):
    """A type of journal entry; ``name`` is what entries hold, ``editable`` says whether its list is the site's own."""

    name = Text(required=True)
    label = Text(required=True)
    icon = Text(required=True)
    contact = Flag(required=True)
    manual = Flag("Whether people may choose it; others are written by the system.", required=True)
    editable = Flag(required=True)
