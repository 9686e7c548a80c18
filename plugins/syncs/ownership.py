"""Whose word counts for a field: the sync's, or that of who typed something else here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any


def settle(
    wanted: Mapping[str, Any],
    current: Mapping[str, Any],
    written: Mapping[str, Any],
    rule: str,
    *,
    theirs_at: dt.datetime | None = None,
    ours_at: dt.datetime | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """What of a record may be written, and which fields are left to who typed something else into them.

    A field belongs to the sync while it holds what the sync wrote last, or nothing at all; what differs was typed here.

    :param wanted: field -> value as it would be stored; JSON-able. Nothing is emptied by a value that is empty there, unless the
        sync wrote what stands here.
    :param current: field -> value as it is stored now.
    :param written: field -> value that the sync wrote last; fields that it never wrote are missing.
    :param rule: ``ours``, ``theirs`` or ``newest``.
    """
    taken: dict[str, Any] = {}
    kept: list[str] = []
    newer = bool(theirs_at and ours_at and theirs_at > ours_at)
    for name, value in wanted.items():
        have = current.get(name)
        if have == value:
            continue
        mine = name in written and have == written[name]
        if _empty(value) and not mine:
            continue
        # A field that somebody emptied is theirs too.
        if mine or (_empty(have) and name not in written) or rule == "theirs" or (rule == "newest" and newer):
            taken[name] = value
        else:
            kept.append(name)
    return taken, kept


def _empty(value: Any) -> bool:
    return value in (None, "", [], {}, 0)
