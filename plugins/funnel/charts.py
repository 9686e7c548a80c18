"""The funnel as a chart: its figures, how they are computed, and what is saved of it."""

from __future__ import annotations

from crmhost.api import Work
from crmhost.web.api import Chart, ChartReceipt, ChartSeries, gettext, number, percent

from .services import Funnel


def chart(work: Work, funnel: Funnel) -> Chart:
    """The chart of a funnel that has steps."""
    ends = funnel.steps[-1]
    return Chart(
        id="funnel",
        title=gettext("Where do contacts stop?"),
        sub=gettext("Each step counts the contacts that are there or further, by the statuses they have now"),
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
            filters=[(gettext("Contacts"), gettext("only yours"))] if work.actor.only_assigned else [],
            left_out=[(status.name, left) for status, left in funnel.left_out],
        ),
    )
