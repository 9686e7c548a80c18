"""Parts of pages of the core: boxes, tabs, figures, hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from crmhost.api import BlockField, ConditionTest, Contact, Hit, Invalid, MailBlock, Work
from crmhost.web.api import IntegerField, render_template, url_for

from . import services
from .models import Score


def widget(work: Work) -> str:
    """The box of the dashboard."""
    return render_template("probe_one/widget.html", mark="probe-one-widget", total=services.grand_total(work))


def slow_widget(work: Work) -> str:
    """The box of the dashboard that is fetched later."""
    return render_template("probe_one/widget.html", mark="probe-one-lazy", total=services.grand_total(work))


def total(work: Work) -> tuple[str, str]:
    """The figure of the dashboard."""
    return f"{services.grand_total(work)} probe points", "probe-one-meta"


def scored(work: Work) -> bool:
    """Whether a contact has a score."""
    return work.session.scalar(select(Score.id).limit(1)) is not None


def vital(work: Work, contact: Contact) -> str | None:
    """The points of a contact."""
    points = services.totals(work, [contact.id]).get(contact.id)
    return None if points is None else f"{points} probe-one-vital ({services.grade(work, points)})"


def box(work: Work, contact: Contact) -> str:
    """The box on a contact's page, with what other plugins remark."""
    answers = work.hooks.call("probe_one_remarks", work=work, contact_id=contact.id)
    return render_template("probe_one/box.html", contact=contact, remarks=[answer.value for answer in answers])


def tab(work: Work, contact: Contact) -> str:
    """The tab on a contact's page."""
    return render_template("probe_one/tab.html", scores=services.scores_of(work, contact.id))


def tab_count(work: Work, contact: Contact) -> int:
    """The number beside the tab."""
    return len(services.scores_of(work, contact.id))


def any_tab(_work: Work, kind: str, record: Any) -> str:
    """The tab on the page of every record."""
    return f"<p>any-tab of {kind} {record.id}</p>"


def any_tab_count(_work: Work, _kind: str, record: Any) -> int:
    """The number beside the tab."""
    return int(record.id)


def form_fields(_work: Work, _contact: Contact | None) -> Mapping[str, tuple[Any, Any, int]]:
    """The section of the contact's form."""
    return {"probe_one_points": (IntegerField("Points of a probe"), None, 2)}


def save_form(work: Work, contact_id: int, typed: Mapping[str, Any]) -> None:
    """Gives the points that were typed."""
    if typed["probe_one_points"]:
        try:
            services.give(work, contact_id, typed["probe_one_points"])
        except Invalid as error:
            raise Invalid({"probe_one_points": error.errors["points"]}) from error


def column(work: Work, ids: Sequence[int]) -> Mapping[int, str]:
    """Points for the rows of a list."""
    return {contact: f"{points} probe-one-cell" for contact, points in services.totals(work, ids).items()}


def at_least(_work: Work, text: str) -> ColumnElement[bool]:
    """Contacts with a score of at least so many points."""
    try:
        points = int(text)
    except ValueError:
        raise Invalid("Write a whole number of points.") from None
    return Contact.id.in_(select(Score.contact_id).where(Score.points >= points))


def asked_points(_work: Work, test: ConditionTest) -> Select[Any]:
    """Contacts whose points fulfil what is asked."""
    return select(Score.contact_id).group_by(Score.contact_id).having(test.on(func.sum(Score.points)))


def points_of(work: Work, ids: Sequence[int]) -> Mapping[int, int]:
    """The points of contacts."""
    return services.totals(work, ids)


def amounts(_work: Work) -> Sequence[tuple[str, str]]:
    """What the filter and the bulk action offer."""
    return [("5", "5 probe points"), ("50", "50 probe points")]


def give_many(work: Work, ids: Sequence[int], values: Mapping[str, str]) -> str | None:
    """Gives points to the selected contacts."""
    chosen = next((value for value in values.values() if value.isdigit()), "5")
    return f"{services.give_many(work, ids, int(chosen))} contacts scored."


def find(work: Work, text: str, limit: int) -> Sequence[Hit]:
    """Scores by their remark."""
    found = select(Score).where(Score.remark.contains(text, autoescape=True)).order_by(Score.id).limit(limit)
    return [
        Hit(title=f"probe-one-hit {score.remark}", url=url_for("probe_one.contact", contact_id=score.contact_id))
        for score in work.session.scalars(found)
    ]


def slot(_work: Work, **_context: Any) -> str:
    """What stands at the end of every page."""
    return render_template("probe_one/slot.html")


def composer(_work: Work, object_type: str, typed: Mapping[str, str]) -> str:
    """A field of the form in which a journal entry is written, for contacts."""
    if object_type != "contact":
        return ""
    return render_template("probe_one/composer.html", points=typed.get("probe_one.points", ""))


def score_block() -> MailBlock:
    """A block of mails."""
    return MailBlock(
        name="probe_one.score",
        label="Probe score",
        fields=[BlockField(name="words", label="Words")],
        mjml=lambda values: f"<mj-text>{values['words']}</mj-text>",
    )
