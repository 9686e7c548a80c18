"""What a list of contacts is asked, and what it gives."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from . import search
from .derived import digits
from .models import Contact

_PHONE = re.compile(r"\+?[\d\s()./-]+")


@dataclasses.dataclass(frozen=True)
class ListQuery:
    """What a list shows.

    :param q: text to search by.
    :param filters: status (names or ids, comma-separated), tag, assigned_to (id, e-mail, “me”, “nobody”), not_contacted (days),
        source, created_from, created_to (days), in_bin (“1”), of custom fields ``custom.KEY``, also with ``.from``, ``.to``,
        ``.contains`` and ``.empty`` behind it, and those of plugins.
    :param sort: name, first_name, email, created_at, updated_at, last_contacted_at, status, ``custom.KEY``, or the id of a
        plugin's column; with “-” in front the other way round. The bin is always sorted by the time of deleting.
    :param after: cursor of the next page.
    :param before: cursor of the previous page.
    """

    q: str = ""
    filters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    sort: str = "-created_at"
    after: str | None = None
    before: str | None = None
    limit: int = 50


@dataclasses.dataclass(frozen=True)
class Page:
    """One page of a list. ``note`` says when not all hits of a search were looked at."""

    rows: list[Contact]
    next: str | None
    previous: str | None
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Count:
    """How many contacts match; when not ``exact``, at least so many."""

    number: int
    exact: bool


def phone_words(q: str) -> list[str]:
    """The words of a search; something that looks like a phone number is one word of digits."""
    if _PHONE.fullmatch(q.strip()) and len(digits(q)) >= search.SHORTEST:
        return [digits(q)[:60]]
    return search.words(q)
