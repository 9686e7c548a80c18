"""Fees besides those of transactions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from crmhost.api import Work


def by_span(_work: Work, spans: Sequence[tuple[dt.date, dt.date]], _currency: str) -> list[int]:
    """What other fees come to in each span, in minor units of the currency.

    :param spans: first and last day of each.
    """
    return [0 for _span in spans]
