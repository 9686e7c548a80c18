"""Who belongs to a company, and a contact's companies: changed where they stand."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from markupsafe import Markup

from crmhost.api import CrmError, Invalid, Work, contacts, keyset
from crmhost.web.api import (
    current_work,
    gettext,
    picked_record,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import members, services
from .models import Company
from .parts import filter_value

#: People that the box shows; all are a list away.
SHOWN = 10


def people_box(work: Work, company: Company) -> Markup:
    """Markup of the box; empty for who may not see contacts."""
    if not work.can("contacts.view"):
        return Markup()
    people, more = members.people_of(work, company.id, limit=SHOWN)
    html = render_template(
        "companies/people_box.html",
        company=company,
        people=people,
        more=bool(more),
        all_url=url_for("contacts.index", company=filter_value(company)),
        may=work.can("contacts.edit"),
    )
    return Markup(html)  # noqa: S704  # a template of ours


@requires("contacts.edit")
def add_person(company_id: int) -> Any:
    """Let a contact belong to the company, or change the role there."""
    services.get(current_work(), company_id)
    try:
        contact_id = picked_record("contact", request.form.get("contact", ""))
    except Invalid as error:
        _refused(error)
    else:
        if contact_id is None:
            toast(gettext("Choose a contact first."), category="warn")
        else:
            _joined(company_id, contact_id)
    return redirect(url_for("companies.page", company_id=company_id), 303)


@requires("contacts.edit")
def remove_person(company_id: int, contact_id: int) -> Any:
    """End that a contact belongs to the company."""
    _left(company_id, contact_id)
    return redirect(url_for("companies.page", company_id=company_id), 303)


@requires("contacts.edit")
def join_company(contact_id: int) -> Any:
    """Let a contact belong to a company that was chosen, or typed anew."""
    contacts.get(current_work(), contact_id)
    chosen = request.form.get("company", "").replace("\0", "").strip()
    number = keyset.valid_id(chosen.removeprefix("#")) if chosen.startswith("#") else None
    if not chosen:
        toast(gettext("Choose a company first."), category="warn")
    elif number is not None:
        _joined(number, contact_id)
    else:
        try:
            with writing() as work:
                members.join(work, members.found_or_made(work, chosen), contact_id, request.form.get("role", ""))
        except CrmError as error:
            _refused(error)
    return redirect(url_for("contacts.page", contact_id=contact_id), 303)


@requires("contacts.edit")
def leave_company(contact_id: int, company_id: int) -> Any:
    """End that a contact belongs to a company."""
    _left(company_id, contact_id)
    return redirect(url_for("contacts.page", contact_id=contact_id), 303)


def _joined(company_id: int, contact_id: int) -> None:
    try:
        with writing() as work:
            members.join(work, company_id, contact_id, request.form.get("role", ""))
    except CrmError as error:
        _refused(error)


def _left(company_id: int, contact_id: int) -> None:
    with writing() as work:
        gone = members.leave(work, company_id, contact_id)
    if gone:
        toast(
            gettext("They no longer belong together."),
            url_for("companies.rejoin", company_id=company_id, contact_id=contact_id),
        )


@requires("contacts.edit")
def rejoin(company_id: int, contact_id: int) -> Any:
    """Take back that a contact no longer belongs to a company."""
    _joined(company_id, contact_id)
    return redirect(url_for("companies.page", company_id=company_id), 303)


def _refused(error: CrmError) -> None:
    if error.status in (403, 404):
        raise error
    sentences = [text for some in error.errors.values() for text in some] if isinstance(error, Invalid) else []
    toast(" ".join(map(gettext, sentences or [error.message])), category="bad")


def add_people_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/<int:company_id>/people", view_func=add_person, methods=["POST"])
    add("/<int:company_id>/people/<int:contact_id>/remove", view_func=remove_person, methods=["POST"])
    add("/<int:company_id>/people/<int:contact_id>/rejoin", view_func=rejoin, methods=["POST"])
    add("/of/<int:contact_id>", view_func=join_company, methods=["POST"])
    add("/of/<int:contact_id>/<int:company_id>/leave", view_func=leave_company, methods=["POST"])
