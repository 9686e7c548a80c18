"""Pages for guests, who say their name instead of signing in: probe one has the place, others have the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, request

from crmhost.web.api import current_person


def around(view: Callable[..., Any]) -> Any:
    """Calls a view with the guest."""
    guest = request.args.get("guest", "")
    if not guest or current_person() is not None:
        abort(403)
    return view(guest=guest)


def problem(error: Exception) -> Any:
    """What a guest sees when a view refuses."""
    return f"no guest: {type(error).__name__}", 404
