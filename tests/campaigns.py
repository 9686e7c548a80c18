"""Campaigns in every state, for pictures and for the pages that are looked at."""

from __future__ import annotations

import datetime as dt
import importlib
from types import SimpleNamespace

from sqlalchemy import select, update

from crmhost.core.mail import intake, keys, mailings
from crmhost.core.mail.models import MailMailing, MailMessage
from crmhost.core.users import services as users
from crmhost.site import Site
from crmhost.work.unit import Work

WORDS = """<h2>Dear {{ contact.first_name }},</h2>
<p>from January to March the workshop keeps six places for long restorations. One of them could be yours.</p>
<p class="button"><a href="https://example.com/places">Keep my place</a></p><p>##UNSUB-LINE##</p>"""
#: Subjects of the mails of a sequence.
SERIES = ("Thank you for your visit, {{ contact.first_name }}", "How a restoration goes", "A place for you in March")
#: Several subjects for the draft, and for one that tries them.
TRIED = {
    "subjects": ["Six places, one of them yours", "What {{ contact.first_name }} could restore this winter"],
    "test_share": 40,
}
NAMES = (
    "Winter workshop places",
    "Open studio",
    "Spring letter",
    "Price list",
    "Summer dates",
    "Christmas card",
    "Autumn course",
)
TOPICS = (
    ("Workshops and courses", "Dates and places, about once a month.", True),
    ("Sales and offers", "Twice a year.", False),
    ("News of the studio", "", True),
)


def linked(work: Work) -> dict[str, str]:
    """Addresses of what readers of a campaign open without signing in, by a name for each."""
    message = work.session.scalars(select(MailMessage).where(MailMessage.mailing_id.is_not(None)).limit(1)).one()
    token = keys.unsubscribe_token(work, keys.address_hash(work, message.to_email), message.id)
    campaign = importlib.import_module("plugins.mail_campaigns.models").Campaign
    key = work.session.scalars(select(campaign.web_key).where(campaign.archived)).one()
    return {
        "mail-choices": f"/campaigns/choices/{token}",
        "mail-unsubscribe": f"/mail/u/{token}",
        "mail-archive": "/campaigns/archive/",
        "mail-on-the-web": f"/campaigns/web/{key}",
    }


def some(site: Site) -> None:
    """A draft (number 1), one that is scheduled, sent, being sent, paused, cancelled, and one that tries subjects."""
    running, services, models, topics = (
        importlib.import_module(f"plugins.mail_campaigns.{name}")
        for name in ("running", "services", "models", "topics")
    )
    with site.work() as work:
        actor = users.actor_for(users.find_by_email(work, "admin@example.com") or users.all_users(work)[0][0])
    with site.work(actor) as work:
        work.base_url = work.base_url or "https://crm.example.com"
        with work.begin():
            for name, description, chosen in TOPICS:
                topics.save(work, None, {"name": name, "description": description, "chosen": chosen})
            everybody = {"include": [{"all": True}], "exclude": []}
            given = {"content": WORDS, "audience": everybody, "track_clicks": True}
            made = [
                services.create(work, {**given, "name": name, "subject": f"{name}, {{{{ contact.first_name }}}}"}).id
                for name in NAMES
            ]
            services.update(work, made[0], TRIED)
            running.schedule(work, made[1], work.now + dt.timedelta(days=3))
        for place, state in ((2, "sent"), (3, "sending"), (4, "paused"), (5, "cancelled"), (6, "testing")):
            with work.begin():
                if state == "testing":
                    services.update(work, made[place], TRIED)
                running.send(work, made[place])
            running.plan(SimpleNamespace(work=work, check=lambda: None, progress=lambda *_: None), made[place])
            with work.begin():
                _go(work, services.get(work, made[place]), state)
                if state == "paused":
                    running.pause(work, made[place])
                elif state == "cancelled":
                    running.cancel(work, made[place])
                elif state == "testing":
                    _answers(work, models, services.get(work, made[place]))
                elif state == "sent":
                    campaign = services.get(work, made[place])
                    campaign.state, campaign.ended_at, campaign.archived = "sent", work.now, True
                    _answers(work, models, campaign)


