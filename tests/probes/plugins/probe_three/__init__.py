"""Probe three: entries with amounts, and their list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost import api
from crmhost.hooks import hookimpl


class Plugin:
    """Declares the list, its permissions and the export behind it."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[api.MenuItem]:
        return [
            api.MenuItem(place="Probes", label="Entries", endpoint="probe_three.index", permission="probe_three.view")
        ]

    @hookimpl
    def permissions(self) -> Sequence[api.Permission]:
        return [
            api.Permission(name="probe_three.view", label="See entries", roles=("Read only", "CRM manager")),
            api.Permission(name="probe_three.edit", label="Change entries", roles=("CRM manager",)),
        ]

    @hookimpl
    def contact_columns(self) -> Sequence[api.Column]:
        from . import services
        from .models import Sum

        return [
            api.Column(
                id="probe_three_total",
                label="Sum of entries",
                values=services.totals,
                align="end",
                permission="probe_three.view",
                sort=api.ColumnSort(
                    value=Sum.total, contact=Sum.contact_id, where=lambda _work, model: [model.currency == "EUR"]
                ),
            )
        ]

    @hookimpl
    def exporters(self) -> Sequence[api.Exporter]:
        from . import services

        return [
            api.Exporter(
                kind="probe_entries",
                label="Entries of probe three",
                columns=lambda _work: [("id", "Id"), ("name", "Name"), ("state", "State"), ("amount", "Amount")],
                rows=services.exported,
                permission="probe_three.view",
            )
        ]
