"""What several resources need: ids in addresses, versions in headers, days and instants in parameters."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from crmhost.api import Invalid, Stale, Work, keyset, texts
from crmhost.web.api import request, rest


class _Numbered(Protocol):
    @property
    def id(self) -> Any: ...


T = TypeVar("T", bound=_Numbered)

MIDNIGHT, NOON = dt.time(), dt.time(12)

ID, TAGGED, CREATED, IF_MATCH = rest.ID, rest.TAGGED, rest.CREATED, rest.IF_MATCH


def wanted_version(current: Callable[[], int]) -> int | None:
    """The version that the client wants to change, from ``If-Match``; ``None`` when any will do.

    :param current: gives the version that the record has now.
    :raises Stale: when the header names none that the record could have.
    """
    given = request.if_match
    if given.star_tag or "If-Match" not in request.headers:
        return None
    versions = {int(tag) for tag in given.as_set() if tag and tag.isascii() and tag.isdigit() and len(tag) < 10}
    if len(versions) == 1:
        return versions.pop()
    now = current()
    if now not in versions:
        raise Stale("Somebody saved this record meanwhile: read it again before you change it.")
    return now


def bound(work: Work, name: str, value: str | None, *, time: dt.time = MIDNIGHT, days: int = 0) -> dt.datetime | None:
    """An instant from a parameter or field: RFC 3339, or a day of the site's time zone.

    :param time: what a day without a time means; ``days`` later, such as 1 for its end.
    :raises Invalid: when it is neither.
    """
    if not value:
        return None
    text = texts.clean_line(value)
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
            return dt.datetime.combine(day, time, work.timezone).astimezone(dt.UTC)
        # A plus sign in an address means a blank.
        moment = dt.datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=work.timezone)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        sentence = (
            f"“{texts.shorten(text, 60)}” is no day such as 2026-03-31 and no instant such as 2026-03-31T09:30:00Z."
        )
        raise Invalid({name: [sentence]}) from error


def part_of(records: Sequence[T], name: str, query: Mapping[str, Any]) -> tuple[Sequence[T], str | None]:
    """One page of a list that is short enough to be read as a whole, and the cursor of the next.

    :param records: all of them, each with an ``id``.
    :param name: of the list, so that a cursor of another is refused.
    """
    start = 0
    if query["after"]:
        kind = type(records[0].id) if records else int
        (last,) = keyset.decode(name, query["after"], [kind])
        start = next((place + 1 for place, record in enumerate(records) if record.id == last), 0)
        if not start:
            raise Invalid({"after": ["The record that this page follows is gone: start again at the first page."]})
    page = records[start : start + query["limit"]]
    more = start + len(page) < len(records)
    return page, keyset.encode(name, [page[-1].id]) if more and page else None


def totals(records: Sequence[Any], query: Mapping[str, Any]) -> dict[str, int]:
    """The member ``total``, when it was asked for."""
    return {"total": len(records)} if query["count"] else {}
