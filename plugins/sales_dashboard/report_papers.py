"""Reports on paper and as mails: the PDF and what is written beside it, in the reader's language."""

from __future__ import annotations

from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from crmhost.api import Message, Money, Work, placeholders
from crmhost.web.api import paper_pdf, text_in

from . import periods
from .metrics import COUNTS, LABELS, METRICS
from .report import WEEKLY, Report, Section

TEMPLATE = "sales_dashboard/pdf/report.html"


def written(work: Work, report: Report, language: str) -> tuple[str, str]:
    """Subject and text of the mail."""
    subject = text_in(work, _subject(work, report, language), language)
    lines = []
    for section in report.currencies:
        if len(report.currencies) > 1:
            lines += [section.currency, ""]
        for title, now, then, change in _rows(work, section, language):
            said = Message("%(figure)s: %(value)s (before: %(past)s)", figure=title, value=now, past=then)
            if change:
                said = Message(
                    "%(figure)s: %(value)s (%(change)s, before: %(past)s)",
                    figure=title,
                    value=now,
                    change=change,
                    past=then,
                )
            lines.append(text_in(work, said, language))
        lines.append("")
    before = Message("Before: %(period)s.", period=periods.in_words(report.before, str(_locale(work, language))))
    lines += [text_in(work, before, language), text_in(work, Message("The PDF has more."), language)]
    if work.base_url:
        lines += ["", f"{work.base_url}/sales-dashboard/"]
    return subject, "\n".join(lines)


def _subject(work: Work, report: Report, language: str) -> Message:
    first_one = report.currencies[0]
    total = placeholders.money(work, Money(first_one.now.gross, first_one.currency), language)
    if report.frequency == WEEKLY:
        week = periods.in_words(report.span, str(_locale(work, language)))
        return Message("Sales of the week %(period)s: %(total)s", period=week, total=total)
    month = format_date(report.span[0], "LLLL y", locale=_locale(work, language))
    return Message("Sales of %(month)s: %(total)s", month=month, total=total)


def _rows(work: Work, section: Section, language: str) -> list[tuple[str, str, str, str]]:
    """Name, value, value before and change of each figure, as text; no change from nothing."""
    rows = []
    for name in METRICS:
        now, then = section.now.metric(name), section.then.metric(name)
        title = text_in(work, LABELS[name], language)
        value, before = (_shown(work, name, some, section.currency, language) for some in (now, then))
        rows.append((title, value, before, _change(work, now, then, language)))
    return rows


def _shown(work: Work, name: str, value: int, currency: str, language: str) -> str:
    if name in COUNTS:
        return str(format_decimal(value, locale=_locale(work, language)))
    return placeholders.money(work, Money(value, currency), language)


def _change(work: Work, now: int, then: int, language: str) -> str:
    if then <= 0:
        return ""
    text = format_percent((now - then) / then, format="#,##0.0%", locale=_locale(work, language))
    return f"+{text}" if now > then else str(text)


def _locale(work: Work, language: str) -> Locale:
    return Locale.parse(language or str(work.settings.get("site.language") or work.locale or "en"))


def _context(work: Work, report: Report, language: str) -> dict[str, Any]:
    locale = _locale(work, language)
    weekly = report.frequency == WEEKLY
    sections = []
    for section in report.currencies:
        most = max((amount for _day, amount in section.days), default=0)
        sections.append(
            {
                "currency": section.currency,
                "rows": _rows(work, section, language),
                "bars": [
                    {
                        "label": format_date(day, "EEE d" if weekly else "d MMM", locale=locale),
                        "height": round(60 * max(amount, 0) / most, 1) if most > 0 else 0,
                        "amount": Money(amount, section.currency),
                    }
                    for day, amount in section.days
                ],
                "customers": [
                    (name, Money(gross, section.currency)) for _k, _id, name, gross, _s, _r in section.customers
                ],
                "tags": [
                    (part.label, part.totals.sales, Money(part.totals.gross, section.currency)) for part in section.tags
                ],
                "left_out": section.now.left_out,
            }
        )
    span, before = (periods.in_words(some, str(locale)) for some in (report.span, report.before))
    return {"span": span, "before": before, "sections": sections, "weekly": weekly}


def pdf(work: Work, report: Report, language: str) -> bytes:
    """The PDF. Not inside a transaction.

    :raises PdfError: when it can't be made.
    """
    return paper_pdf(work, TEMPLATE, language=language, **_context(work, report, language))


def file_name(report: Report) -> str:
    """What to call the PDF."""
    return f"sales-{report.span[0].isoformat()}-{report.span[1].isoformat()}.pdf"
