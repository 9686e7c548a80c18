"""Lists on pages for clients: a page of a model's rows, and the addresses of the pages beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import request
from sqlalchemy import Select

from ..core import keyset
from .request import current_work

__all__ = ["ClientList", "client_list"]


@dataclasses.dataclass(frozen=True)
class ClientList:
    """Rows of a page, the newest first; ``newer`` and ``older`` are addresses, empty where there are no more."""

    rows: list[Any]
    newer: str
    older: str


def client_list(statement: Select[Any], columns: Sequence[Any], *, limit: int = 20) -> ClientList:
    """The page of a list that is asked for (``?after=``, ``?before=``), in time that does not grow with the number of rows.

    :param statement: ``select(Model)`` with its conditions, without an order; the caller has asked what the client may see.
    :param columns: of the model, by which the newest is first, the id last; an index serves them.
    :raises Invalid: when a cursor can't be understood.
    """
    args = request.args
    page = keyset.ordered(
        current_work().session,
        statement,
        columns,
        "-newest",
        after=args.get("after"),
        before=args.get("before"),
        limit=limit,
    )
    return ClientList(page.rows, _address(before=page.previous), _address(after=page.next))


def _address(**cursor: str | None) -> str:
    [(name, value)] = cursor.items()
    if value is None:
        return ""
    kept = {key: text for key, text in request.args.items() if key not in ("after", "before")}
    return f"{request.path}?{urlencode({**kept, name: value})}"
