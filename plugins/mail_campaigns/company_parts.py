"""A company's page: the mails to its own address, and whether that gets campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from sqlalchemy import and_, delete, select

from crmhost.api import Read, Work, mail, records
from crmhost.web.api import current_work, gettext, redirect, render_template, requires, toast, url_for, writing

from . import recipient_pages
from .models import Campaign, Event, LeftOut
from .of_companies import KIND

_SHOWN = 5


def add_company_parts(blueprint: Blueprint) -> None:
    """Adds what the box sends."""
    view = requires("mail.clear")(allow)
    blueprint.add_url_rule("/companies/<int:company_id>/allow", "allow_company", view, methods=["POST"])


def box_reads(work: Work, company: Any) -> Sequence[Read]:
    """Whether there is anything to show, read together with the other parts of the page."""
    message, blocked = mail.MailMessage, mail.MailSuppression
    mine = select(message.id).where(
        message.object_type == KIND, message.object_id == company.id, message.object_id.is_not(None)
    )
    found = [Read(("mail_campaigns.company", company.id), mine.limit(1))]
    if company.email:
        hashed = mail.address_hash(work, company.email)
        theirs = select(blocked.id).where(blocked.address_hash == hashed).limit(1)
        found.append(Read(("mail_campaigns.company_blocked", hashed), theirs))
    return found


def box(work: Work, company: Any) -> str:
    """The newest mails to a company's address, and why it gets no campaigns; empty without either."""
    if not any(work.rows(read) for read in box_reads(work, company)):
        return ""
    mails = mail.of_record(work, KIND, company.id, _SHOWN)
    blocked = [row for rows in mail.reasons(work, [company.email] if company.email else []).values() for row in rows]
    return render_template(
        "mail_campaigns/company_box.html",
        company=company,
        mails=mails,
        blocked=blocked,
        states=recipient_pages.STATES,
        may=work.can("mail.clear") and work.can("companies.edit", company),
    )


def allow(company_id: int) -> Any:
    """Allow campaigns to a company's address again."""
    company = records.get(current_work(), KIND, company_id)
    with writing() as work:
        work.require("companies.edit", company)
        lifted = mail.lift(work, [company.email] if company.email else [], KIND, company_id)
    if lifted:
        toast(gettext("%(email)s gets campaigns again.", email=", ".join(lifted)))
    else:
        toast(gettext("The address was not blocked."), category="info")
    return redirect(url_for("companies.page", company_id=company_id), 303)


def forget(work: Work, company_id: int) -> None:
    """Removes what campaigns hold on a company that is erased."""
    message = mail.MailMessage
    mine = and_(message.object_type == KIND, message.object_id == company_id, message.object_id.is_not(None))
    theirs = select(Campaign.id).where(Campaign.mailing_id.in_(select(message.mailing_id).where(mine)))
    known = delete(Event).where(Event.campaign_id.in_(theirs), Event.mail_id.in_(select(message.id).where(mine)))
    work.session.execute(known.execution_options(synchronize_session=False))
    left = delete(LeftOut).where(
        LeftOut.object_type == KIND, LeftOut.object_id == company_id, LeftOut.object_id.is_not(None)
    )
    work.session.execute(left.execution_options(synchronize_session=False))
