"""Stripe: customers, charges, refunds, disputes, invoices, subscriptions and products of any number of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import Box, Job, JournalType, SlotItem, Tab, Webhook, Widget, Work
from crmhost.hooks import hookimpl


class Plugin:
    """Declares what there is; connections, jobs and pages are those of the syncs."""

    @hookimpl
    def on_enable(self, work: Work) -> None:
        from .keeping import forget_lost

        forget_lost(work)

    @hookimpl
    def syncs_sources(self) -> Sequence[Any]:
        from .source import source

        return [source()]

    @hookimpl
    def journal_types(self) -> Sequence[JournalType]:
        from .disputing import types

        return types()

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from .checkout import look

        return [Job(kind="stripe_sync.look", handler=look, label="Look up a payment of an invoice at Stripe")]

    @hookimpl
    def webhooks(self) -> Sequence[Webhook]:
        from .webhooks import handle

        return [Webhook(name="stripe", handler=handle)]

    @hookimpl
    def cli_commands(self) -> Sequence[Any]:
        from .commands import commands

        return [commands()]

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .pages import blueprint

        return [blueprint]

    @hookimpl
    def slots(self) -> Sequence[SlotItem]:
        from .pages import pay_button

        return [SlotItem(slot="invoices.pay", render=pay_button)]

    @hookimpl
    def contact_tabs(self) -> Sequence[Tab]:
        from .parts import contact_number, contact_tab, number_read

        return [
            Tab(
                id="stripe_sync",
                title="Payments",
                render=contact_tab,
                count=contact_number,
                reads=number_read,
                permission="transactions.view",
            )
        ]

    @hookimpl
    def transactions_transaction_boxes(self) -> Sequence[Box]:
        from .parts import fee_box, fee_reads

        return [Box(id="stripe", title="At Stripe", render=fee_box, permission="transactions.view", reads=fee_reads)]

    @hookimpl
    def dashboard_widgets(self) -> Sequence[Widget]:
        from .parts import widget

        return [
            Widget(
                id="stripe",
                title="Stripe accounts",
                render=widget,
                endpoint="syncs.index",
                permission="syncs.view",
                span=4,
                lazy=True,
                order=81,
            )
        ]
