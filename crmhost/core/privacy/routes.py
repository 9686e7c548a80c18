"""Pages: erasing a person, the receipts, and asking for a person's data."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...errors import Conflict, Invalid
from ...host.ownership import table_owner
from ...web.request import current_work, requires, writing
from ...web.signin import asks_again
from ...web.toasts import toast
from ..contacts import services as contacts
from . import services

blueprint = Blueprint("privacy", __name__)


@blueprint.route("/contacts/<int:contact_id>/erase", methods=["GET", "POST"])
@requires("contacts.erase")
@asks_again
def erase(contact_id: int) -> ResponseReturnValue:
    """Say what goes, and erase a person for good."""
    work = current_work()
    contact = contacts.get(work, contact_id, in_bin=True)
    if contact.merged_into_id is not None:
        return redirect(url_for("privacy.erase", contact_id=contact.merged_into_id), 303)
    if request.method == "GET":
        held = _named(services.holds(work, contact.id))
        return render_template("privacy/erase.html", contact=contact, held=held)
    try:
        with writing() as work:
            number = services.erase(work, contact_id).id
    except Conflict as error:
        toast(_(error.message), category="bad")
        return redirect(url_for("contacts.page", contact_id=contact_id), 303)
    toast(_("The person was erased. This is the receipt."))
    address = "privacy.receipt" if work.can("audit.view") else "contacts.index"
    return redirect(url_for(address, receipt_id=number if address == "privacy.receipt" else None), 303)


@blueprint.post("/contacts/<int:contact_id>/export-data")
@requires("contacts.export")
def export(contact_id: int) -> ResponseReturnValue:
    """Ask for an archive of a person's data."""
    contacts.get(current_work(), contact_id)
    with writing() as work:
        number = services.request(work, contact_id)
    toast(_("The archive is being made. You are told when it is ready."))
    return redirect(url_for("jobs.job", job_id=number), 303)


@blueprint.route("/settings/erased", methods=["GET", "POST"])
@requires("audit.view")
def receipts() -> ResponseReturnValue:
    """The receipts, and whether an address was erased; that is asked by POST, so that it stands in no log."""
    work = current_work()
    email = request.form.get("email", "").strip()[:300]
    found, error = None, ""
    if email:
        try:
            found = services.find(work, email)
        except Invalid as refused:
            error = _(refused.message)
    page = services.receipts(work, after=request.args.get("after") or None)
    shown = render_template("privacy/receipts.html", page=page, email=email, found=found, error=error)
    return shown, 422 if error else 200


@blueprint.get("/settings/erased/<int:receipt_id>")
@requires("audit.view")
def receipt(receipt_id: int) -> ResponseReturnValue:
    """One receipt, to be printed."""
    found = services.receipt(current_work(), receipt_id)
    return render_template("privacy/receipt.html", receipt=found, held=_named(found.counts))


def _named(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """Who holds them, what they are called, how many: the core's first."""
    work = current_work()
    known = {
        "contacts_contact": _("Contact records, with those merged into it"),
        "contacts_email": _("E-mail addresses"),
        "contacts_tagging": _("Tags"),
        "contacts_external_id": _("Ids in other systems"),
        "journal_entry": _("Journal entries"),
        "statuses_history": _("Changes of status"),
        "files_file": _("Files"),
        "mail_message": _("Mails"),
        "merging_merge": _("Merges"),
    }
    found = []
    plugins = work.plugin_data()
    for name, number in counts.items():
        owner = table_owner(name, plugins) or ""
        loaded = work.generation.by_id.get(owner)
        called = loaded.manifest.name if loaded is not None else owner.replace("_", " ").capitalize()
        label = known.get(name) or name.removeprefix(f"{owner}_").replace("_", " ").capitalize()
        found.append((called, label, number))
    return sorted(found, key=lambda item: item[0] != "")
