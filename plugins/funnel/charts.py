"""The funnel as a chart: its figures, how they are computed, and what is saved of it."""

from __future__ import annotations

from collections.abc import Mapping

from crmhost.api import Work
from crmhost.web.api import Chart, ChartReceipt, ChartSeries, day, gettext, number, percent

from .actual import Actual
from .services import Funnel


def backfilled(work: Work, funnel: Funnel, filters: Mapping[str, str]) -> Chart:
    """The chart of a funnel that has steps, by the statuses that contacts have now."""
    ends = funnel.steps[-1]
    return Chart(
        id="funnel",
        title=gettext("Where do contacts stop?"),
        sub=gettext(
            "Backfilled: each step counts the contacts that are there or further, by the statuses they have now"
        ),
        kind="rows",
        stacked=True,
        summary=gettext(
            "%(number)s contacts are in the funnel; %(share)s of them got to its end, %(step)s.",
            number=number(funnel.top),
            share=percent(ends.share or 0),
            step=ends.status.name,
        ),
        heading=gettext("Step"),
        labels=[step.status.name for step in funnel.steps],
        series=[
            ChartSeries(gettext("At this step now"), [step.current for step in funnel.steps]),
            ChartSeries(gettext("Already further"), [step.further for step in funnel.steps], "soft"),
        ],
        receipt=ChartReceipt(
            formula=gettext(
                "A step counts the contacts that have its status now or that of a later step: whoever has a later status is "
                "taken to have passed the earlier ones."
            ),
            counted=funnel.top,
            filters=_filters(work, filters),
            zone=str(work.timezone) if {"created_from", "created_to"} & set(filters) else "",
            left_out=[(status.name, left) for status, left in funnel.left_out],
        ),
    )


def actual(work: Work, found: Actual, filters: Mapping[str, str]) -> Chart:
    """The chart of what really happened in a period in which somebody entered a step."""
    first, last = day(found.period.first), day(found.period.last)
    return Chart(
        id="funnel",
        title=gettext("Where do contacts stop?"),
        sub=gettext(
            "Actual: who really entered each step from %(first)s to %(last)s, and what became of them by today",
            first=first,
            last=last,
        ),
        kind="rows",
        stacked=True,
        summary=gettext(
            "From %(first)s to %(last)s %(number)s contacts entered %(step)s.",
            first=first,
            last=last,
            number=number(found.steps[0].count),
            step=found.steps[0].status.name,
        ),
        heading=gettext("Step"),
        labels=[step.status.name for step in found.steps],
        series=[
            ChartSeries(gettext("Still there"), [step.current for step in found.steps]),
            ChartSeries(gettext("Went on, back or left"), [step.count - step.current for step in found.steps], "soft"),
        ],
        receipt=ChartReceipt(
            formula=gettext(
                "A step counts the contacts that got its status in the period, by the history of statuses, each once, with what "
                "came last. The time is the middle one of those who went on. Contacts in the bin don't count."
            ),
            counted=sum(step.count for step in found.steps),
            filters=_filters(work, filters),
            zone=str(work.timezone),
        ),
    )


def _filters(work: Work, filters: Mapping[str, str]) -> list[tuple[str, str]]:
    """What narrows the contacts down, in words."""
    words = {
        "assigned_to": gettext("Assigned to"),
        "tag": gettext("Tag"),
        "created_from": gettext("Added from"),
        "created_to": gettext("Added until"),
    }
    own = [(gettext("Contacts"), gettext("only yours"))] if work.actor.only_assigned else []
    return own + [(words[name], text) for name, text in filters.items()]
