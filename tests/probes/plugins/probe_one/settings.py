"""Settings of probe one: one of each kind that matters."""

from __future__ import annotations

from typing import Any

from crmhost.api import Invalid, Setting, Work


def declared() -> list[Setting]:
    """The settings."""
    return [
        Setting(key="probe_one.greeting", label="Greeting", default="Hello", order=10),
        Setting(key="probe_one.key", label="Key of the webhook", kind="secret", default="", order=20),
        Setting(key="probe_one.limits", label="Limits", kind="list", default=["10"], validate=check_limits, order=30),
        Setting(key="probe_one.colour", label="Colour", kind="choice", default="red", choices=colours, order=40),
        Setting(key="probe_one.most", label="Most points", kind="integer", default=100, order=50),
        Setting(key="probe_one.on", label="On", kind="boolean", default=True, order=60),
        Setting(key="probe_one.place", label="Place", kind="json", default=None, hidden=True, order=70),
    ]


def colours(_work: Work) -> list[tuple[str, str]]:
    """Value and label of the colours."""
    return [("red", "Red"), ("blue", "Blue")]


def check_limits(_work: Work, value: Any) -> list[str]:
    """The limits as whole numbers, each once, in order.

    :raises Invalid: when one is no number.
    """
    try:
        return [str(number) for number in sorted({int(text) for text in value})]
    except ValueError:
        raise Invalid("Write whole numbers, one per line.") from None
