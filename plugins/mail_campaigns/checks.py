"""What a campaign is looked at for before it goes out."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import joinedload

from crmhost.api import Contact, Message, User, Work, mail

from . import audience, fields, of_companies, readers, running, web
from .models import Campaign

#: Over so many bytes mail programs cut a mail off.
LARGEST = 100_000
_LISTED = 3
_HREF = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ALT = re.compile(r"""\salt\s*=\s*(?:"[^"]*[^"\s][^"]*"|'[^']*[^'\s][^']*'|[^\s"'>])""", re.IGNORECASE)
_SCHEMES = ("http", "https", "mailto", "tel")
#: Field of a campaign -> the step on which it is written.
_STEPS = {
    **dict.fromkeys(("subjects", "test_figure", "test_share", "test_wait"), "subject"),
    "subject": "subject",
    "account": "subject",
    "audience": "audience",
    "content": "content",
    "text": "content",
}


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    :param tone: ``bad`` keeps the campaign from going out, ``warn`` is worth a look, ``ok``.
    :param title: a sentence; ``detail`` says more.
    :param step: where it is put right, if there is one.
    """

    tone: str
    title: str
    detail: str = ""
    step: str = ""


@dataclasses.dataclass(frozen=True)
class Review:
    """A campaign, looked at.

    :param preview: who gets it; ``None`` when the audience can't be asked.
    :param seconds: how long sending takes by the limits of the account.
    :param sender: who it comes from.
    :param reader: somebody who gets it.
    """

    checks: Sequence[Check]
    preview: audience.Preview | None
    seconds: float
    sender: str = ""
    reader: readers.Reader | None = None

    @property
    def blocked(self) -> int:
        """How many things have to be corrected first."""
        return sum(check.tone == "bad" for check in self.checks)

    @property
    def doubts(self) -> int:
        """How many are worth a look."""
        return sum(check.tone == "warn" for check in self.checks)


def review(work: Work, campaign: Campaign) -> Review:
    """Looks at a campaign."""
    errors = running.problems(work, campaign)
    found = [Check("bad", said, step=_STEPS.get(field, "")) for field, some in errors.items() for said in some]
    account = mail.chosen(work, campaign.account_id)
    preview, people, reader = None, list[Contact](), None
    if "audience" not in errors:
        preview = audience.preview(work, campaign.audience, campaign.topic_id)
        people = _people(work, preview)
        found.append(_reached(preview))
        reader = readers.as_person(people[0]) if people else None
        if reader is None and preview.addressed:
            reader = readers.as_company(work, preview.addressed[0])
    if not {"content", "text", "subject"} & set(errors):
        source = running.source(work, campaign)
        found += [
            *_values(work, campaign, people, preview.addressed if preview is not None else (), source, account),
            *_links(work, source.html),
            *_pictures(source.html),
            _text_part(source.text),
            _size(source.html),
            _way_out(source),
        ]
    found += _account(work, account)
    order = ("bad", "warn", "ok")
    seconds = mail.mailings.estimate(account, preview.reached) if preview is not None else 0.0
    return Review(sorted(found, key=lambda check: order.index(check.tone)), preview, seconds, account.sender, reader)


def _people(work: Work, preview: audience.Preview) -> list[Contact]:
    """The first recipients with all that placeholders ask of them."""
    ids = [one.contact_id for one in preview.sample]
    wanted = work.visible(Contact).where(Contact.id.in_(ids)).order_by(Contact.id)
    return list(work.session.scalars(wanted.options(joinedload(Contact.status), joinedload(Contact.assigned_to))))


def _reached(preview: audience.Preview) -> Check:
    if not preview.reached:
        return Check("bad", Message("Nobody gets it"), Message("Choose other people."), "audience")
    left = sum(preview.left_out.values())
    if not left:
        return Check("ok", Message("Every address once"), Message("Nobody is left out."), "audience")
    return Check("ok", Message("Every address once"), Message("Left out: %(number)s.", number=left), "audience")


def _values(
    work: Work,
    campaign: Campaign,
    people: Sequence[Contact],
    companies: Sequence[mail.mailings.Recipient],
    source: Any,
    account: mail.Account,
) -> list[Check]:
    """Placeholders that have no value for some of the first recipients."""
    # Whoever writes is asked for with each mail: held here, they are read once.
    writer = work.session.get(User, work.actor.user_id) if work.actor.user_id else None
    asked = mail.asks(source, web.values(work, campaign))
    of_people = mail.further(work, "contact", [one.id for one in people]) if asked else {}
    missing = Counter[str](), Counter[str]()
    for contact in people:
        reader = readers.Reader(contact.name, contact, of_people.get(contact.id, {}))
        missing[0].update(readers.write(work, campaign, source, reader, account).empty)
    of_them = mail.further(work, of_companies.KIND, [one.record[1] for one in companies])
    for one in companies:
        reader = readers.Reader(one.name, None, of_them.get(one.record[1], {}))
        missing[1].update(readers.write(work, campaign, source, reader, account).empty)
    del writer
    in_subject = mail.placeholders_of(dataclasses.replace(source, html="", text=""))
    sides = (
        (missing[0], "No value for {{ %(name)s }}: %(number)s people", len(people)),
        (missing[1], "No value for {{ %(name)s }}: %(number)s companies", len(companies)),
    )
    found = [
        Check(
            "warn",
            Message(said, name=name, number=number),
            Message(
                "Of the first %(looked)s. Give a fallback, such as {{ %(name)s | default: “friend” }}.",
                looked=looked,
                name=name,
            ),
            "subject" if name in in_subject else "content",
        )
        for some, said, looked in sides
        for name, number in some.most_common(5)
    ]
    if found:
        return found
    said = Message("Looked at with %(n)s people.", n=len(people))
    if companies:
        said = Message("Looked at with %(n)s people and %(m)s companies.", n=len(people), m=len(companies))
    return [Check("ok", Message("Placeholders have values"), said)]


def addresses(html: str) -> list[str]:
    """Where the links of a mail lead, each once, without those that only its reader's values say."""
    found = [unescape(double or single).strip() for double, single in _HREF.findall(html)]
    return list(dict.fromkeys(one for one in found if "{{" not in one and "##" not in one))


