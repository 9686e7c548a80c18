"""The sales dashboard: what was sold, over any period, and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import MenuItem, Permission, Setting, Widget
from crmhost.hooks import hookimpl

_READERS = ("CRM manager", "Transactions manager", "Invoices manager", "Read only")
_KEEPERS = ("CRM manager", "Transactions manager")


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="sales_dashboard.view", label="See the sales dashboard", roles=_READERS),
            Permission(name="sales_dashboard.fees", label="Add and change other fees", roles=_KEEPERS),
            Permission(name="sales_dashboard.goals", label="Set goals of sales", roles=_KEEPERS),
        ]

    # --- pages --------------------------------------------------------------------------------------------------------

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .settings import declared

        return declared()

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Analytics",
                label="Sales dashboard",
                endpoint="sales_dashboard.index",
                permission="sales_dashboard.view",
                order=10,
            )
        ]

    @hookimpl
    def dashboard_widgets(self) -> Sequence[Widget]:
        from .parts import widget

        return [
            Widget(
                id="sales",
                title="How are sales going?",
                render=widget,
                endpoint="sales_dashboard.index",
                permission="sales_dashboard.view",
                span=6,
                lazy=True,
                order=25,
            )
        ]
