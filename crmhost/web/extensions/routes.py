"""The Extensions pages. Nothing of a request holds a transaction while plugins are switched."""

from __future__ import annotations

import tempfile
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...core.settings.pages import settings_pages
from ...errors import Conflict, CrmError, Invalid, NotFound, PluginError
from ...host import export as copies
from ...host import uninstall as removal
from ...host.lifecycle import InUse, Switched
from ...site import Site
from .. import switching
from ..request import current_work, is_fragment, requires, writing
from ..state import state
from ..templating import link
from ..toasts import toast
from . import agreeing, details, services, words
from .services import PERMISSION, Card

blueprint = Blueprint("extensions", __name__, url_prefix="/extensions")

#: What the list can be narrowed to.
CHOICES = ("all", "on", "off", "suspended", "updates")


def _site() -> Site:
    return state().site


@blueprint.get("/")
@requires(PERMISSION)
def index() -> str:
    """All plugins."""
    return _list()


def _list(**named: Any) -> str:
    whole = services.catalogue(current_work(), _site())
    q = request.args.get("q", "").strip()[:100]
    # Without scripts the button pressed comes after the choice that was shown.
    choice = (request.args.getlist("show") or ["all"])[-1]
    searched = [card for card in whole.cards if card.matches(q.casefold().split())]
    return render_template(
        "extensions/index.html",
        whole=whole,
        cards=[card for card in searched if card.shown_under(choice)],
        numbers={name: sum(card.shown_under(name) for card in whole.cards) for name in CHOICES},
        q=q,
        choice=choice if choice in CHOICES else "all",
        words=words,
        **named,
    )


@blueprint.get("/<plugin>")
@requires(PERMISSION)
def page(plugin: str) -> str:
    """One plugin, with its failures, hooks and processes."""
    work = current_work()
    card, whole = services.card(work, _site(), plugin)
    loaded = work.generation.by_id.get(plugin)
    found = _site().discover().found.get(plugin)
    has_page = plugin in settings_pages(work.generation)
    return render_template(
        "extensions/page.html",
        card=card,
        whole=whole,
        failures=details.failures(work, plugin),
        hooks=details.hooks(work.generation, plugin),
        loaded=loaded,
        found=found,
        settings_url=link("settings.plugin_page", page=plugin) if has_page and work.can("settings.edit") else "",
        words=words,
    )


# --- on --------------------------------------------------------------------------------------------------------------


@blueprint.get("/<plugin>/enable")
@requires(PERMISSION)
def consent(plugin: str) -> ResponseReturnValue:
    """Shows what a plugin will be able to do, before it is enabled."""
    card, _whole = services.card(current_work(), _site(), plugin)
    if card.on and card.state != "waiting":
        return redirect(url_for("extensions.page", plugin=plugin))
    return _consent(card)


def _consent(card: Card, error: CrmError | None = None) -> ResponseReturnValue:
    wishes: list[agreeing.Wish] = []
    blocked: CrmError | None = None
    try:
        wishes = agreeing.plan(_site(), [card.id])
    except CrmError as refusal:
        blocked = refusal
    values = {
        "card": card,
        "wishes": wishes,
        "blocked": blocked,
        "error": error,
        "traceback": error.traceback if isinstance(error, PluginError) else "",
        "words": words,
    }
    if is_fragment():
        return render_template("extensions/consent_part.html", **values)
    return render_template("extensions/consent.html", **values), 422 if error is not None else 200


@blueprint.post("/<plugin>/enable")
@requires(PERMISSION)
def enable(plugin: str) -> ResponseReturnValue:
    """Enables a plugin and what it needs; a failure shows why and changes nothing."""
    card, _whole = services.card(current_work(), _site(), plugin)
    names = [plugin, *request.args.getlist("also")]
    current_work().session.rollback()
    pairs = [entry.partition(" ") for entry in request.form.getlist("agreed")]
    return _switch_on(card, names, [(name, grant) for name, _space, grant in pairs])


def _switch_on(card: Card, names: list[str], agreed: list[tuple[str, str]]) -> ResponseReturnValue:
    try:
        agreeing.require_agreed(agreeing.plan(_site(), names), agreed)
        switched = switching.switch_on(names)
    except CrmError as error:
        return _consent(card, error)
    if switched.plugins:
        toast(_on_text(card, switched) + _lag_text(switched), category="warn" if switched.lagging else "ok")
    return _done(switched)


def _on_text(card: Card, switched: Switched) -> str:
    found = _site().discover().found
    others = [_(found[name].manifest.name) for name in switched.plugins if name != card.id and name in found]
    if others:
        return str(_("%(name)s is on, and with it %(others)s.", name=card.name, others=", ".join(others)))
    return str(_("%(name)s is on.", name=card.name))


def _lag_text(switched: Switched) -> str:
    if not switched.lagging:
        return ""
    names = ", ".join(words.process(name) for name in switched.lagging)
    return " " + str(_("Has not followed yet: %(names)s.", names=names))


