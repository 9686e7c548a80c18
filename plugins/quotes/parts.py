"""Parts of other pages: the quotes of a contact or company, the dashboard, hits of the palette."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func

from crmhost.api import Hit, RecordHit, Work
from crmhost.web.api import gettext, money, number, render_template, url_for

from . import cells, queries
from .models import Quote
from .states import OPEN, STATES

#: Quotes on the tab of a contact; the list has all.
SHOWN = 20


def contact_tab(work: Work, contact: Any) -> str:
    """The newest quotes of a contact."""
    return _tab(work, "contact_id", contact.id)


def company_tab(work: Work, company: Any) -> str:
    """The newest quotes of a company."""
    return _tab(work, "company_id", company.id)


def contact_number(work: Work, contact: Any) -> int:
    """How many quotes a contact has."""
    return queries.counts(work, "contact_id", [contact.id]).get(contact.id, 0)


def company_number(work: Work, company: Any) -> int:
    """How many quotes a company has."""
    return queries.counts(work, "company_id", [company.id]).get(company.id, 0)


def _tab(work: Work, column: str, owner: int) -> str:
    mine = work.visible(Quote).where(getattr(Quote, column) == owner)
    newest = mine.order_by(Quote.date.desc(), Quote.id.desc()).limit(SHOWN + 1)
    found = [cells.Row(one) for one in work.session.scalars(newest)]
    return render_template(
        "quotes/tab.html",
        rows=found[:SHOWN],
        more=len(found) > SHOWN,
        new=url_for("quotes.new", contact_id=owner if column == "contact_id" else None),
        all=f"{url_for('quotes.index')}?{column}={owner}",
        cells=cells,
    )


def open_value(work: Work, contact: Any) -> str | None:
    """What the open quotes of a contact are worth."""
    found = queries.sums(work, work.visible(Quote).where(Quote.contact_id == contact.id, Quote.state.in_(OPEN))) or {}
    return " + ".join(money(amount) for amount in found.get("open", ()) if amount.amount) or None


def contact_numbers(work: Work, ids: Sequence[int]) -> dict[int, str]:
    """How many quotes contacts have, for a column of their list."""
    return {key: number(found) for key, found in queries.counts(work, "contact_id", ids).items()}


def total_figure(work: Work) -> tuple[str, str]:
    """How many quotes wait for an answer, and what they are worth in the currency of the site."""
    base = str(work.settings.get("site.currency") or "EUR")
    waiting = work.visible(Quote).where(Quote.state.in_(OPEN))
    row = work.session.execute(
        waiting.with_only_columns(
            func.count(), func.coalesce(func.sum(Quote.value).filter(Quote.currency == base), 0)
        ).order_by(None)
    ).one()
    return number(row[0]), money(int(row[1]), base)


def find(work: Work, text: str, limit: int) -> Sequence[Hit]:
    """Quotes for the palette, and the list of all that match."""
    chosen = queries.matching(work, text).order_by(Quote.date.desc(), Quote.id.desc()).limit(limit)
    found = list(work.session.scalars(chosen))
    hits = [
        Hit(
            title=quote.title,
            url=url_for("quotes.page", quote_id=quote.id),
            meta=f"{gettext(STATES[quote.state])} · {money(quote.value, quote.currency)}",
            icon="file-description",
        )
        for quote in found
    ]
    if len(found) == limit:
        said = gettext("Show all quotes with “%(text)s”", text=text)
        hits[-1:] = [Hit(title=said, url=url_for("quotes.index", q=text), icon="filter")]
    return hits


def picked(work: Work, text: str, limit: int) -> list[RecordHit]:
    """Quotes that fit what was typed where one is picked, the newest first."""
    found = queries.matching(work, text).order_by(Quote.date.desc(), Quote.id.desc()).limit(limit)
    return [
        RecordHit(id=one.id, title=one.title, note=f"{money(one.value, one.currency)} · {gettext(STATES[one.state])}")
        for one in work.session.scalars(found)
    ]


def titles(work: Work, ids: Sequence[int]) -> dict[int, str]:
    """What quotes are called, those that the actor may see."""
    wanted = work.visible(Quote).with_only_columns(Quote.id, Quote.title).where(Quote.id.in_(ids))
    return {row[0]: row[1] for row in work.session.execute(wanted)}
