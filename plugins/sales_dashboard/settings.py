"""Settings > Sales dashboard: what whoever opens it for the first time sees."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.api import Setting

PERIOD, COMPARE = "sales_dashboard.period", "sales_dashboard.compare"
_PERIODS = (
    ("today", "Today"),
    ("7", "7 days"),
    ("30", "30 days"),
    ("90", "90 days"),
    ("month", "This month"),
    ("quarter", "This quarter"),
    ("year", "This year"),
)


def declared() -> Sequence[Setting]:
    """The settings of the plugin."""
    return [
        Setting(
            key=PERIOD,
            label="Period at first",
            kind="choice",
            choices=_PERIODS,
            default="30",
            help="What the dashboard shows to somebody who never chose a period; later it opens with the last one they chose.",
        ),
        Setting(
            key=COMPARE,
            label="Compared with",
            kind="choice",
            choices=(("before", "The period before"), ("year", "The year before"), ("none", "Nothing")),
            default="before",
        ),
    ]
