"""The page after sign-in: totals, boxes and the set-up list, all contributed by the core and the plugins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import MenuItem, Setting, SetupStep, Total, Widget
from ...hooks import hookimpl


class Plugin:
    """The dashboard, with what the core itself shows there."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [MenuItem(place="Dashboard", label="Dashboard", endpoint="dashboard.index")]

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        from .services import SETUP_HIDDEN

        return [Setting(key=SETUP_HIDDEN, label="Set-up list hidden", kind="boolean", default=False, hidden=True)]

    @hookimpl
    def dashboard_totals(self) -> Sequence[Total]:
        from .core_widgets import totals

        return totals()

    @hookimpl
    def dashboard_widgets(self) -> Sequence[Widget]:
        from .core_widgets import widgets

        return widgets()

    @hookimpl
    def setup_steps(self) -> Sequence[SetupStep]:
        from .core_steps import steps

        return steps()
