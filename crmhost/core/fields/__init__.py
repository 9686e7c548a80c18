"""Custom fields: what people add to the fields of contacts, and of other records that plugins declare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import Job, Permission, SlotItem
from ...hooks import hookimpl


class Plugin:
    """Declares the pages, who may change the fields and read encrypted ones, and the jobs that go through all records."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from .routes import overview

        return [SlotItem(slot="settings.field_options", render=overview, permission="fields.manage", order=10)]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="fields.manage", label="Add and change custom fields", roles=("CRM manager",)),
            Permission(name="fields.reveal", label="Read and export encrypted custom fields"),
        ]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import scans

        return [
            Job(kind="fields.index", handler=scans.index, label="Read the values of a custom field"),
            Job(kind="fields.replace", handler=scans.replace, label="Put another choice in the place of one"),
            Job(kind="fields.erase", handler=scans.erase, label="Erase the values of a deleted custom field"),
        ]
