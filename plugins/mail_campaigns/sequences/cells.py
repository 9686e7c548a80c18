"""How sequences read in lists and on pages."""

from __future__ import annotations

from collections.abc import Sequence as Many

from crmhost.api import Message, Work
from crmhost.web.api import Cell, ago, gettext, link_cell, ngettext, number, status_cell, url_for

from ..cells import Counted
from ..models import Sequence, Step
from ..reasons import LEFT
from . import figures

#: State of a contact in a sequence -> what it is called.
STATES = {"inside": Message("Inside"), "finished": Message("Through"), "left": Message("Left")}
REASONS = LEFT
Row = Counted[Sequence]


def rows(work: Work, found: Many[Sequence]) -> list[Row]:
    """Sequences with their figures, counted for all at once."""
    counted = figures.of_many(work, found)
    return [Row(one, counted[one.id]) for one in found]


def name(row: Row) -> Cell:
    """The name, leading to the page."""
    return link_cell(row.one.name, url_for("mail_campaigns.sequence", sequence_id=row.id))


def chip(sequence: Sequence) -> Cell:
    """Whether it is on."""
    return status_cell(gettext("On"), "green") if sequence.is_on else status_cell(gettext("Off"), "grey")


def figure(row: Row, state: str) -> str:
    """How many contacts are in a state."""
    return number(row.figures.get(state, 0))


def when(row: Row) -> str:
    """When it was changed."""
    return ago(row.one.updated_at)


def wait(step: Step, *, first: bool) -> str:
    """When a step goes out, as a sentence."""
    told = _after(step, first=first)
    if not step.office:
        return told
    return str(
        gettext(
            "%(told)s, on weekdays from %(opens)s to %(closes)s",
            told=told,
            opens=clock(step.opens),
            closes=clock(step.closes),
        )
    )


def _after(step: Step, *, first: bool) -> str:
    if not step.wait_number:
        return str(gettext("At once") if first else gettext("At once after the one before"))
    count = step.wait_number
    said = {
        "minutes": lambda: ngettext("%(number)s minute", "%(number)s minutes", count, number=number(count)),
        "hours": lambda: ngettext("%(number)s hour", "%(number)s hours", count, number=number(count)),
        "days": lambda: ngettext("%(number)s day", "%(number)s days", count, number=number(count)),
        "weeks": lambda: ngettext("%(number)s week", "%(number)s weeks", count, number=number(count)),
    }[step.wait_unit]()
    return str(gettext("%(time)s after entering", time=said) if first else gettext("%(time)s later", time=said))


def mail(place: int, subject: str) -> str:
    """A mail by its place and subject."""
    return f"{place}. {subject or gettext('(no subject)')}"


def clock(minute: int) -> str:
    """A time of day as a field of a form takes it."""
    return f"{minute // 60:02}:{minute % 60:02}"
