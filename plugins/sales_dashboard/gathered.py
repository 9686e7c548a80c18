"""The figures of a page, read at once: of the period, of its parts, and of what it is compared with."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from . import figures
from .asked import Asked
from .figures import Totals


@dataclasses.dataclass(frozen=True)
class Gathered:
    """The figures of a page.

    :param whole: of the period; ``now`` of its parts.
    :param past: of what it is compared with, ``before`` of its parts, each beside its counterpart; ``None`` where there is none.
    """

    whole: Totals
    now: Sequence[Totals]
    past: Totals | None
    before: Sequence[Totals | None]


def gather(asked: Asked, *, customers: bool = True) -> Gathered:
    """The figures of what was asked for, in as few statements as :func:`figures.totals` takes.

    :param customers: whether customers are counted, which takes longest where the figures are narrowed to a part.
    """
    period = asked.period
    beside = [part for part in period.past_buckets if part is not None]
    past = [period.past] if period.past else []
    spans = [period.span, *period.buckets, *past, *beside]
    found = iter(figures.totals(asked.work, spans, asked.currency, where=asked.where, customers=customers))
    return Gathered(
        whole=next(found),
        now=[next(found) for _part in period.buckets],
        past=next(found) if past else None,
        before=[None if part is None else next(found) for part in period.past_buckets],
    )
