"""Settings > Webhooks: adding, changing, pausing, the log of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from flask import Blueprint
from flask.typing import ResponseReturnValue

from crmhost.api import CrmError
from crmhost.web.api import (
    ChoicesField,
    Form,
    SecretField,
    Section,
    TextField,
    UrlField,
    current_work,
    gettext,
    lazy_text,
    ngettext,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from .. import deliveries, webhooks
from ..models import Webhook
from ..webhooks import PERMISSION

blueprint = Blueprint("rest_api_webhooks", __name__, url_prefix="/webhooks")
_ID = "int(max=2147483647)"


class WebhookForm(Form):
    """A webhook."""

    sections: ClassVar[Sequence[Section]] = [
        Section("webhook", "", {"url": 6, "events": 6, "label": 3, "secret": 3}),
    ]
    url = UrlField(
        lazy_text("Address"), description=lazy_text("Begins with https://. Events are POSTed to it as JSON.")
    )
    events = ChoicesField(lazy_text("Events"), description=lazy_text("Everything, all of a kind, or single ones."))
    label = TextField(
        lazy_text("What is it for?"), description=lazy_text("So that you know later, such as “Newsletter”.")
    )
    secret = SecretField(lazy_text("Secret"))

    def offer(self, webhook: Webhook | None) -> None:
        """Sets the choices, and what the field of the secret says."""
        chosen = [*(webhook.events if webhook else ()), *(self.events.data or ())]
        self.events.pairs = [
            (name, name if name == label else f"{gettext(label)} ({name})")
            for name, label in webhooks.known_events(chosen)
        ]
        self.events.choices = list(self.events.pairs)
        self.secret.kept = webhook is not None
        self.secret.description = (
            gettext("Type one to replace the one that is stored.")
            if webhook
            else gettext("Leave it empty, and one is made and shown once.")
        )


@blueprint.get("/")
@requires(PERMISSION)
def index() -> str:
    """One's webhooks; those of all users for an admin."""
    work = current_work()
    found = webhooks.all_webhooks(work)
    failed = deliveries.counts(work, [webhook.id for webhook, _owner in found], ["failed", "held"])
    return render_template("rest_api/webhooks.html", items=found, counts=failed, me=work.actor.user_id)


@blueprint.route("/new", methods=["GET", "POST"])
@requires(PERMISSION)
def new() -> ResponseReturnValue:
    """Add a webhook; its secret is shown this once."""
    form = WebhookForm()
    form.offer(None)
    if form.is_submitted() and form.validate():
        try:
            with writing() as work:
                made = webhooks.add(work, _fields(form))
        except CrmError as error:
            form.take(error)
        else:
            return _log(made.webhook.id, secret=made.secret)
    page = render_template("rest_api/webhook_form.html", form=form, webhook=None)
    return (page, 422) if form.problems else page


@blueprint.route(f"/<{_ID}:webhook_id>/edit", methods=["GET", "POST"])
@requires(PERMISSION)
def edit(webhook_id: int) -> ResponseReturnValue:
    """Change a webhook."""
    webhook = webhooks.get(current_work(), webhook_id)
    form = WebhookForm(data={"url": webhook.url, "events": webhook.events, "label": webhook.label})
    form.offer(webhook)
    if form.is_submitted() and form.validate():
        try:
            with writing() as work:
                webhooks.change(work, webhook_id, _fields(form))
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("Saved."))
            return redirect(url_for(".log", webhook_id=webhook_id), 303)
    page = render_template("rest_api/webhook_form.html", form=form, webhook=webhook)
    return (page, 422) if form.problems else page


@blueprint.get(f"/<{_ID}:webhook_id>")
@requires(PERMISSION)
def log(webhook_id: int) -> str:
    """A webhook with what was sent and answered."""
    return _log(webhook_id)


def _log(webhook_id: int, secret: str = "") -> str:
    work = current_work()
    webhook = webhooks.get(work, webhook_id)
    state = request.args.get("state", "")
    state = state if state in ("due", "delivered", "failed", "held", "dropped") else ""
    found = deliveries.page(work, webhook_id, state=state, after=request.args.get("after") or None)
    numbers = deliveries.counts(work, [webhook.id], ["failed", "held", "due"])
    return render_template(
        "rest_api/webhook.html",
        webhook=webhook,
        secret=secret,
        rows=found.rows,
        next=found.next,
        state=state,
        numbers={name: number for (_webhook, name), number in numbers.items()},
    )


@blueprint.post(f"/<{_ID}:webhook_id>/do")
@requires(PERMISSION)
def act(webhook_id: int) -> ResponseReturnValue:
    """Pause, resume or delete it, try it out, give it a new secret, send what failed again."""
    wanted = request.form.get("do", "")
    to = url_for(".log", webhook_id=webhook_id)
    with writing() as work:
        match wanted:
            case "pause":
                webhooks.pause(work, webhook_id)
                said = gettext("Paused. What happens is kept until you resume it.")
            case "resume":
                webhooks.resume(work, webhook_id)
                said = gettext("Resumed. What was kept is on its way.")
            case "delete":
                webhooks.delete(work, webhook_id)
                said, to = gettext("The webhook was deleted."), url_for(".index")
            case "test":
                deliveries.send_test(work, webhook_id)
                said = gettext("A test is on its way. Load this page again to see the answer.")
            case "replay":
                number = deliveries.replay_failed(work, webhook_id)
                said = ngettext("%(num)d delivery is sent again.", "%(num)d deliveries are sent again.", number)
            case "secret":
                fresh = webhooks.renew_secret(work, webhook_id).secret
            case _:
                return redirect(to, 303)
    if wanted == "secret":
        return _log(webhook_id, secret=fresh)
    toast(said)
    return redirect(to, 303)


@blueprint.post(f"/<{_ID}:webhook_id>/deliveries/<{_ID}:delivery_id>/replay")
@requires(PERMISSION)
def replay(webhook_id: int, delivery_id: int) -> ResponseReturnValue:
    """Send a delivery again."""
    with writing() as work:
        deliveries.replay(work, webhook_id, delivery_id)
    toast(gettext("It is sent again. Load this page again to see the answer."))
    return redirect(url_for(".log", webhook_id=webhook_id, state=request.form.get("state") or None), 303)


def _fields(form: WebhookForm) -> dict[str, object]:
    return {
        "url": form.url.data,
        "events": form.events.data,
        "label": form.label.data,
        "secret": form.secret.data or "",
    }
