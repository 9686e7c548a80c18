"""The steps of a campaign until it goes out: template, name and subject, audience, content, review.

Each step is a form whose buttons, those of the path above it too, save it first: going back or forward loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint

from crmhost.api import Conflict, CrmError, Invalid, Message, NotFound, Stale, Work, contacts, keyset, mail
from crmhost.web.api import (
    VersionedForm,
    both_versions,
    current_person,
    current_work,
    gettext,
    link,
    mail_preview,
    mail_preview_error,
    picked_record,
    record_url,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import audience, checks, readers, running, services, starting, web
from .forms import AudienceForm, ContentForm, SubjectForm
from .models import Campaign

#: Steps in their order, with what they are called.
STEPS = {
    "template": Message("Template"),
    "subject": Message("Name and subject"),
    "audience": Message("Audience"),
    "content": Message("Content"),
    "review": Message("Review"),
}
#: Before the key of a layout that was chosen in place of a template.
_LAYOUT = "layout:"


def add_wizard(blueprint: Blueprint) -> None:
    """Adds the pages of the steps and what they send."""
    edits, sends, views = (requires(f"mail_campaigns.{name}") for name in ("edit", "send", "view"))
    add = blueprint.add_url_rule
    add("/new", "new", edits(new), methods=["GET", "POST"])
    for name, view in (("template", template), ("subject", subject), ("audience", choose), ("content", content)):
        add(f"/<int:campaign_id>/{name}", name, edits(view), methods=["GET", "POST"])
    add("/<int:campaign_id>/audience/preview", "who", edits(who), methods=["POST"])
    add("/<int:campaign_id>/preview", "preview", views(preview), methods=["GET", "POST"])
    add("/<int:campaign_id>/test", "test", sends(test), methods=["POST"])


def to_step(name: str, campaign_id: int) -> Any:
    """Leads to a step."""
    return redirect(url_for(f"mail_campaigns.{name}", campaign_id=campaign_id), 303)


def open_draft(campaign_id: int) -> Campaign | None:
    """A campaign that can be changed; nothing when it is on its way."""
    campaign = services.get(current_work(), campaign_id)
    return campaign if campaign.state in services.OPEN else None


def late(campaign_id: int) -> Any:
    """Leads to the page of a campaign that can't be changed any more."""
    toast(gettext("This campaign is on its way: copy it, and change the copy."), category="warn")
    return redirect(url_for("mail_campaigns.page", campaign_id=campaign_id), 303)


def _step(
    name: str,
    campaign: Campaign,
    form: VersionedForm,
    stored: Callable[[Campaign], Mapping[str, Any]],
    values: Callable[[], Mapping[str, Any]],
    page: Callable[[], str],
) -> Any:
    """Shows a step, or saves it and leads on to where the button says."""
    number = campaign.id
    form.remember(stored(campaign))
    if not form.is_submitted():
        return page()
    if form.validate():
        try:
            with writing() as work:
                services.update(work, number, values(), version=keyset.valid_id(form.version.data))
        except Stale:
            now = services.get(current_work(), number)
            back = url_for(f"mail_campaigns.{name}", campaign_id=number)
            return both_versions(form, stored(now), name=now.name, back=back)
        except Conflict:
            return late(number)
        except CrmError as error:
            form.take(error)
        else:
            return _onward(name, number)
    return page(), 422


def _now(campaign: Campaign, number: int, form: VersionedForm) -> Campaign:
    """The campaign as it is stored, read again after a save that was refused."""
    return services.get(current_work(), number) if form.is_submitted() else campaign


def _onward(name: str, number: int) -> Any:
    wanted = request.form.get("go", "")
    if name == "content" and current_work().can("mail.send"):
        with writing() as work:
            checks.follow(work, services.get(work, number))
    if wanted == "test":
        _send_test(number)
        return to_step(name, number)
    if wanted == "segment":
        return redirect(_segment_page(number) or url_for("mail_campaigns.audience", campaign_id=number), 303)
    names = list(STEPS)
    if wanted not in (*names, "stay"):
        wanted = names[names.index(name) + 1]
    return to_step(name if wanted == "stay" else wanted, number)


