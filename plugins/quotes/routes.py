"""Pages of the quotes for staff."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from markupsafe import Markup

from crmhost.api import CrmError, Invalid, NotFound, Stale, custom_fields, documents, keyset, links
from crmhost.web.api import (
    RecordBox,
    Response,
    both_versions,
    browser_name,
    current_work,
    gettext,
    list_page,
    name_download,
    record_page,
    redirect,
    render_template,
    request,
    requires,
    shown_custom_field,
    toast,
    url_for,
    writing,
)

from . import accepting, cells, mass, sending, services, settings, templating, versions
from .closed_links import add_closed_links
from .forms import QuoteForm, SendForm, filled, fresh
from .lists import bin_table, quote_table
from .models import KIND, Quote
from .public_pages import add_public_pages
from .template_pages import add_template_pages

blueprint = Blueprint("quotes", __name__)


@blueprint.route("/", methods=["GET", "POST"])
@requires("quotes.view")
def index() -> Any:
    """All quotes."""
    work = current_work()
    return list_page("quotes/index.html", quote_table(work), work)


@blueprint.route("/bin", methods=["GET", "POST"], endpoint="bin")
@requires("quotes.view")
def bin_list() -> Any:
    """Deleted quotes."""
    work = current_work()
    return list_page("quotes/bin.html", bin_table(work), work)


@blueprint.get("/<int:quote_id>")
@requires("quotes.view")
def page(quote_id: int) -> Any:
    """One quote."""
    work = current_work()
    quote = services.get(work, quote_id)
    row, taken = cells.one_row(work, quote)
    custom = [
        (field.label, shown_custom_field(field, quote.custom.get(key)))
        for key, field in custom_fields.by_key(work, KIND).items()
        if quote.custom.get(key) not in (None, "", [])
    ]
    chip = cells.status(row)
    details = render_template("quotes/details.html", row=row, one=quote, custom=custom, taken=taken, chip=chip)
    boxes = [RecordBox("quotes.details", gettext("Details"), Markup(details))]  # noqa: S704  # a template of ours
    return record_page(
        "quotes/page.html",
        KIND,
        quote,
        boxes=boxes,
        one=quote,
        chip=chip,
        may_edit=work.can("quotes.edit"),
        invoices=work.service("invoices") is not None and work.can("invoices.edit"),
    )


@blueprint.get("/<int:quote_id>/preview")
@requires("quotes.view")
def preview(quote_id: int) -> Any:
    """The quote as it would be sent now, and what was sent and opened: a part of its page."""
    work = current_work()
    quote = services.get(work, quote_id)
    try:
        piece = versions.fill_in(work, quote, cells.contact_of(work, quote))
        text, unknown, wrong = piece.output, piece.unknown, ""
    except CrmError as error:
        text, unknown, wrong = "", (), gettext(error.message)
    was_sent = quote.version_id is not None
    address, link = sending.link_of(work, quote) if work.can("quotes.send") else ("", None)
    return render_template(
        "quotes/preview.html",
        one=quote,
        text=Markup(text),  # noqa: S704  # made harmless when it was saved; values are escaped
        unknown=unknown,
        wrong=wrong,
        totals=documents.calculate(quote.document) if quote.document.lines else None,
        address=address,
        link=link,
        browser=browser_name,
        versions=versions.all_of(work, quote) if was_sent else (),
        openings=links.openings(work, KIND, quote_id, 20) if was_sent else (),
        may_edit=work.can("quotes.edit"),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@requires("quotes.edit")
def new() -> Any:
    """Add a quote; a template fills its title and text."""
    work = current_work()
    chosen = request.args.get("template", str(work.settings.get(settings.TEMPLATE) or ""))
    number = keyset.valid_id(chosen)
    template = next((one for one in templating.all_of(work) if one.id == number), None)
    contact_id = keyset.valid_id(request.args.get("contact_id", ""))
    title, text = (template.title, template.content) if template is not None else ("", "")
    form = QuoteForm(data=fresh(work, contact_id, title, text))
    form.offer(work, None)
    if form.validate_on_submit():
        try:
            with writing() as work:
                made = services.create(work, form.values(work)).id
        except CrmError as error:
            _take(form, error)
        else:
            toast(gettext("The quote was added."))
            return redirect(url_for("quotes.page", quote_id=made), 303)
    html = render_template(
        "quotes/form.html",
        form=form,
        one=None,
        templates=templating.all_of(current_work()),
        chosen=template.id if template is not None else 0,
        contact_id=contact_id,
    )
    return html, 422 if form.is_submitted() else 200


@blueprint.route("/<int:quote_id>/edit", methods=["GET", "POST"])
@requires("quotes.edit")
def edit(quote_id: int) -> Any:
    """Change a quote."""
    work = current_work()
    quote = services.get(work, quote_id)
    back = url_for("quotes.page", quote_id=quote_id)
    stored = filled(work, quote)
    form = QuoteForm(data=stored)
    form.remember(stored)
    form.offer(work, quote)
    if form.validate_on_submit():
        try:
            _save(form, quote_id)
        except Stale:
            stored = filled(current_work(), services.get(current_work(), quote_id))
            return both_versions(form, stored, name=quote.title, back=back)
        except CrmError as error:
            _take(form, error)
        else:
            toast(gettext("Saved."))
            return redirect(back, 303)
    html = render_template("quotes/form.html", form=form, one=services.get(current_work(), quote_id))
    return html, 422 if form.is_submitted() else 200


def _save(form: QuoteForm, quote_id: int) -> None:
    with writing() as work:
        services.update(work, quote_id, form.values(work), version=keyset.valid_id(form.version.data))


def _take(form: Any, error: CrmError) -> None:
    """Puts sentences to the fields, which the form calls otherwise in some cases."""
    errors = getattr(error, "errors", None)
    for name, shown in (("contact_id", "contact"), ("company_id", "company"), ("owner_id", "owner")):
        if errors and name in errors:
            errors[shown] = [*errors.get(shown, []), *errors.pop(name)]
    form.take(error)


# --- what is done to one ---------------------------------------------------------------------------------------------


@blueprint.route("/<int:quote_id>/send", methods=["GET", "POST"])
@requires("quotes.send")
def send(quote_id: int) -> Any:
    """Write the mail that brings it."""
    work = current_work()
    quote = services.get(work, quote_id)
    own = {"subject": work.settings.get(settings.MAIL_SUBJECT), "content": work.settings.get(settings.MAIL_TEXT)}
    form = SendForm(data=own)
    form.offer(work, quote)
    if form.validate_on_submit():
        try:
            sending.send(
                work,
                quote_id,
                mailed=True,
                subject=form.subject.data or "",
                content=form.content.data or "",
                chosen=form.files.data or () if "files" in form else (),
            )
        except CrmError as error:
            _explain(form, error)
        else:
            toast(gettext("The quote is on its way."))
            return redirect(url_for("quotes.page", quote_id=quote_id), 303)
    work = current_work()
    quote = services.get(work, quote_id)
    contact = cells.contact_of(work, quote)
    to = contact.email if contact is not None else ""
    html = render_template("quotes/send.html", form=form, one=quote, to=to)
    return html, 422 if form.is_submitted() else 200


def _explain(form: SendForm, error: CrmError) -> None:
    """What is wrong with the quote itself has no field here: all stands at the text."""
    errors = getattr(error, "errors", None)
    form.take(Invalid({"content": [said for some in errors.values() for said in some]}) if errors else error)


@blueprint.post("/<int:quote_id>/link")
@requires("quotes.send")
def link(quote_id: int) -> Any:
    """Make the link without a mail: it is sent from then on."""
    sending.send(current_work(), quote_id, mailed=False)
    toast(gettext("The link is ready: copy it from the box “Sent and opened”."))
    return redirect(url_for("quotes.page", quote_id=quote_id), 303)


@blueprint.post("/<int:quote_id>/revoke")
@requires("quotes.send")
def revoke(quote_id: int) -> Any:
    """Have all links open nothing."""
    with writing() as work:
        sending.revoke(work, quote_id)
    toast(gettext("The link opens nothing any more."))
    return redirect(url_for("quotes.page", quote_id=quote_id), 303)


@blueprint.get("/<int:quote_id>/pdf")
@requires("quotes.view")
def pdf(quote_id: int) -> Any:
    """The PDF of what the client saw last."""
    work = current_work()
    version = versions.current(work, services.get(work, quote_id))
    if version is None:
        raise NotFound("version", "")
    answer = Response(sending.pdf_of(work, version), mimetype="application/pdf")
    name_download(answer, sending.file_name(version))
    return answer


@blueprint.post("/<int:quote_id>/note")
@requires("quotes.edit")
def note(quote_id: int) -> Any:
    """Note what the client said elsewhere."""
    with writing() as work:
        accepting.noted(work, quote_id, request.form.get("decision", ""), reason=request.form.get("reason", ""))
    return redirect(url_for("quotes.page", quote_id=quote_id), 303)


@blueprint.post("/<int:quote_id>/duplicate")
@requires("quotes.edit")
def duplicate(quote_id: int) -> Any:
    """Copy it."""
    with writing() as work:
        copy = services.duplicate(work, quote_id).id
    toast(gettext("This is the copy."))
    return redirect(url_for("quotes.page", quote_id=copy), 303)


@blueprint.post("/<int:quote_id>/invoice")
@requires("quotes.view")
def invoice(quote_id: int) -> Any:
    """Make its invoice."""
    with writing() as work:
        made = services.to_invoice(work, quote_id)
    toast(gettext("The draft of the invoice is ready."))
    return redirect(f"/invoices/{made.id}", 303)


@blueprint.post("/<int:quote_id>/delete")
@requires("quotes.delete")
def delete(quote_id: int) -> Any:
    """Move it to the bin."""
    with writing() as work:
        quote: Quote = services.get(work, quote_id)
        mass.to_bin(work, [quote_id])
    toast(gettext("“%(title)s” went to the bin.", title=quote.title), url_for("quotes.restore", quote_id=quote_id))
    return redirect(url_for("quotes.index"), 303)


@blueprint.post("/<int:quote_id>/restore")
@requires("quotes.delete")
def restore(quote_id: int) -> Any:
    """Bring it back from the bin."""
    with writing() as work:
        number = mass.restore(work, [quote_id])
    if not number:
        raise NotFound("quote", quote_id)
    return redirect(url_for("quotes.page", quote_id=quote_id), 303)


add_template_pages(blueprint)
add_public_pages(blueprint)
add_closed_links(blueprint)