def follow(work: Work, campaign: Campaign, *, sender: bool = False) -> None:
    """Wants the links of a campaign followed, in the background. Inside ``work.begin()``.

    :param sender: the records of its sender's domain are asked for too.
    """
    work.require("mail_campaigns.edit")
    more = [_sender(mail.chosen(work, campaign.account_id))] if sender else []
    mail.followed.follow(work, [*more, *addresses(running.source(work, campaign).html)])


def _sender(account: mail.Account) -> str:
    """Under which address stands what the sender's domain lacks."""
    signer = account.signer
    signed = f"{signer.selector}._domainkey.{signer.domain}" if signer is not None else ""
    return mail.followed.sender(account.from_email.rpartition("@")[2].lower(), signed)


def _pictures(html: str) -> list[Check]:
    """Pictures that say nothing where they are not shown."""
    mute = sum(not _ALT.search(tag) for tag in _IMG.findall(html))
    if not mute:
        return []
    said = Message("Say what they show: it is read aloud, and stands where pictures are not shown.")
    return [Check("warn", Message("Pictures without a description: %(number)s", number=mute), said, "content")]


def _links(work: Work, html: str) -> list[Check]:
    """Links that lead nowhere from a mail."""
    fixed = addresses(html)
    wrong = [address for address in fixed if not _leads(address)]
    if wrong:
        listed = ", ".join(address[:80] or "–" for address in wrong[:_LISTED])
        said = Message("These are no addresses of pages or mailboxes: %(listed)s", listed=listed)
        return [Check("warn", Message("Links that lead nowhere: %(number)s", number=len(wrong)), said, "content")]
    web = [address for address in fixed if address.lower().startswith("http")]
    if not web:
        return []
    known = mail.followed.known(work, web)
    dead = [Message("%(address)s: %(why)s", address=one[:80], why=row.said) for one, row in known.items() if row.said]
    if dead:
        title = Message("Links that lead nowhere: %(number)s", number=len(dead))
        return [Check("warn", title, Message("%(listed)s", listed=dead[:_LISTED]), "content")]
    if len(known) < len(web):
        said = Message("Press “Check links and sender”: they are followed in the background.")
        return [Check("ok", Message("Links not followed yet: %(number)s", number=len(web) - len(known)), said)]
    said = Message("Followed %(when)s.", when=min(row.at for row in known.values()))
    return [Check("ok", Message("Links lead somewhere: %(number)s", number=len(web)), said)]


def _leads(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme.lower() in ("mailto", "tel"):
        return bool(parts.path)
    return parts.scheme.lower() in _SCHEMES and bool(parts.hostname)


def _text_part(text: str) -> Check:
    if not text.strip():
        said = Message("Some programs show no HTML: write a text part.")
        return Check("warn", Message("There is no text part"), said, "content")
    return Check("ok", Message("There is a text part"), Message("%(number)s characters.", number=len(text)))


def _size(html: str) -> Check:
    kilobytes = -(-len(html.encode()) // 1000)
    if kilobytes * 1000 > LARGEST:
        said = Message("Over 100 kB mail programs cut it off, and hide the way to unsubscribe: shorten it.")
        return Check("warn", Message("Large: %(size)s kB", size=kilobytes), said, "content")
    return Check("ok", Message("Size %(size)s kB of 100 kB", size=kilobytes), Message("Pictures come from this site."))


def _way_out(source: Any) -> Check:
    in_text = set(fields.UNSUBSCRIBE) & set(mail.placeholders_of(dataclasses.replace(source, subject="", html="")))
    if source.text and not in_text:
        said = Message("It stands in the HTML alone: add ##UNSUB-LINE## to the text part too.")
        return Check("warn", Message("The text part has no way to unsubscribe"), said, "content")
    return Check("ok", Message("Unsubscribe line is there"), Message("In the text and in the header, one click."))


def _account(work: Work, account: mail.Account) -> list[Check]:
    found = []
    if mail.transport(work) == "log":
        said = Message("They are kept in the log until Settings > Mail lets them out.")
        found.append(Check("warn", Message("Mails stay on this site"), said))
    domain = account.from_email.rpartition("@")[2]
    if not account.from_email:
        return [*found, Check("bad", Message("The sender’s address is missing"), Message("Set it in Settings > Mail."))]
    if account.signer is None:
        said = Message("If your mail server does not sign either, some providers put the mail into spam.")
        found.append(Check("warn", Message("Mails of %(domain)s are not signed here (DKIM)", domain=domain), said))
    else:
        signed = Message("For the domain %(domain)s.", domain=account.signer.domain)
        found.append(Check("ok", Message("Mails are signed (DKIM)"), signed))
    return [*found, *_records(work, account)]


def _records(work: Work, account: mail.Account) -> list[Check]:
    """What the sender's domain says of who may send for it."""
    address = _sender(account)
    row = mail.followed.known(work, [address]).get(address)
    if row is None:
        said = Message("Press “Check links and sender”: they are asked for in the background.")
        return [Check("ok", Message("SPF and DMARC of the sender not asked for yet"), said)]
    if row.said:
        return [Check("warn", Message("The sender’s domain lacks records"), row.said)]
    return [Check("ok", Message("The sender’s domain has SPF and DMARC"), Message("Asked for %(when)s.", when=row.at))]
