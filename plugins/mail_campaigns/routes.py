"""Pages of the campaigns for staff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint

from crmhost.api import Conflict, Invalid, Work, mail
from crmhost.web.api import (
    Response,
    abort,
    current_work,
    gettext,
    lasting,
    list_page,
    number,
    public,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import cells, clicks, figures, opens, over_time, recipients, running, services, subjects, web, winning
from .choosing import add_choosing
from .company_parts import add_company_parts
from .lists import campaign_table
from .models import Campaign
from .recipient_pages import LABELS, add_recipients
from .reviewing import add_review, segment_names
from .sequences.pages import add_sequences
from .sequences.parts import add_joining
from .sequences.people_pages import add_people
from .topic_pages import add_topics
from .web_pages import add_web
from .wizard import add_wizard, to_step

blueprint = Blueprint("mail_campaigns", __name__)


@blueprint.route("/", methods=["GET", "POST"])
@requires("mail_campaigns.view")
def index() -> Any:
    """All campaigns."""
    work = current_work()
    return list_page("mail_campaigns/index.html", campaign_table(work), work)


@blueprint.get("/<int:campaign_id>")
@requires("mail_campaigns.view")
def page(campaign_id: int) -> Any:
    """One campaign: what became of it, or the step at which its draft is."""
    work = current_work()
    campaign = services.get(work, campaign_id)
    if campaign.step_id is not None:
        # What became of its mails stands on the page of the sequence.
        return redirect(url_for("mail_campaigns.sequence", sequence_id=campaign.sequence_id or 0), 303)
    if campaign.state == "draft" and work.can("mail_campaigns.edit"):
        return to_step("review", campaign_id)
    links = clicks.by_link(work, campaign) if campaign.track_clicks and campaign.mailing_id is not None else []
    return render_template(
        "mail_campaigns/page.html",
        links=links,
        days=over_time.chart(work, campaign),
        tried=subjects.of(work, campaign),
        measures=_measures(campaign),
        **_shown(work, campaign),
    )


@blueprint.get("/<int:campaign_id>/progress")
@requires("mail_campaigns.view")
def progress(campaign_id: int) -> Any:
    """How far it is: the part of its page that renews itself."""
    work = current_work()
    shown = _shown(work, services.get(work, campaign_id))
    answer = Response(render_template("mail_campaigns/progress.html", **shown))
    if shown["halted"] or (shown["one"].state not in ("planning", "sending") and not _sends(shown)):
        # It is over, or came to stand: the buttons of the page are others then.
        answer.headers["HX-Refresh"] = "true"
    return answer


def _shown(work: Work, campaign: Campaign) -> dict[str, Any]:
    mailing = mail.mailings.get(work, campaign.mailing_id) if campaign.mailing_id is not None else None
    counted = figures.of(work, [campaign])[campaign.id]
    return {
        "one": campaign,
        "chip": cells.chip(campaign),
        "figures": counted,
        "reasons": cells.REASONS,
        "left_lists": {reason: name for name, reason in recipients.LEFT.items()},
        "halted": mailing.halted if mailing is not None else "",
        "mailing_state": mailing.state if mailing is not None else "",
        "pace": _pace(work, campaign, mailing, counted),
        "segment_names": segment_names(work, campaign),
    }


def _measures(campaign: Campaign) -> dict[str, str]:
    """What several subjects are compared by: figure -> what it is called."""
    counted = [name for name, (field, _said) in subjects.DECIDES.items() if getattr(campaign, field)]
    return {name: gettext(LABELS[name]) for name in counted}


def _sends(shown: Mapping[str, Any]) -> bool:
    """Whether the first mails with several subjects are still going out."""
    one: Campaign = shown["one"]
    return one.state == "testing" and str(shown["mailing_state"]) == "sending"


def _pace(work: Work, campaign: Campaign, mailing: mail.MailMailing | None, counted: Mapping[str, int]) -> str:
    """How fast it goes and how long it still takes, by what went out so far."""
    over = counted["planned"] - counted["waiting"]
    if campaign.state != "sending" or over < 1 or mailing is None or mailing.started_at is None:
        return ""
    seconds = max((work.now - mailing.started_at).total_seconds(), 1.0)
    left = lasting(counted["waiting"] * seconds / over)
    return str(gettext("%(rate)s a minute, %(time)s left", rate=number(round(over * 60 / seconds)), time=left))


# --- what is done to one ---------------------------------------------------------------------------------------------


@blueprint.post("/<int:campaign_id>/send")
@requires("mail_campaigns.send")
def send(campaign_id: int) -> Any:
    """Send it now."""
    try:
        with writing() as work:
            campaign = services.get(work, campaign_id, lock=True)
            if campaign.state in services.OPEN and request.form.get("version") != str(campaign.version):
                raise Conflict("Somebody saved this campaign meanwhile: look at it once more before it goes out.")
            running.send(work, campaign_id)
    except (Invalid, Conflict) as error:
        toast(gettext(error.message), category="bad")
        return redirect(url_for("mail_campaigns.page", campaign_id=campaign_id), 303)
    toast(gettext("The campaign is on its way."))
    return redirect(url_for("mail_campaigns.page", campaign_id=campaign_id), 303)


def _acts(name: str, act: Callable[[Work, int], object], done: Callable[[], str]) -> None:
    """Adds an address that does something to a campaign and leads back to it."""

    @requires("mail_campaigns.send")
    def view(campaign_id: int) -> Any:
        try:
            with writing() as work:
                act(work, campaign_id)
            toast(done())
        except Conflict as error:
            toast(gettext(error.message), category="bad")
        return redirect(url_for("mail_campaigns.page", campaign_id=campaign_id), 303)

    view.__doc__ = f"What the button “{name}” does."
    blueprint.add_url_rule(f"/<int:campaign_id>/{name}", name, view, methods=["POST"])


@blueprint.post("/<int:campaign_id>/winner")
@requires("mail_campaigns.send")
def winner(campaign_id: int) -> Any:
    """Send the best subject, or the one that was chosen, to the rest."""
    chosen = request.form.get("subject", "")
    try:
        with writing() as work:
            winning.choose(work, campaign_id, int(chosen) if chosen in ("0", "1", "2", "3") else None)
        toast(gettext("The rest gets the subject now."))
    except (Conflict, Invalid) as error:
        toast(gettext(error.message), category="bad")
    return redirect(url_for("mail_campaigns.page", campaign_id=campaign_id), 303)


_acts("unschedule", running.unschedule, lambda: gettext("The campaign is a draft again."))
_acts("pause", running.pause, lambda: gettext("The campaign is paused."))
_acts("resume", running.resume, lambda: gettext("The campaign goes on."))
_acts("cancel", running.cancel, lambda: gettext("The campaign was cancelled."))


@blueprint.post("/<int:campaign_id>/archive")
@requires("mail_campaigns.edit")
def put_in_archive(campaign_id: int) -> Any:
    """Put it into the archive, or take it out."""
    put = request.form.get("put") == "1"
    try:
        with writing() as work:
            web.archive(work, campaign_id, put=put)
    except Conflict as error:
        toast(gettext(error.message), category="bad")
    else:
        toast(
            gettext("Everybody may read it in the archive now.") if put else gettext("It is no longer in the archive.")
        )
    return redirect(url_for("mail_campaigns.page", campaign_id=campaign_id), 303)


@blueprint.post("/<int:campaign_id>/duplicate")
@requires("mail_campaigns.edit")
def duplicate(campaign_id: int) -> Any:
    """Copy it."""
    with writing() as work:
        copy = services.duplicate(work, campaign_id).id
    toast(gettext("This is the copy."))
    return to_step("subject", copy)


@blueprint.post("/<int:campaign_id>/delete")
@requires("mail_campaigns.edit")
def delete(campaign_id: int) -> Any:
    """Delete it."""
    try:
        with writing() as work:
            name = services.delete(work, campaign_id)
    except Conflict as error:
        toast(gettext(error.message), category="bad")
        return redirect(url_for("mail_campaigns.page", campaign_id=campaign_id), 303)
    toast(gettext("The campaign “%(name)s” was deleted.", name=name))
    return redirect(url_for("mail_campaigns.index"), 303)


# --- what everybody may open -----------------------------------------------------------------------------------------


@blueprint.get("/c/<int:campaign_id>/<int:number>/<token>")
@public
def follow(campaign_id: int, number: int, token: str) -> Any:
    """Leads to the page that a link of a mail stands for, and counts that somebody went there."""
    address = clicks.leads_to(current_work(), campaign_id, number) if number != clicks.TRAP else "/"
    if not address:
        abort(404)
    if request.method == "GET":
        with writing() as work:
            clicks.take(work, campaign_id, number, token, request.user_agent.string)
    answer = redirect(address, 302)
    answer.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"})
    return answer


@blueprint.get("/o/<int:campaign_id>/<token>.gif")
@public
def opened(campaign_id: int, token: str) -> Any:
    """The picture that counts openings: the same for every token, and without a cookie. Most loads write nothing."""
    purpose = " ".join(request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Purpose"))
    if request.method == "GET":
        opening = opens.seen(current_work(), campaign_id, token, request.user_agent.string, purpose)
        if opening is not None:
            with writing() as work:
                opens.write_down(work, opening)
    answer = Response(opens.PICTURE, mimetype="image/gif")
    answer.headers.update({"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"})
    return answer


add_wizard(blueprint)
add_review(blueprint)
add_recipients(blueprint)
add_sequences(blueprint)
add_joining(blueprint)
add_people(blueprint)
add_topics(blueprint)
add_choosing(blueprint)
add_web(blueprint)
add_company_parts(blueprint)
