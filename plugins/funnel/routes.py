"""The page of the funnel and its box on the dashboard."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask_babel import format_timedelta

from crmhost.api import Invalid, Work, tags, users
from crmhost.web.api import (
    Chart,
    current_work,
    day,
    gettext,
    link,
    number,
    percent,
    render_template,
    request,
    requires,
)

from . import actual as history
from . import charts, services
from .actual import Actual
from .services import Funnel

blueprint = Blueprint("funnel", __name__)

VIEWS = ("backfilled", "actual")


@dataclasses.dataclass(frozen=True)
class Bar:
    """A step as it is drawn.

    :param url: the list of exactly those whom ``count`` counts.
    :param here_url: the list of those who are at the step now, where it has one.
    :param before: the sentence between the step before and this one.
    """

    name: str
    hue: str
    count: int
    here: int
    share: float | None
    conversion: float | None
    url: str
    before: str
    here_url: str = ""
    on: int = 0
    back: int = 0
    left: str = ""
    lasting: str = ""


@dataclasses.dataclass(frozen=True)
class Shown:
    """A view of the funnel as the pages show it.

    :param whole: what the widest bar stands for.
    :param chart: ``None`` while there is nothing to draw.
    """

    view: str
    bars: tuple[Bar, ...]
    funnel: Funnel | Actual
    whole: int
    chart: Chart | None
    first: str = ""
    last: str = ""


@blueprint.get("/")
@requires(services.PERMISSION)
def index() -> Any:
    """The funnel, with its figures beside the picture."""
    work = current_work()
    problem = ""
    try:
        shown = _shown(work, request.args)
    except Invalid as error:
        problem = gettext(error.message)
        shown = _shown(work, {"view": request.args.get("view", "")})
    page = render_template(
        "funnel/index.html",
        shown=shown,
        width=_width,
        given=_given(request.args),
        problem=problem,
        people=[(user.email, user.name or user.email) for user, _ in users.all_users(work) if not user.disabled_at],
        tags=tags.all_tags(work),
    )
    return (page, 422) if problem else page


@blueprint.get("/box")
@requires(services.PERMISSION)
def box() -> str:
    """The inside of the box on the dashboard, in one view or the other."""
    return _box(current_work(), request.args.get("view", ""))


def render_widget(work: Work) -> str:
    """The box on the dashboard."""
    return _box(work, "")


def _box(work: Work, view: str) -> str:
    return render_template("funnel/widget.html", shown=_shown(work, {"view": view}), width=_width)


# --- what is shown ---------------------------------------------------------------------------------------------------


def _given(args: Mapping[str, str]) -> dict[str, str]:
    """What the address says, without what is empty."""
    names = ("view", "from", "to", "assigned_to", "tag")
    return {name: args[name].strip()[:120] for name in names if args.get(name, "").strip()}


def _shown(work: Work, args: Mapping[str, str]) -> Shown:
    """The view that was asked for.

    :raises Invalid: when a filter or a day can't be understood.
    """
    given = _given(args)
    filters: dict[str, str] = {name: given[name] for name in ("assigned_to", "tag") if name in given}
    if given.get("view") == "actual":
        period = history.period(work, given.get("from", ""), given.get("to", ""))
        return _actual(work, history.actual(work, period, filters), filters)
    if "from" in given or "to" in given:
        history.period(work, given.get("from", ""), given.get("to", ""))
    days = {"created_from": given.get("from", ""), "created_to": given.get("to", "")}
    filters |= {name: text for name, text in days.items() if text}
    return _backfilled(work, services.backfilled(work, filters), filters)


def _backfilled(work: Work, funnel: Funnel, filters: Mapping[str, str]) -> Shown:
    bars = [
        Bar(
            step.status.name, step.status.hue, step.count, step.current, step.share, step.conversion,
            link("contacts.index", status=list(step.status_ids), **filters),
            ""
            if step is funnel.steps[0]
            else gettext("Nobody goes on to %(step)s yet", step=step.status.name)
            if step.conversion is None
            else gettext("%(share)s go on to %(step)s", share=percent(step.conversion), step=step.status.name),
            here_url=link("contacts.index", status=step.status.id, **filters),
        )
        for step in funnel.steps
    ]  # fmt: skip
    drawn = charts.backfilled(work, funnel, filters) if funnel.top else None
    return Shown("backfilled", tuple(bars), funnel, funnel.top, drawn)


def _actual(work: Work, found: Actual, filters: Mapping[str, str]) -> Shown:
    bars: list[Bar] = []
    for place, step in enumerate(found.steps):
        before = found.steps[place - 1] if place else None
        bars.append(
            Bar(
                step.status.name, step.status.hue, step.count, step.current, step.share, step.conversion,
                link("contacts.index", funnel_entered=history.as_filter(step, found.period), **filters),
                _between(before),
                on=step.on,
                back=step.back,
                left=", ".join(f"{number(amount)} {name or gettext('a deleted status')}" for name, amount in step.left),
                lasting=_lasting(step.median),
            )
        )  # fmt: skip
    drawn = charts.actual(work, found, filters) if found.top else None
    return Shown("actual", tuple(bars), found, found.top, drawn, day(found.period.first), day(found.period.last))


def _between(step: history.Step | None) -> str:
    if step is None:
        return ""
    if not step.on or step.median is None:
        return str(gettext("Nobody went on from %(step)s", step=step.status.name))
    share = percent(step.on / step.count)
    time = _lasting(step.median)
    said = gettext("%(share)s went on from %(step)s, after %(time)s", share=share, step=step.status.name, time=time)
    return str(said)


def _lasting(seconds: float | None) -> str:
    """A time in words: “3 days”."""
    return "" if seconds is None else str(format_timedelta(max(1, round(seconds)), threshold=1.5))


def _width(part: int, whole: int) -> str:
    """Width of a bar as an SVG attribute; somebody is always seen, nobody never."""
    if not part or not whole:
        return "0"
    return f"{max(100 * part / whole, 0.4):.2f}%"
