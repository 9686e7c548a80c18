"""``crmhost woo``."""

from __future__ import annotations

from typing import Any

import click

from plugins.syncs.api import group

from .source import ID


def commands() -> click.Group:
    """The commands ``connect``, ``sync`` and ``reconcile``."""
    options = [
        click.option("--name", required=True, help="What the shop is called here."),
        click.option("--url", required=True, help="Where people buy."),
        click.option("--key", required=True, help="Consumer key, with the permission Read."),
        click.option("--secret", required=True, help="Consumer secret."),
        click.option("--webhook-secret", default="", help="The one of the shop's webhooks."),
    ]
    return group(ID, "woo", "WooCommerce shops.", _fields, options)


def _fields(**given: Any) -> dict[str, Any]:
    return given
