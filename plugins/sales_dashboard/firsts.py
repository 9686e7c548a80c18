"""The filter of transactions that opens what stands behind a number of customers: the sale with which each first bought."""

from __future__ import annotations

import datetime as dt
import re

from crmhost.api import Invalid, Message, texts

from . import dimensions
from .counted import Narrowed

FILTER = "first_sale"
#: The text for sales of all currencies, as far as they have a rate.
ALL = "all"
#: No transaction is older.
_EARLIEST = dt.date(1900, 1, 1)
_TEXT = re.compile(
    rf"(?P<code>[A-Za-z]{{3}})( (?P<since>\d{{4}}-\d\d-\d\d))?( (?P<dimension>{'|'.join(dimensions.NAMES)})( (?P<key>.*))?)?"
)


def text(currency: str, since: dt.date | None = None, where: Narrowed | None = None) -> str:
    """What the filter is given, such as ``EUR 2026-01-01 tag 7``.

    :param currency: empty for all.
    :param since: only those who first bought on this day or later.
    """
    day = [] if since is None else [since.isoformat()]
    return " ".join([currency or ALL, *day, *([where.dimension, where.key] if where is not None else [])]).strip()


def read(given: str) -> tuple[str, dt.date | None, Narrowed | None]:
    """The same back from a text.

    :raises Invalid: when it can't be understood.
    """
    found = _TEXT.fullmatch(texts.clean_line(given))
    try:
        since = max(dt.date.fromisoformat(found["since"]), _EARLIEST) if found and found["since"] else None
    except ValueError:
        found = None
    if found is None:
        said = Message("“%(value)s” is neither a currency such as EUR nor “all”.", value=given[:60])
        raise Invalid({FILTER: [said]})
    where = Narrowed(found["dimension"], found["key"] or "") if found["dimension"] else None
    return "" if found["code"].lower() == ALL else found["code"].upper(), since, where