def _done(switched: Switched) -> ResponseReturnValue:
    return switching.remember(make_response(redirect(url_for("extensions.index"), 303)), switched.generation)


@blueprint.get("/<plugin>/update")
@requires(PERMISSION)
def review(plugin: str) -> ResponseReturnValue:
    """Shows what an update of a plugin that is on asks for."""
    card, _whole = services.card(current_work(), _site(), plugin)
    if card.news is None:
        return redirect(url_for("extensions.page", plugin=plugin))
    template = "extensions/update_part.html" if is_fragment() else "extensions/update.html"
    return render_template(template, card=card, words=words)


@blueprint.post("/<plugin>/agree")
@requires(PERMISSION)
def agree(plugin: str) -> ResponseReturnValue:
    """Notes that an admin agreed to what an update asks for; one that waits for that is run at once."""
    card, _whole = services.card(current_work(), _site(), plugin)
    agreed = request.form.getlist("agreed")
    if card.state == "waiting":
        current_work().session.rollback()
        return _switch_on(card, [plugin], [(plugin, grant) for grant in agreed])
    with writing() as work:
        agreeing.agree(work, _site(), plugin, agreed)
    toast(_("Noted. The update takes effect when crmhost is restarted."), category="info")
    return redirect(url_for("extensions.index"), 303)


# --- off -------------------------------------------------------------------------------------------------------------


@blueprint.post("/<plugin>/disable")
@requires(PERMISSION)
def disable(plugin: str) -> ResponseReturnValue:
    """Disables a plugin; its data stays. Asks first when others need it."""
    card, _whole = services.card(current_work(), _site(), plugin)
    try:
        switched = switching.switch_off([plugin], with_dependents=request.form.get("with_dependents") == "1")
    except InUse as error:
        found = _site().discover().found
        others = [_(found[name].manifest.name) if name in found else name for name in error.dependents]
        return render_template("extensions/needed.html", card=card, others=others), 409
    if switched.plugins:
        _say_off(card, switched)
    return _done(switched)


def _say_off(card: Card, switched: Switched) -> None:
    others = [name for name in switched.plugins if name != card.id]
    undo = url_for("extensions.enable", plugin=card.id, also=others)
    said = ngettext(
        "%(name)s is off. Its data stays.", "%(name)s and what needs it are off. Their data stays.",
        len(switched.plugins), name=card.name,
    )  # fmt: skip
    lagging = _lag_text(switched)
    if card.state == "suspended":
        toast(_("%(name)s stays off. Its data is kept.", name=card.name) + lagging)
    else:
        toast(said + lagging, undo, category="warn" if lagging else "ok")


# --- away ------------------------------------------------------------------------------------------------------------


@blueprint.get("/<plugin>/uninstall")
@requires(PERMISSION)
def ask_uninstall(plugin: str) -> str:
    """Shows what uninstalling would delete."""
    card, _whole = services.card(current_work(), _site(), plugin)
    return _ask_uninstall(card)


def _ask_uninstall(card: Card, error: str = "") -> str:
    keeps = card.manifest is not None and card.manifest.data.purge == "keep"
    tables = services.tables(_site(), card.id)
    return render_template("extensions/uninstall.html", card=card, tables=tables, keeps=keeps, error=error)


@blueprint.post("/<plugin>/export")
@requires(PERMISSION)
def export(plugin: str) -> ResponseReturnValue:
    """All that a plugin keeps, as a ZIP: its rows and its files."""
    card, _whole = services.card(current_work(), _site(), plugin)
    with writing() as work:
        work.audit("plugin.exported", "plugin", card.id)
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the answer closes it
    current_work().session.rollback()
    try:
        copies.write(_site(), card.id, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    name = f"{card.id}-{current_work().today.isoformat()}.zip"
    return send_file(file, mimetype="application/zip", as_attachment=True, download_name=name)


@blueprint.post("/<plugin>/uninstall")
@requires(PERMISSION)
def uninstall(plugin: str) -> ResponseReturnValue:
    """Deletes what a plugin stored, once its id was typed."""
    card, _whole = services.card(current_work(), _site(), plugin)
    if card.on:
        raise Conflict(_("Switch it off first; then it can be uninstalled."))
    if card.state == "broken" and not card.size.tables:
        raise NotFound("extension", plugin)
    if request.form.get("typed", "").strip() != card.id:
        said = Invalid(_("Type %(id)s to say that you mean it. Nothing was deleted.", id=card.id))
        return _ask_uninstall(card, said.message), 422
    work = current_work()
    actor = work.actor
    work.session.rollback()
    dropped = removal.uninstall(_site(), card.id, actor)
    gone = ngettext("%(num)d table is gone.", "%(num)d tables are gone.", len(dropped)) if dropped else ""
    toast(f"{_('%(name)s was uninstalled.', name=card.name)} {gone}".strip())
    return redirect(url_for("extensions.index"), 303)
