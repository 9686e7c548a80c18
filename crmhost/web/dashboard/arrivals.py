"""New contacts over time: the box “How many contacts came in?”."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

from babel.dates import format_date
from flask import render_template
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup

from ...core.contacts import days
from ...work.unit import Work
from ..charts import Chart, ChartReceipt, ChartSeries, chart_box
from ..i18n import SOURCE_LOCALE, day, number

#: Years that are shown at most and at least.
MOST_YEARS, FEWEST_YEARS = 10, 3
USUAL = "week"


@dataclasses.dataclass(frozen=True)
class Spans:
    """Days, weeks, months or years up to the running one.

    :param bounds: first day of each, and the day after the last.
    :param before: the same of as many that came before; empty where that says nothing.
    """

    bounds: Sequence[dt.date]
    before: Sequence[dt.date]


def _of_days(length: int, many: int, start: dt.date) -> Spans:
    def bounds(last: dt.date) -> list[dt.date]:
        return [last + dt.timedelta(days=length * (place + 1 - many)) for place in range(many + 1)]

    return Spans(bounds(start), bounds(start - dt.timedelta(days=length * many)))


def _months(today: dt.date, many: int) -> list[dt.date]:
    """First days of months, the last one being the month after the running one."""
    last = today.year * 12 + today.month
    numbers = [last - place for place in range(many, -1, -1)]
    return [dt.date(month // 12, month % 12 + 1, 1) for month in numbers]


def spans(per: str, today: dt.date, first: dt.date | None) -> Spans:
    """The periods that are shown.

    :param per: day (30 of them), week (12), month (12) or year.
    :param first: the day of the first contact.
    """
    if per == "day":
        return _of_days(1, 30, today)
    if per == "month":
        bounds = _months(today, 24)
        return Spans(bounds[12:], bounds[:13])
    if per == "year":
        since = today.year - (first.year if first else today.year) + 1
        years = min(max(since, FEWEST_YEARS), MOST_YEARS)
        return Spans([dt.date(today.year + 1 - place, 1, 1) for place in range(years, -1, -1)], ())
    return _of_days(7, 12, today - dt.timedelta(days=today.weekday()))


@dataclasses.dataclass(frozen=True)
class _Words:
    heading: str
    sub: Callable[[int], str]
    label: str
    title: str


def _words() -> dict[str, _Words]:
    return {
        "day": _Words(_("Day"), lambda _many: _("New contacts per day, last 30 days"), "d MMM", "EEEE d MMMM y"),
        "week": _Words(_("Week from"), lambda _many: _("New contacts per week, last 12 weeks"), "d MMM", "d MMMM y"),
        "month": _Words(_("Month"), lambda _many: _("New contacts per month, last 12 months"), "LLL", "LLLL y"),
        "year": _Words(
            _("Year"),
            lambda many: ngettext(
                "New contacts per year, last %(num)d year", "New contacts per year, last %(num)d years", many
            ),
            "y",
            "y",
        ),
    }


def chart(work: Work, per: str) -> Chart:
    """The chart for one kind of period, of the contacts that the actor may see.

    :param per: day, week, month or year; another text gives weeks.
    """
    words = _words().get(per) or _words()[USUAL]
    first = days.first(work) if per == "year" else None
    shown = spans(per, work.today, first)
    counted = days.came(work, [*shown.before[:-1], *shown.bounds]) if shown.before else days.came(work, shown.bounds)
    now = counted[-(len(shown.bounds) - 1) :]
    past = counted[: -len(now)]
    anybody = any(counted) or (first or days.first(work)) is not None
    series = [ChartSeries(_("This period"), now)]
    if past:
        series.append(ChartSeries(_("Period before"), past, "past"))
    total, of_before = sum(now), sum(past)
    return Chart(
        id="arrivals",
        title=_("How many contacts came in?"),
        kind="line",
        summary=ngettext("%(text)s contact came in from %(day)s to today.", "%(text)s contacts came in from %(day)s to today.",
                         total, text=number(total), day=day(shown.bounds[0])),
        heading=words.heading,
        labels=[_formatted(bound, words.label) for bound in shown.bounds[:-1]] if anybody else [],
        titles=[_formatted(bound, words.title) for bound in shown.bounds[:-1]] if anybody else [],
        series=series if anybody else [ChartSeries(_("This period"), [])],
        receipt=ChartReceipt(
            formula=_("Contacts by the day on which they were added, as it stands on each. Those in the bin don't count."),
            counted=total,
            filters=[(_("Assigned to"), _("Me"))] if work.actor.only_assigned else [],
            zone=str(work.timezone),
        ),
        running=_("so far"),
        sub=words.sub(len(now)),
        figure=number(total),
        delta=(total - of_before) / of_before if of_before else None,
        empty=_("Nobody is here yet. Add or import contacts: this will show when they came."),
    )  # fmt: skip


def _formatted(bound: dt.date, pattern: str) -> str:
    return str(format_date(bound, pattern, locale=get_locale() or SOURCE_LOCALE))


def box(work: Work, per: str = USUAL) -> Markup:
    """The inside of the box: the chart and the switch between periods."""
    per = per if per in ("day", "week", "month", "year") else USUAL
    made = chart(work, per)
    tools = render_template("dashboard/arrivals_switch.html", per=per)
    html = render_template("dashboard/arrivals.html", chart=chart_box(made, Markup(tools)), made=made)  # noqa: S704  # own markup
    return Markup(html)  # noqa: S704  # a template's own markup


def render(work: Work) -> str:
    """What the dashboard shows."""
    return box(work)
