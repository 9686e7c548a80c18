"""What is done to chosen quotes, one or a thousand: tags, decisions, bin. Those that the actor may not see are left alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from crmhost.api import Change, Conflict, Invalid, Message, Work, keyset, record_fields, tags

from . import accepting, services
from .models import KIND, Quote

#: Quotes that one call takes; whoever has more calls again in a new transaction.
MOST = 1_000


def tag(work: Work, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) and removes others; gives how many quotes changed."""
    work.require("quotes.edit")
    add, remove = list(add), list(remove)
    for given in (add, remove):
        errors = record_fields.clean({"tags": given}, work.timezone, work.now).errors
        if errors:
            raise Invalid(errors)
    chosen = {quote.id: quote for quote in _chosen(work, ids)}
    changed = tags.put(work, KIND, list(chosen), add, remove)
    for key, (before, after) in changed.items():
        quote = chosen[key]
        quote.version, quote.updated_at = quote.version + 1, work.now
        work.audit("quote.updated", KIND, key, before={"tags": before}, after={"tags": after})
        work.changed(Change("quote.updated", KIND, key, {"tags": before}, {"tags": after}))
    work.session.flush()
    return len(changed)


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
    """The quotes among these ids that the actor may see, locked in one order."""
    keys = sorted({number for number in map(keyset.valid_id, ids) if number is not None})
    if len(keys) > MOST:
        raise Invalid(Message("At most %(most)s quotes can be changed in one step.", most=MOST))
    gone = Quote.deleted_at.is_not(None) if in_bin else Quote.deleted_at.is_(None)
    wanted = select(Quote).where(Quote.id.in_(keys), gone)
    if work.actor.only_assigned:
        wanted = wanted.where(Quote.within_reach(work.actor))
    wanted = wanted.order_by(Quote.id).with_for_update().execution_options(populate_existing=True)
    return list(work.session.scalars(wanted))