def to_companies(site: Site) -> None:
    """A draft to the addresses of companies (number 8), and one that went to them and their people (number 9)."""
    running, services = (importlib.import_module(f"plugins.mail_campaigns.{name}") for name in ("running", "services"))
    with site.work() as work:
        actor = users.actor_for(users.find_by_email(work, "admin@example.com") or users.all_users(work)[0][0])
    with site.work(actor) as work:
        work.base_url = work.base_url or "https://crm.example.com"
        with work.begin():
            partners = {"include": [{"company_tag": "Partner"}], "exclude": [{"company_status": "Lead"}]}
            given = {"content": WORDS.replace("{{", "{{ company.name }}, {{"), "track_clicks": True}
            numbers = [
                services.create(
                    work,
                    {**given, "name": name, "subject": name, "audience": {**partners, "companies": companies}},
                ).id
                for name, companies in (("Letter to partners", "address"), ("Terms of next year", "both"))
            ]
            running.send(work, numbers[1])
        running.plan(SimpleNamespace(work=work, check=lambda: None, progress=lambda *_: None), numbers[1])
        with work.begin():
            _go(work, services.get(work, numbers[1]), "sent")
            campaign = services.get(work, numbers[1])
            campaign.state, campaign.ended_at = "sent", work.now
            rows = work.session.scalars(select(MailMessage).where(MailMessage.mailing_id == campaign.mailing_id))
            mail = next(one for one in rows if one.object_id is not None)
            hashed = keys.address_hash(work, mail.to_email)
            intake.unsubscribe(work, hashed, mail.id)


def sequences(site: Site) -> None:
    """A sequence that is on (number 1), with people at each mail, through, and left; and one that is empty."""
    services, steps, people, walking, models = (
        importlib.import_module(f"plugins.mail_campaigns.{name}")
        for name in ("sequences.services", "sequences.steps", "sequences.people", "sequences.walking", "models")
    )
    with site.work() as work:
        actor = users.actor_for(users.find_by_email(work, "admin@example.com") or users.all_users(work)[0][0])
    with site.work(actor) as work:
        work.base_url = work.base_url or "https://crm.example.com"
        with work.begin():
            given = {"audience": {"include": [{"all": True}]}, "track_clicks": True}
            number = services.create(work, {**given, "name": "After the first visit"}).id
            for place, subject in enumerate(SERIES):
                step = steps.add(work, number)
                wait = {"wait_number": place * 2, "wait_unit": "days", "office": place == 1}
                steps.change(work, number, step.id, {"subject": subject, "content": WORDS, **wait})
            services.create(work, {**given, "name": "Winter, for those who have not answered"})
            services.switch_on(work, number)
        walking.gather(SimpleNamespace(work=work, check=lambda: None), number)
        for share in (2, 3):
            with work.begin():
                # Some are further than others.
                due = update(models.Place).where(models.Place.contact_id % share == 0, models.Place.state == "inside")
                work.session.execute(due.values(due_at=work.now))
                later = update(models.Place).where(models.Place.contact_id % share > 0, models.Place.state == "inside")
                work.session.execute(later.values(due_at=work.now + dt.timedelta(days=1)))
            walking.walk(SimpleNamespace(work=work, check=lambda: None, progress=lambda *_: None))
        with work.begin():
            editions = list(work.session.scalars(select(models.Campaign).where(models.Campaign.sequence_id == number)))
            for edition in editions:
                _go(work, edition, "sent")
                _answers(work, models, edition)
            one = services.get(work, number)
            people.leave(work, one, [6, 12, 18], "unsubscribed")
            people.leave(work, one, [7], "by_hand")


def _go(work, campaign, state):  # type: ignore[no-untyped-def]  # of a plugin that is loaded by name
    """Marks mails as sent: all, or the first two thirds."""
    of_it = select(MailMessage.id).where(MailMessage.mailing_id == campaign.mailing_id, MailMessage.state == "queued")
    ids = list(work.session.scalars(of_it))
    out = ids if state in ("sent", "testing") else ids[: len(ids) * 2 // 3]
    sent = update(MailMessage).where(MailMessage.id.in_(out)).values(state="sent", sent_at=work.now)
    work.session.execute(sent)
    mailing = mailings.get(work, campaign.mailing_id)
    mailing.started_at = work.now - dt.timedelta(minutes=4)
    if state == "testing":
        campaign.test_ends_at = work.now + dt.timedelta(hours=3)
    if state in ("sent", "testing"):
        ended = update(MailMailing).where(MailMailing.id == mailing.id).values(state="done", ended_at=work.now)
        work.session.execute(ended)


def _answers(work, models, campaign):  # type: ignore[no-untyped-def]  # as above
    """What some of the recipients did."""
    rows = work.session.execute(
        select(MailMessage.id, MailMessage.contact_id)
        .where(MailMessage.mailing_id == campaign.mailing_id, MailMessage.state == "sent")
        .limit(9)
    )
    kinds = ("clicked", "clicked", "clicked", "unsubscribed", "clicked", "bounced", "clicked", "complained", "clicked")
    for (number, contact_id), kind in zip(rows, kinds, strict=False):
        event = models.Event(campaign_id=campaign.id, mail_id=number, kind=kind, link=1 if kind == "clicked" else 0)
        event.contact_id, event.sure, event.at = contact_id, "certain" if kind == "clicked" else "", work.now
        work.session.add(event)
