"""Settings: what the site is called and how it shows dates and money; the settings pages of plugins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contributions import MenuItem, Permission, Setting
from ...hooks import hookimpl
from ...work.unit import Work
from . import logo
from .values import check_currency, check_date_format, check_language, check_time_zone


class Plugin:
    """Declares the general settings."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(
                place="Settings", label="General", endpoint="settings.general", permission="settings.edit", order=10
            )
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [Permission(name="settings.edit", label="Change settings", roles=("CRM manager",))]

    @hookimpl
    def file_access(self, work: Work, action: str) -> bool:
        return logo.may(work, action)

    @hookimpl
    def settings(self) -> Sequence[Setting]:
        return [
            Setting(key="site.name", label="Company name", default="crmhost", order=10),
            Setting(key="site.address", label="Company address", kind="long_text", default="", order=20),
            Setting(key="site.logo", label="Logo", default="", hidden=True, validate=logo.check, order=30),
            Setting(
                key="site.currency",
                label="Base currency",
                default="EUR",
                validate=check_currency,
                help="Three letters (ISO 4217), such as EUR. Sums are shown in it.",
                order=40,
            ),
            Setting(
                key="site.timezone",
                label="Time zone",
                default="UTC",
                validate=check_time_zone,
                help="Such as Europe/Berlin. Days and months begin and end in it.",
                order=50,
            ),
            Setting(
                key="site.date_format",
                label="Date format",
                default="medium",
                validate=check_date_format,
                help="short, medium, long, or a pattern such as dd.MM.yyyy.",
                order=60,
            ),
            Setting(
                key="site.language",
                label="Language",
                default="",
                validate=check_language,
                help="For everybody who has not chosen another one.",
                order=70,
            ),
            Setting(key="site.theme", label="Theme", default="default", hidden=True, rebuilds=True, order=80),
            Setting(key="site.demo", label="Holds demo data", kind="boolean", default=False, hidden=True, order=90),
        ]
