"""Pages of the dashboard."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from ...contributions import Widget
from ...work.unit import Work
from ..menus import quick_items
from ..request import current_work, is_fragment, requires, writing
from ..templating import failed_badge, link
from ..toasts import toast
from . import arrivals, services

blueprint = Blueprint("dashboard", __name__)

#: Columns of the grid, and the widths that it knows.
COLUMNS = 12
SPANS = (4, 5, 6, 7, 8, 12)


@dataclasses.dataclass(frozen=True)
class ShownBox:
    """A box as the page shows it.

    :param url: page behind “View all”; empty for none.
    :param html: its content; ``None`` while it is to be fetched later.
    :param badge: for admins, when it failed.
    """

    key: str
    title: str
    span: int
    url: str
    html: Markup | None
    failed: bool = False
    badge: str = ""


@dataclasses.dataclass(frozen=True)
class ShownStep:
    """A step of the set-up list with its address."""

    label: str
    url: str
    done: bool


@blueprint.get("/")
def index() -> str:
    """What happens in the CRM, for who is signed in."""
    work = current_work()
    layout = services.layout(work)
    steps = _steps(work)
    return render_template(
        "dashboard/index.html",
        figures=[(figure, link(figure.endpoint)) for figure in services.figures(work)],
        boxes=_fitted([_box(work, widget, now=not widget.lazy) for widget in layout.shown]),
        hidden=[(services.key_of(widget), _(widget.title)) for widget in layout.hidden],
        steps=steps,
        next_step=next((step for step in steps if not step.done), None),
        beginning=3 * sum(step.done for step in steps) < len(steps),
        quick=quick_items(),
        arranging="arrange" in request.args,
        focus=request.args.get("focus", ""),
    )


@blueprint.get("/dashboard/box/<key>")
def box(key: str) -> str:
    """One box: fetched by the page after it is shown, and a page of its own without scripts."""
    work = current_work()
    shown = _box(work, services.find(work, key))
    template = "dashboard/box_part.html" if is_fragment() else "dashboard/box_page.html"
    return render_template(template, box=shown)


@blueprint.get("/dashboard/arrived")
@requires("contacts.view")
def arrived() -> str:
    """New contacts per day, week, month or year: what the box's switch fetches, and a page of its own without scripts."""
    html = arrivals.box(current_work(), request.args.get("per", ""))
    if is_fragment():
        return html
    shown = ShownBox("dashboard.arrivals", _("How many contacts came in?"), COLUMNS, "", html)
    return render_template("dashboard/box_page.html", box=shown)


def _box(work: Work, widget: Widget, *, now: bool = True) -> ShownBox:
    span = min(SPANS, key=lambda known: abs(known - widget.span))
    box = ShownBox(services.key_of(widget), _(widget.title), span, link(widget.endpoint), None)
    if not now:
        return box
    html = services.render(work, widget)
    if html is services.FAILED:
        return dataclasses.replace(box, html=Markup(), failed=True, badge=failed_badge(widget.plugin))
    return dataclasses.replace(box, html=Markup(html))  # noqa: S704  # a plugin's render gives finished markup


def _fitted(boxes: Sequence[ShownBox]) -> list[ShownBox]:
    """The boxes, the last of each row made wider where that leaves no gap."""
    fitted: list[ShownBox] = []
    free = COLUMNS
    for box in boxes:
        if box.span > free:
            _widen(fitted, free)
            free = COLUMNS
        fitted.append(box)
        free -= box.span
    _widen(fitted, free)
    return fitted


def _widen(row: list[ShownBox], free: int) -> None:
    if row and row[-1].span + free in SPANS:
        row[-1] = dataclasses.replace(row[-1], span=row[-1].span + free)


def _steps(work: Work) -> Sequence[ShownStep]:
    """The set-up list; empty once all is done."""
    steps = [ShownStep(_(step.label), link(step.endpoint), step.done) for step in services.steps(work)]
    steps = [step for step in steps if step.url]
    return [] if all(step.done for step in steps) else steps


# --- arranging -------------------------------------------------------------------------------------------------------


@blueprint.post("/dashboard/arrange")
def arrange() -> ResponseReturnValue:
    """Keeps the order into which boxes were dragged."""
    with writing() as work:
        services.arrange(work, request.form.getlist("order"))
    return ("", 204) if is_fragment() else _back()


@blueprint.post("/dashboard/box/<key>/move")
def move(key: str) -> ResponseReturnValue:
    """Moves a box one place towards the beginning or the end."""
    later = request.form.get("to") == "later"
    with writing() as work:
        services.move(work, key, 1 if later else -1)
    return _back(f"{key}:{'later' if later else 'earlier'}")


@blueprint.post("/dashboard/box/<key>/hide")
def hide(key: str) -> ResponseReturnValue:
    """Takes a box off one's dashboard."""
    with writing() as work:
        services.hide(work, key)
    return _back()


@blueprint.post("/dashboard/box/<key>/show")
def show(key: str) -> ResponseReturnValue:
    """Puts a box back."""
    with writing() as work:
        services.hide(work, key, hidden=False)
    return _back()


@blueprint.post("/dashboard/reset")
def reset() -> ResponseReturnValue:
    """Puts all boxes back as they were at first."""
    with writing() as work:
        services.reset(work)
    return _back()


def _back(focus: str = "") -> ResponseReturnValue:
    return redirect(url_for("dashboard.index", arrange=1, focus=focus or None), 303)


# --- the set-up list -------------------------------------------------------------------------------------------------


@blueprint.post("/dashboard/steps/hide")
@requires("settings.edit")
def hide_steps() -> ResponseReturnValue:
    """Hides the set-up list for good."""
    with writing() as work:
        services.hide_steps(work)
    toast(_("The set-up list is hidden for everybody."), url_for("dashboard.show_steps"))
    return redirect(url_for("dashboard.index"), 303)


@blueprint.post("/dashboard/steps/show")
@requires("settings.edit")
def show_steps() -> ResponseReturnValue:
    """Shows the set-up list again."""
    with writing() as work:
        services.hide_steps(work, hidden=False)
    return redirect(url_for("dashboard.index"), 303)