# --- the template ----------------------------------------------------------------------------------------------------


def new() -> Any:
    """Choose what a new campaign begins with."""
    if request.method == "GET":
        return _template_page(None)
    chosen, layout = _begun()
    try:
        with writing() as work:
            given = starting.laid_out(work, layout, gettext) if layout else starting.words(work, chosen)
            name = mail.template(work, chosen).name if chosen is not None else gettext("New campaign")
            number = services.create(work, {"name": name, **given}).id
    except CrmError as error:
        return _template_page(None, gettext(error.message)), error.status
    return to_step("subject", number)


def template(campaign_id: int) -> Any:
    """Choose another template; a text that was written is replaced only when that is said."""
    campaign = open_draft(campaign_id)
    if campaign is None:
        return late(campaign_id)
    if request.method == "GET":
        return _template_page(campaign)
    chosen, layout = _begun()
    wanted = request.form.get("go", "")
    following = wanted if wanted in STEPS and wanted != "template" else "subject"
    if chosen == campaign.template_id and not layout:
        return to_step(following, campaign_id)
    if starting.written_since(current_work(), campaign) and request.form.get("replace") != "y":
        return _template_page(campaign, chosen=chosen, layout=layout, ask=True), 409
    try:
        with writing() as work:
            given = starting.laid_out(work, layout, gettext) if layout else starting.words(work, chosen)
            kept = services.get(work, campaign_id).subject
            services.update(work, campaign_id, {**given, "subject": given["subject"] or kept})
    except CrmError as error:
        return _template_page(services.get(current_work(), campaign_id), gettext(error.message)), error.status
    return to_step(following, campaign_id)


def _begun() -> tuple[int | None, str]:
    """What was chosen to begin with: the number of a template, or the key of a layout."""
    said = request.form.get("template", "")
    return keyset.valid_id(said), said.removeprefix(_LAYOUT) if said.startswith(_LAYOUT) else ""


def _template_page(
    campaign: Campaign | None, problem: str = "", *, chosen: int | None = None, layout: str = "", ask: bool = False
) -> str:
    templates = mail.templates(current_work())
    if not ask and campaign is not None and any(one.id == campaign.template_id for one in templates):
        chosen = campaign.template_id
    return render_template(
        "mail_campaigns/template.html",
        one=campaign,
        steps=STEPS,
        templates=templates,
        layouts=mail.layouts.ALL,
        chosen=chosen,
        layout=layout,
        ask=ask,
        problem=problem,
    )


# --- name and subject ------------------------------------------------------------------------------------------------


def subject(campaign_id: int) -> Any:
    """What it is called, its subject, who it comes from."""
    campaign = open_draft(campaign_id)
    if campaign is None:
        return late(campaign_id)
    work = current_work()
    stored = SubjectForm.stored(work, campaign)
    form = SubjectForm(data=stored)
    form.offer(work, campaign)

    def page() -> str:
        return render_template(
            "mail_campaigns/subject.html",
            form=form,
            one=_now(campaign, campaign_id, form),
            steps=STEPS,
            placeholders=mail.catalogue(current_work()),
        )

    return _step(
        "subject", campaign, form, lambda one: SubjectForm.stored(current_work(), one), lambda: form.values(), page
    )


# --- the audience ----------------------------------------------------------------------------------------------------


def choose(campaign_id: int) -> Any:
    """Who gets it."""
    campaign = open_draft(campaign_id)
    if campaign is None:
        return late(campaign_id)
    form = AudienceForm(data=AudienceForm.stored(campaign))
    some = form.offer(current_work(), campaign)

    def page() -> str:
        one = _now(campaign, campaign_id, form)
        return render_template(
            "mail_campaigns/audience.html",
            form=form,
            one=one,
            steps=STEPS,
            add_segment=bool(_segment_page(campaign_id)),
            segments=some,
            shown=_who(one.audience if not form.is_submitted() else form.audience(), one.topic_id),
        )

    return _step("audience", campaign, form, AudienceForm.stored, lambda: {"audience": form.audience()}, page)


