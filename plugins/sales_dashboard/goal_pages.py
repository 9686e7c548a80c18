"""Pages of goals: all of them with how far they got, and one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, Stale, keyset, rates
from crmhost.web.api import (
    both_versions,
    current_work,
    gettext,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import answering, goals, overview
from .forms import GoalForm, filled_goal
from .metrics import LABELS


def add_goals(blueprint: Blueprint) -> None:
    """Adds the pages."""
    may = requires(goals.PERMISSION)
    add = blueprint.add_url_rule
    add("/goals/", "goals", requires("sales_dashboard.view")(index))
    add("/goals/new", "new_goal", may(goal), methods=["GET", "POST"])
    add("/goals/<int:goal_id>", "goal", may(goal), methods=["GET", "POST"])
    add("/goals/<int:goal_id>/delete", "delete_goal", may(delete), methods=["POST"])
    add("/goals/restore", "restore_goal", may(restore), methods=["POST"])


def index() -> Any:
    """All goals."""
    work = current_work()
    shown = overview.all_shown_goals(work)
    return render_template("sales_dashboard/goals.html", goals=shown, actor=work.actor, is_anew=answering.is_anew(work))


def goal(goal_id: int | None = None) -> Any:
    """One goal, or a new one."""
    work = current_work()
    found = goals.get(work, goal_id) if goal_id is not None else None
    fresh = {"currency": rates.base_currency(work), "every": "month"}
    form = GoalForm(data=filled_goal(found) if found is not None else fresh)
    if found is not None:
        form.remember(filled_goal(found))
    form.offer(found)
    if form.validate_on_submit():
        try:
            with writing() as work:
                goals.save(work, goal_id, form.values(), version=keyset.valid_id(form.version.data))
        except Stale:
            now = goals.get(current_work(), goal_id or 0)
            address = url_for("sales_dashboard.goal", goal_id=now.id)
            return both_versions(form, filled_goal(now), name=gettext(LABELS[now.metric]), back=address)
        except CrmError as error:
            form.take(error)
            found = goals.get(current_work(), goal_id) if goal_id is not None else None
        else:
            toast(gettext("The goal was saved."))
            return redirect(url_for("sales_dashboard.goals"), 303)
    html = render_template("sales_dashboard/goal.html", form=form, goal=found)
    return html, 422 if form.is_submitted() else 200


def delete(goal_id: int) -> Any:
    """Delete a goal."""
    with writing() as work:
        gone = goals.delete(work, goal_id)
    toast(gettext("The goal was deleted."), undo_url=url_for("sales_dashboard.restore_goal", **gone))
    return redirect(url_for("sales_dashboard.goals"), 303)


def restore() -> Any:
    """Set a goal again that was deleted."""
    with writing() as work:
        goals.save(work, None, {name: request.args.get(name, "") for name in ("metric", "every", "currency", "target")})
    return redirect(url_for("sales_dashboard.goals"), 303)
