"""Pages of the sequences for staff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint
from sqlalchemy import select

from crmhost.api import CrmError, Invalid, NotFound, Read, Stale, Work, keyset, mail
from crmhost.web.api import (
    RecordRows,
    Table,
    TableColumn,
    TableFilter,
    both_versions,
    current_work,
    gettext,
    list_page,
    mail_preview,
    mail_preview_error,
    redirect,
    render_template,
    request,
    requires,
    text_column,
    toast,
    url_for,
    writing,
)

from .. import readers, running, topics
from ..models import Sequence, Step
from ..reviewing import segment_names
from . import cells, figures, queries, services, steps
from .forms import SequenceForm, StepForm

_ROWS = RecordRows(queries.LIST, cells.rows)


def add_sequences(blueprint: Blueprint) -> None:
    """Adds the pages."""
    views, edits, sends = (requires(f"mail_campaigns.{name}") for name in ("view", "edit", "send"))
    add, one = blueprint.add_url_rule, "/sequences/<int:sequence_id>"
    add("/sequences/", "sequences", views(index), methods=["GET", "POST"])
    add("/sequences/new", "new_sequence", edits(edit), methods=["GET", "POST"])
    add(one, "sequence", views(page))
    add(f"{one}/edit", "edit_sequence", edits(edit), methods=["GET", "POST"])
    add(
        f"{one}/on",
        "sequence_on",
        sends(_acts(services.switch_on, lambda: gettext("The sequence is on."))),
        methods=["POST"],
    )
    add(
        f"{one}/off",
        "sequence_off",
        sends(_acts(services.switch_off, lambda: gettext("The sequence is off."))),
        methods=["POST"],
    )
    going = _acts(services.go_on, lambda: gettext("The sequence goes on."))
    add(f"{one}/resume", "resume_sequence", sends(going), methods=["POST"])
    add(f"{one}/delete", "delete_sequence", edits(delete), methods=["POST"])
    add(f"{one}/steps", "add_step", edits(add_step), methods=["POST"])
    add(f"{one}/steps/<int:step_id>", "step", edits(step), methods=["GET", "POST"])
    add(f"{one}/steps/<int:step_id>/preview", "step_preview", views(preview))
    add(f"{one}/steps/<int:step_id>/move", "move_step", edits(move_step), methods=["POST"])
    add(f"{one}/steps/<int:step_id>/delete", "delete_step", edits(delete_step), methods=["POST"])


def to_sequence(sequence_id: int) -> Any:
    """Leads to a sequence."""
    return redirect(url_for("mail_campaigns.sequence", sequence_id=sequence_id), 303)


def index() -> Any:
    """All sequences."""
    work = current_work()
    return list_page("mail_campaigns/sequences/index.html", _table(work), work)


def _table(work: Work) -> Table:
    return Table(
        id="sequences",
        label=gettext("Sequences"),
        all_label=gettext("All sequences"),
        columns=[
            text_column("name", gettext("Name"), cells.name, sort="name", css="c-name", fixed=True),
            text_column("state", gettext("State"), lambda row: cells.chip(row.one), css="c-status"),
            *(_number(state, gettext(label)) for state, label in cells.STATES.items()),
            text_column("when", gettext("Changed"), cells.when, sort="updated_at", css="c-org"),
        ],
        fetch=_ROWS.fetch,
        count=_ROWS.count,
        ids=_ROWS.ids,
        filters=[
            TableFilter(
                id="state",
                label=gettext("State"),
                kind="choice",
                choices=[("on", gettext("On")), ("off", gettext("Off"))],
                words="{value}",
            )
        ],
        sort="-updated_at",
        search=gettext("Name"),
        row_name=lambda row: row.one.name,
        card=("name", "state", (("inside",), ("when",))),
        empty=(
            gettext("No sequences yet"),
            gettext("A sequence is a series of mails with waits: who enters gets one after the other, each once."),
            url_for("mail_campaigns.new_sequence") if work.can("mail_campaigns.edit") else "",
            gettext("New sequence"),
        ),
    )


def _number(state: str, label: str) -> TableColumn:
    def read(row: cells.Row) -> str:
        return cells.figure(row, state)

    return TableColumn(id=state, label=label, cell=read, align="end", css="c-no")


def page(sequence_id: int) -> Any:
    """One sequence: its steps with their figures."""
    work = current_work()
    found, known = services.opened(work, sequence_id)
    reads = _page_reads(work, found)
    counted = figures.of(work, found, known, reads.values())
    return render_template(
        "mail_campaigns/sequences/page.html",
        one=found,
        chip=cells.chip(found),
        figures=counted,
        reasons=cells.REASONS,
        wait=cells.wait,
        problems=services.problems(work, found, known),
        templates=sorted(work.rows(reads["templates"]), key=lambda row: row[2]) if "templates" in reads else [],
        segment_names=segment_names(work, found),
        topic="".join(str(row[0]) for row in work.rows(reads["topic"])) if "topic" in reads else "",
    )


def _page_reads(work: Work, found: Sequence) -> dict[str, Read]:
    reads = {}
    if work.can("mail_campaigns.edit"):
        columns = (mail.MailTemplate.id, mail.MailTemplate.name, mail.MailTemplate.name_key)
        reads["templates"] = Read(("mail_campaigns.templates",), select(*columns))
    if found.topic_id is not None:
        reads["topic"] = topics.name_read(found.topic_id)
    return reads


def edit(sequence_id: int | None = None) -> Any:
    """What a sequence is called, who enters and who leaves; or a new one."""
    work = current_work()
    found = services.get(work, sequence_id) if sequence_id is not None else services.blank()
    form = SequenceForm(data=SequenceForm.shown(work, found))
    form.offer_all(work, found)
    if sequence_id is not None:
        form.remember(SequenceForm.shown(work, found))
    if form.validate_on_submit():
        try:
            with writing() as work:
                if sequence_id is None:
                    number = services.create(work, form.values()).id
                else:
                    version = keyset.valid_id(form.version.data)
                    number = services.update(work, sequence_id, form.values(), version=version).id
        except Stale:
            now = services.get(current_work(), sequence_id or 0)
            back = url_for("mail_campaigns.edit_sequence", sequence_id=now.id)
            return both_versions(form, SequenceForm.shown(current_work(), now), name=now.name, back=back)
        except CrmError as error:
            form.take(error)
            found = services.get(current_work(), sequence_id) if sequence_id is not None else services.blank()
        else:
            toast(gettext("The sequence was saved."))
            return to_sequence(number)
    html = render_template(
        "mail_campaigns/sequences/edit.html",
        form=form,
        one=found if sequence_id else None,
        inside=services.inside(current_work(), sequence_id) if sequence_id else 0,
    )
    return html, 422 if form.is_submitted() else 200


def _acts(act: Callable[[Work, int], object], done: Callable[[], str]) -> Callable[[int], Any]:
    def view(sequence_id: int) -> Any:
        try:
            with writing() as work:
                act(work, sequence_id)
            toast(done())
        except Invalid as error:
            toast(gettext(error.message), category="bad")
        return to_sequence(sequence_id)

    view.__doc__ = "Switch it on or off."
    return view


def _tries(act: Callable[[Work], object]) -> bool:
    """Whether it could be done; else a notice says why not."""
    try:
        with writing() as work:
            act(work)
    except NotFound:
        raise
    except CrmError as error:
        toast(gettext(error.message), category="bad")
        return False
    return True


def delete(sequence_id: int) -> Any:
    """Delete it."""
    if not _tries(lambda work: services.delete(work, sequence_id)):
        return to_sequence(sequence_id)
    toast(gettext("The sequence was deleted."))
    return redirect(url_for("mail_campaigns.sequences"), 303)


def add_step(sequence_id: int) -> Any:
    """Add a mail at the end, and write it."""
    made: list[int] = []
    chosen = keyset.valid_id(request.form.get("template", ""))
    if not _tries(lambda work: made.append(steps.add(work, sequence_id, chosen).id)):
        return to_sequence(sequence_id)
    return redirect(url_for("mail_campaigns.step", sequence_id=sequence_id, step_id=made[0]), 303)


def step(sequence_id: int, step_id: int) -> Any:
    """A mail of it, and when it goes out."""
    try:
        found = steps.get(current_work(), sequence_id, step_id)
    except NotFound:
        if request.method != "POST":
            raise
        return _taken_away(sequence_id)
    form = StepForm(data=StepForm.stored(found))
    form.offer(current_work())
    form.remember(StepForm.stored(found))
    if form.validate_on_submit():
        try:
            with writing() as work:
                version = keyset.valid_id(form.version.data)
                steps.change(work, sequence_id, step_id, form.values(), version=version)
        except Stale:
            now = steps.get(current_work(), sequence_id, step_id)
            back = url_for("mail_campaigns.step", sequence_id=sequence_id, step_id=step_id)
            return both_versions(form, StepForm.stored(now), name=now.subject, back=back)
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("The mail was saved."))
            return to_sequence(sequence_id)
    now = steps.get(current_work(), sequence_id, step_id)
    return _step_page(sequence_id, form, now), 422 if form.is_submitted() else 200


def _step_page(sequence_id: int, form: StepForm, found: Step | None) -> str:
    work = current_work()
    one = services.get(work, sequence_id)
    return render_template(
        "mail_campaigns/sequences/step.html",
        form=form,
        one=one,
        step=found,
        inside=services.inside(work, one.id),
        placeholders=mail.catalogue(work),
        zone=str(work.timezone),
    )


def _taken_away(sequence_id: int) -> Any:
    """Somebody took a mail away while somebody else wrote it: it is not lost, and can be added as a new one."""
    form = StepForm()
    form.offer(current_work())
    if not request.form.get("again"):
        form.validate()
        said = gettext(
            "Somebody took this mail away meanwhile. Nothing that you typed is lost: save it to add it at the end."
        )
        form.add_problem("", said)
    elif form.validate():
        try:
            with writing() as work:
                steps.add(work, sequence_id, given=form.values())
        except NotFound:
            raise
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("The mail was added at the end."))
            return to_sequence(sequence_id)
    return _step_page(sequence_id, form, None), 409


def preview(sequence_id: int, step_id: int) -> Any:
    """A mail as it is stored, for a frame."""
    work = current_work()
    found = services.get(work, sequence_id)
    try:
        source = running.source(work, steps.get(work, sequence_id, step_id))
        account, reader = services.account(work, found), readers.first(work, found)
        written = mail.write(
            work, source, reader.contact if reader else None, account=account, unsubscribe=f"{work.base_url}/"
        )
    except NotFound:
        raise
    except CrmError as error:
        return mail_preview_error(error)
    return mail_preview(work, written)


def move_step(sequence_id: int, step_id: int) -> Any:
    """Move a mail to the place before or after."""
    by = -1 if request.form.get("to") == "up" else 1
    _tries(lambda work: steps.move(work, sequence_id, step_id, by))
    return to_sequence(sequence_id)


def delete_step(sequence_id: int, step_id: int) -> Any:
    """Take a mail away."""
    if _tries(lambda work: steps.take_away(work, sequence_id, step_id)):
        toast(gettext("The mail was taken away."))
    return to_sequence(sequence_id)
