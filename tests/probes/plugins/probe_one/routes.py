"""Pages of probe one."""

from __future__ import annotations

from flask import Blueprint
from markupsafe import Markup

from crmhost.api import Status, Work, contacts
from crmhost.web.api import (
    RecordBox,
    Response,
    current_work,
    gettext,
    public,
    record_page,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import services

blueprint = Blueprint("probe_one", __name__)


@blueprint.get("/")
@requires("probe_one.view")
def index() -> str:
    """The roll-up per status and the points of all."""
    work = current_work()
    names = {status.id: status.name for status in work.session.query(Status)}
    counts = [(names.get(status, "?"), number) for status, number in sorted(services.per_status(work).items())]
    total = services.grand_total(work)
    greeting = work.settings.get("probe_one.greeting")
    return render_template("probe_one/index.html", counts=counts, total=total, greeting=greeting)


@blueprint.get("/contacts/<int:contact_id>")
@requires("probe_one.view")
def contact(contact_id: int) -> str:
    """The scores of one contact."""
    work = current_work()
    found = contacts.get(work, contact_id)
    return render_template("probe_one/contact.html", contact=found, scores=services.scores_of(work, found.id))


@blueprint.post("/contacts/<int:contact_id>")
@requires("probe_one.edit")
def give(contact_id: int) -> Response:
    """Gives points to a contact."""
    points = request.form.get("points", type=int)
    with writing() as work:
        services.give(work, contact_id, points if points is not None else 2000, remark=request.form.get("remark", ""))
    toast(gettext("The score was saved."))
    return redirect(url_for("probe_one.contact", contact_id=contact_id))


@blueprint.get("/scores/<int:score_id>")
@requires("probe_one.view")
def score(score_id: int) -> str:
    """The page of a score."""
    found = services.get(current_work(), score_id)
    own = RecordBox("probe_one.details", gettext("Details"), Markup("<p>probe-one-details</p>"))
    after = url_for("probe_one.score", score_id=score_id + 1)
    return record_page("probe_one/score.html", "probe_one_score", found, boxes=[own], after=after)


@blueprint.get("/hello")
@public
def hello() -> str:
    """A page for everybody."""
    return render_template("probe_one/hello.html")


@blueprint.get("/where")
@requires("probe_one.view")
def where() -> dict[str, str]:
    """Which plugins are here, seen from one that only wishes for them."""
    work: Work = current_work()
    return {"two": "on" if work.service("probe_two") is not None else "off"}
