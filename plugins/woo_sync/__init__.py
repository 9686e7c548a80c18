"""WooCommerce: customers, orders, refunds, products and subscriptions of any number of shops; nothing is written to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import ConditionType, Tab, Webhook, Widget, Work
from crmhost.hooks import hookimpl


class Plugin:
    """Declares what there is; connections, jobs and pages are those of the syncs."""

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from .bought import forget_lost

        forget_lost(work)

    @hookimpl
    def syncs_sources(self) -> Sequence[Any]:
        from .source import source

        return [source()]

    @hookimpl
    def webhooks(self) -> Sequence[Webhook]:
        from .webhooks import handle

        return [Webhook(name="woo", handler=handle)]

    @hookimpl
    def cli_commands(self) -> Sequence[Any]:
        from .commands import commands

        return [commands()]

    @hookimpl
    def contact_conditions(self) -> Sequence[ConditionType]:
        from .conditions import types

        return types()

    @hookimpl
    def contact_tabs(self) -> Sequence[Tab]:
        from .parts import contact_number, contact_tab, number_read

        return [
            Tab(
                id="woo_sync",
                title="Shop orders",
                render=contact_tab,
                count=contact_number,
                reads=number_read,
                permission="transactions.view",
            )
        ]

    @hookimpl
    def dashboard_widgets(self) -> Sequence[Widget]:
        from .parts import widget

        return [
            Widget(
                id="shops",
                title="Shops",
                render=widget,
                endpoint="syncs.index",
                permission="syncs.view",
                span=4,
                lazy=True,
                order=80,
            )
        ]
