"""``crmhost stripe``."""

from __future__ import annotations

from typing import Any

import click

from plugins.syncs.api import group

from .checkout import ID


def commands() -> click.Group:
    """The commands ``connect``, ``sync`` and ``reconcile``."""
    options = [
        click.option("--name", required=True, help="What the account is called here."),
        click.option("--api-key", required=True, help="A restricted key that may read."),
        click.option(
            "--webhook-secret", default="", help="The one of the account's webhook endpoint; several with commas."
        ),
        click.option("--api-base", default="", help="Where Stripe's interface is, when it is not api.stripe.com."),
    ]
    return group(ID, "stripe", "Stripe accounts.", _fields, options)


def _fields(**given: Any) -> dict[str, Any]:
    return given