def _segment_page(campaign_id: int) -> str:
    """Where a segment is made, which leads back to the audience; empty when the reader can't make one."""
    if not current_work().can("segments.edit"):
        return ""
    return link("segments.new", back=url_for("mail_campaigns.audience", campaign_id=campaign_id))


def who(campaign_id: int) -> Any:
    """Who would get it by what is chosen in the form: a part of its page."""
    campaign = services.get(current_work(), campaign_id)
    form = AudienceForm()
    form.offer(current_work(), campaign)
    return _who(form.audience(), campaign.topic_id)


def _who(chosen: Mapping[str, Any], topic_id: int | None) -> str:
    work = current_work()
    found, problem = None, ""
    if chosen.get("include"):
        try:
            found = audience.preview(work, audience.clean(work, chosen), topic_id)
        except Invalid as error:
            problem = gettext(error.message)
    return render_template("mail_campaigns/who.html", found=found, problem=problem, record_url=record_url)


# --- the content -----------------------------------------------------------------------------------------------------


def content(campaign_id: int) -> Any:
    """What it says."""
    campaign = open_draft(campaign_id)
    if campaign is None:
        return late(campaign_id)
    work = current_work()
    form = ContentForm(data=ContentForm.stored(campaign))
    form.offer_content(work, web.placeholders())

    def page() -> str:
        one = _now(campaign, campaign_id, form)
        return render_template(
            "mail_campaigns/content.html",
            form=form,
            one=one,
            steps=STEPS,
            placeholders=[*mail.catalogue(current_work()), *web.placeholders()],
            reader=readers.first(current_work(), one),
        )

    return _step("content", campaign, form, ContentForm.stored, lambda: form.values(), page)


def preview(campaign_id: int) -> Any:
    """What stands in the form, or else what is stored, filled in for a contact: for a frame."""
    work = current_work()
    campaign = services.get(work, campaign_id)
    try:
        reader = _wanted(work, campaign)
        if request.method == "POST":
            form = ContentForm()
            source = mail.compose(work, form.kind.data or "text", campaign.subject, form.written, form.text.data or "")
        else:
            source = running.source(work, campaign)
        written = readers.write(work, campaign, source, reader)
    except CrmError as error:
        return mail_preview_error(error)
    return mail_preview(work, written)


def _wanted(work: Work, campaign: Campaign) -> readers.Reader | None:
    """The contact that was picked, else the first reader."""
    number = picked_record("contact", request.values.get("contact", ""))
    if number is not None:
        return readers.as_person(contacts.get(work, number))
    return readers.first(work, campaign)


def test(campaign_id: int) -> Any:
    """Sends what is stored to who asks."""
    _send_test(campaign_id)
    return to_step("review", campaign_id)


def _send_test(campaign_id: int) -> None:
    work = current_work()
    campaign = services.get(work, campaign_id)
    person = current_person()
    to = person.email if person else ""
    try:
        work.require("mail_campaigns.send")
        account = mail.chosen(work, campaign.account_id)
        written = readers.write(work, campaign, running.source(work, campaign), readers.first(work, campaign))
        mail.require_known(written)
        with writing() as work:
            mail.queue(
                work,
                to=to,
                subject=written.subject or gettext("(no subject)"),
                html=written.html,
                text=written.text,
                account_id=account.id,
                source="test",
            )
    except (Invalid, NotFound) as error:
        toast(gettext(error.message), category="bad")
        return
    if mail.transport(current_work()) == "log":
        toast(gettext("Mails stay on this site: the test lies in the log."), category="info")
    else:
        toast(gettext("The test is on its way to %(email)s.", email=to))
