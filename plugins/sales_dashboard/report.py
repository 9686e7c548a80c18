"""Reports by mail: the figures of the week or month that is over, to users who were chosen, each once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from crmhost.api import Change, Invalid, JobContext, Stale, User, Work, files, insert_rows, mail, upsert, users

from . import buying, figures, periods
from .recipients import Recipient, Sent

WEEKLY, MONTHLY = FREQUENCIES = ("weekly", "monthly")
#: Days that a report may be late, when the site was off; after them it is left out.
LATE = {WEEKLY: 3, MONTHLY: 7}
#: Customers, tags and products that a report lists.
BEST = 5
_DAY = dt.timedelta(days=1)
_LOCK = 7_204


@dataclasses.dataclass(frozen=True)
class Report:
    """What a report holds.

    :param span: first and last day; ``before`` those of the period before it.
    :param currencies: the figures of each currency that has any, the site's first.
    """

    frequency: str
    span: figures.Span
    before: figures.Span
    currencies: Sequence[Section]


@dataclasses.dataclass(frozen=True)
class Section:
    """The figures of one currency.

    :param days: gross revenue of each day of a week, or of each week of a month: (first day, amount).
    """

    currency: str
    now: figures.Totals
    then: figures.Totals
    days: Sequence[tuple[dt.date, int]]
    customers: Sequence[tuple[str, int, str, int, int, int]]
    tags: Sequence[figures.Part]


# --- what it holds ----------------------------------------------------------------------------------------------------


def span_of(frequency: str, today: dt.date) -> figures.Span:
    """The last week (Monday to Sunday) or month that is over."""
    if frequency == WEEKLY:
        end = today - (today.weekday() + 1) * _DAY
        return end - 6 * _DAY, end
    end = today.replace(day=1) - _DAY
    return end.replace(day=1), end


def build(work: Work, frequency: str, span: figures.Span) -> Report:
    """The figures of a period, of the contacts that the actor may see."""
    work.require("sales_dashboard.view")
    before = periods.compared("custom", span, span[1], "before")
    parts = periods.cut(span, "day" if frequency == WEEKLY else "week")
    sections: list[Section] = []
    for currency in figures.currencies(work):
        now, then, *some = figures.totals(work, [span, before, *parts], currency)
        if sections and not any((now.sales, now.refunds_number, then.sales, then.refunds_number)):
            continue
        days = [(part[0], one.gross) for part, one in zip(parts, some, strict=True)]
        customers = figures.best_customers(work, span, currency, BEST)
        tags = [part for part in figures.parts(work, "tag", span, currency, limit=BEST + 1) if part.key][:BEST]
        sections.append(Section(currency, now, then, days, customers, tags))
    return Report(frequency, span, before, sections)


# --- who gets it ------------------------------------------------------------------------------------------------------


def chosen(work: Work) -> dict[str, list[int]]:
    """Frequency -> users who get it."""
    found: dict[str, list[int]] = {name: [] for name in FREQUENCIES}
    for frequency, user_id in work.session.execute(select(Recipient.frequency, Recipient.user_id)):
        found.setdefault(frequency, []).append(user_id)
    return found


def version(work: Work) -> str:
    """A print of who gets which report, which changes with it."""
    told = json.dumps({name: sorted(ids) for name, ids in sorted(chosen(work).items())})
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def choose(work: Work, wanted: Mapping[str, Sequence[int]], *, seen: str = "") -> None:
    """Says who gets which report.

    :param wanted: frequency -> users.
    :param seen: the :func:`version` that was changed; empty for any.
    :raises Invalid: by frequency, when one of them is none, or may not see the figures.
    :raises Stale: when somebody else chose since that version.
    """
    work.require("settings.edit")
    buying.lock(work, [1], _LOCK)
    if seen and seen != version(work):
        raise Stale("Somebody chose others meanwhile: look at their choice before you save yours.")
    before = chosen(work)
    may = {user.id for user in able(work)}
    errors = {
        name: ["Choose users who may see the sales dashboard."]
        for name, ids in wanted.items()
        if name not in FREQUENCIES or not set(ids) <= may
    }
    if errors:
        raise Invalid(errors)
    after = {**before, **{name: sorted(set(ids)) for name, ids in wanted.items()}}
    if {name: sorted(ids) for name, ids in before.items()} == after:
        return
    work.session.execute(delete(Recipient).where(Recipient.frequency.in_(list(wanted))))
    rows = [{"frequency": name, "user_id": user_id} for name in wanted for user_id in after[name]]
    insert_rows(work.session, Recipient, rows)
    work.audit("sales_dashboard.recipients_changed", "sales_dashboard_report", before=before, after=after)
    work.changed(Change("sales_dashboard.recipients_changed", "sales_dashboard_report", 0, before, after), event=False)


def able(work: Work) -> list[User]:
    """Users who may see the figures."""
    return [
        user
        for user, _role in users.all_users(work)
        if user.disabled_at is None and users.actor_for(user).may("sales_dashboard.view")
    ]


def any_chosen(work: Work) -> bool:
    """Whether anybody gets a report."""
    return work.session.scalar(select(Recipient.user_id).limit(1)) is not None


def last_sent(work: Work, number: int = 20) -> list[tuple[Sent, str]]:
    """The last reports that went out, with the names of who got them."""
    work.require("settings.edit")
    newest = select(Sent).order_by(Sent.at.desc(), Sent.frequency, Sent.user_id).limit(number)
    rows = list(work.session.scalars(newest))
    names = users.names(work, {row.user_id for row in rows})
    return [(row, names.get(row.user_id, "")) for row in rows]


# --- sending ----------------------------------------------------------------------------------------------------------


def send(job: JobContext) -> Mapping[str, Any]:
    """The job ``sales_dashboard.report``: what is due today, to each user in a transaction of its own, once."""
    work, sent = job.work, 0
    people = {user.id: user for user in able(work)}
    for frequency, ids in chosen(work).items():
        span = span_of(frequency, work.today)
        if (work.today - span[1]).days > LATE[frequency]:
            continue
        got = set(
            work.session.scalars(select(Sent.user_id).where(Sent.frequency == frequency, Sent.first_day == span[0]))
        )
        printed: dict[tuple[Any, ...], Any] = {}
        for user_id in sorted(ids):
            user = people.get(user_id)
            if user is None or user_id in got:
                continue
            job.check()
            sent += _to(work, frequency, span, user, printed)
    return {"sent": sent}


def _to(work: Work, frequency: str, span: figures.Span, user: User, printed: dict[tuple[Any, ...], Any]) -> bool:
    from . import report_papers

    reader = work.as_actor(users.actor_for(user))
    # Who may see the same gets the same in the same language.
    key = (user.locale, user.id if reader.actor.only_assigned else None, reader.actor.permissions)
    if key not in printed:
        report = build(reader, frequency, span)
        printed[key] = (
            *report_papers.written(reader, report, user.locale), report_papers.pdf(reader, report, user.locale),
            report_papers.file_name(report),
        )  # fmt: skip
    subject, text, content, name = printed[key]
    staged = files.stage(work, content, name=name, owner="sales_dashboard", media_type="application/pdf", largest=0)
    with work.begin():
        # Two workers may get here; the row says which of them sends.
        row = {"frequency": frequency, "first_day": span[0], "user_id": user.id, "at": work.now}
        noted: Any = work.session.execute(upsert(work.session, Sent).values(row).on_conflict_do_nothing())
        if not noted.rowcount:
            return False
        file = files.store(work, staged)
        attached = {"file_id": file.id, "name": file.name, "media_type": file.media_type, "size": file.size}
        mail.queue(
            work, to=user.email, to_name=user.name, subject=subject, text=text, attachments=[attached],
            source=f"sales_dashboard:{frequency}",
        )  # fmt: skip
    return True
