"""Pages of the reports by mail: who gets them, what they look like, which ones went out."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any, ClassVar

from flask import Blueprint, send_file

from crmhost.api import CrmError, Stale, Work
from crmhost.web.api import (
    ChoicesField,
    Section,
    VersionedForm,
    abort,
    both_versions,
    current_work,
    gettext,
    lazy_text,
    name_download,
    redirect,
    render_template,
    requires,
    toast,
    url_for,
    writing,
)

from . import periods, report, report_papers
from .recipients import Sent
from .report import FREQUENCIES, MONTHLY, WEEKLY


class RecipientsForm(VersionedForm):
    """Who gets which report."""

    sections: ClassVar[list[Section]] = [
        Section("recipients", lazy_text("Who gets them"), {WEEKLY: 6, MONTHLY: 6}),
    ]
    weekly = ChoicesField(
        lazy_text("Every Monday, the week before"), description=lazy_text("Users who may see the sales dashboard.")
    )
    monthly = ChoicesField(
        lazy_text("On the first of each month, the month before"),
        description=lazy_text("Who sees only their own contacts gets the figures of these."),
    )


@requires("settings.edit")
def index() -> Any:
    """Asks who gets them, and shows which ones went out."""
    work = current_work()
    form = _form(work)
    if form.is_submitted() and form.validate():
        try:
            with writing() as work:
                wanted = {name: [int(value) for value in form[name].data or ()] for name in FREQUENCIES}
                report.choose(work, wanted, seen=str(form.version.data or ""))
        except Stale:
            stored = _stored(current_work())
            return both_versions(form, stored, name=gettext("Reports by mail"), back=url_for(".reports"))
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("It was saved."))
            return redirect(url_for(".reports"), 303)
    work = current_work()
    spans = {name: report.span_of(name, work.today) for name in FREQUENCIES}
    page = render_template(
        "sales_dashboard/reports.html",
        form=form,
        spans={name: periods.in_words(span, work.locale) for name, span in spans.items()},
        sent=[(row, name, periods.in_words(_days(row), work.locale)) for row, name in report.last_sent(work)],
        weekly=WEEKLY,
    )
    return page, 422 if form.problems else 200


@requires("sales_dashboard.view")
def preview(frequency: str) -> Any:
    """The mail as its reader would get it."""
    work = current_work()
    made = _report(work, frequency)
    subject, text = report_papers.written(work, made, work.locale)
    return render_template(
        "sales_dashboard/report_preview.html", frequency=frequency, subject=subject, text=text,
        file=report_papers.file_name(made),
    )  # fmt: skip


@requires("sales_dashboard.view")
def pdf(frequency: str) -> Any:
    """The PDF of it."""
    work = current_work()
    made = _report(work, frequency)
    answer = send_file(io.BytesIO(report_papers.pdf(work, made, work.locale)), mimetype="application/pdf")
    name_download(answer, report_papers.file_name(made), shown=True)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _report(work: Work, frequency: str) -> report.Report:
    if frequency not in FREQUENCIES:
        abort(404)
    return report.build(work, frequency, report.span_of(frequency, work.today))


def _form(work: Work) -> RecipientsForm:
    stored = _stored(work)
    form = RecipientsForm(data=stored)
    people = [(str(user.id), user.name or user.email) for user in report.able(work)]
    for name in FREQUENCIES:
        form[name].offer(people)
    form.remember(stored)
    return form


def _stored(work: Work) -> dict[str, Any]:
    """Who gets which report, as the form shows it."""
    chosen = report.chosen(work)
    return {**{name: [str(number) for number in chosen[name]] for name in FREQUENCIES}, "version": report.version(work)}


def _days(sent: Sent) -> periods.Span:
    """The days that a report was of."""
    if sent.frequency == WEEKLY:
        return sent.first_day, sent.first_day + dt.timedelta(days=6)
    return periods.cut((sent.first_day, sent.first_day + dt.timedelta(days=30)), "month")[0]


def add_to(blueprint: Blueprint) -> None:
    """The pages."""
    blueprint.add_url_rule("/reports", "reports", index, methods=["GET", "POST"])
    blueprint.add_url_rule("/reports/<frequency>", "report_preview", preview)
    blueprint.add_url_rule("/reports/<frequency>/pdf", "report_pdf", pdf)
