"""Settings > Audit: who changed what, from what, to what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...messages import Message
from ...web.request import current_work, requires
from ..days import day_bound
from ..keyset import valid_id
from . import services
from .audit import entries

_LONGEST = 160


@requires("audit.view")
def audit() -> ResponseReturnValue:
    """The audit log, newest first."""
    work = current_work()
    names = ("action", "object_type", "object_id", "user", "from", "to")
    chosen = {name: request.args.get(name, "").strip()[:120] for name in names}
    rows, following = entries(
        work,
        action=chosen["action"],
        object_type=chosen["object_type"],
        object_id=chosen["object_id"],
        user_id=valid_id(chosen["user"]),
        from_=day_bound(work, chosen["from"]),
        to=day_bound(work, chosen["to"], 1),
        after=request.args.get("after") or None,
    )
    users = [(user.id, user.name or user.email) for user, _role in services.all_users(work)]
    return render_template(
        "users/audit.html",
        rows=rows,
        next=following,
        chosen=chosen,
        users=users,
        kinds=KINDS,
        changes=changes,
    )


#: Kinds of actions offered by the filter: prefix and English label.
KINDS = (
    ("contact.", Message("Contacts")),
    ("journal.", Message("Journal")),
    ("status.", Message("Statuses")),
    ("tag.", Message("Tags")),
    ("setting.", Message("Settings")),
    ("user.", Message("Users and sign-ins")),
    ("role.", Message("Roles")),
    ("token.", Message("Tokens")),
    ("plugin.", Message("Extensions")),
    ("job.", Message("Jobs")),
)


#: Actions that are written many at once, or by a name that is put together.
ACTIONS = (
    Message("Contact deleted"),
    Message("Contact restored"),
    Message("Contact imported"),
    Message("Contact updated"),
    Message("Setting changed"),
    Message("Plugin disabled"),
    Message("Plugin suspended"),
    Message("setting"),
)


def changes(before: Any, after: Any) -> list[tuple[str, str, str]]:
    """What changed, line by line: name, from, to."""
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        old = before if isinstance(before, Mapping) else {}
        new = after if isinstance(after, Mapping) else {}
        names = list(dict.fromkeys([*old, *new]))
        return [(name, _said(old.get(name)), _said(new.get(name))) for name in names if old.get(name) != new.get(name)]
    return [] if before is None and after is None else [("", _said(before), _said(after))]


def _said(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def add_audit_pages(blueprint: Blueprint) -> None:
    """Adds the page to the blueprint."""
    blueprint.add_url_rule("/settings/audit", view_func=audit)
