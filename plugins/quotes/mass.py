"""What is done to chosen quotes, one or a thousand: tags, decisions, bin. Those that the actor may not see are left alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmhost.api import Conflict, Work, records

from . import accepting, services
from .models import KIND, Quote


def tag(work: Work, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) and removes others; gives how many quotes changed."""
    work.require("quotes.edit")
    return records.retag(work, Quote, KIND, [quote.id for quote in _chosen(work, ids)], add, remove)


def note(work: Work, ids: Sequence[int], decision: str) -> int:
    """Notes for those that wait for an answer that they were accepted or declined; gives how many. Others stay."""
    work.require("quotes.edit")
    done = 0
    for quote in _chosen(work, ids):
        try:
            accepting.noted(work, quote.id, decision)
        except Conflict:
            continue
        done += 1
    return done


def to_bin(work: Work, ids: Sequence[int]) -> int:
    """Moves quotes to the bin; gives how many moved. Their links open nothing from then on."""
    work.require("quotes.delete")
    return services.delete(work, [quote.id for quote in _chosen(work, ids)])


def restore(work: Work, ids: Sequence[int]) -> int:
    """Brings quotes back from the bin; gives how many came back."""
    work.require("quotes.delete")
    return services.restore(work, [quote.id for quote in _chosen(work, ids, in_bin=True)])


def _chosen(work: Work, ids: Sequence[int], *, in_bin: bool = False) -> list[Quote]:
    return records.chosen(work, Quote, ids, in_bin=in_bin)
