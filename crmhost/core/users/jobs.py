"""Mails about accounts: invitations, links to a new password, sign-ins from new browsers.

They are written and handed over here, past the log of mails, which others may read: a link in it would let them in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from babel.dates import format_datetime
from sqlalchemy import select

from ...web.i18n import Catalogues
from ...work.context import JobContext
from ...work.unit import Work
from ..mail.unlogged import hand_over
from ..notifications import services as notifications
from . import links
from .models import User
from .roles import permissions_of


def link(
    job: JobContext, kind: str, user_id: int = 0, email: str = "", base_url: str = "", address: str = "", by: str = ""
) -> dict[str, Any] | None:
    """The job ``users.link``: makes a link and mails it.

    :param kind: ``invitation`` (for ``user_id``), ``reset`` (for ``email``, which may be nobody's).
    :param base_url: of the site, as the admin who invites reached it; a stranger's word is not taken for it.
    """
    work = job.work
    user = work.session.get(User, user_id) if user_id else _by_email(work, email)
    if user is None or user.disabled_at is not None:
        return None
    base = work.base_url or base_url
    if not links.mails_go_out(work) or not _is_web(base):
        with work.begin():
            if kind == "reset":
                _tell_admins(work, user, known=_is_web(base))
        return None
    with work.begin():
        if kind == "invitation":
            if user.invite_until is None or user.invite_until < work.now:
                return None
            token = links.new_invitation(work, user)
        else:
            token = links.new_reset(work, user)
            work.audit("user.reset_mailed", "user", user.id, after={"asked_from": address})
        to, name, locale = user.email, user.name, _locale(work, user)
    say = _words(work, locale)
    path = "invitation" if kind == "invitation" else "reset"
    write = _invitation if kind == "invitation" else _reset
    subject, text = write(say, _site(work), f"{base}/{path}/{token}", by, address)
    _send(job, to, name, subject, text)
    return {"message": "Sent."}


def new_browser(job: JobContext, user_id: int, browser: str, address: str, at: str) -> None:
    """The job ``users.new_browser``: tells a user by mail that somebody signed in as them from a browser that was not known."""
    work = job.work
    user = work.session.get(User, user_id)
    if user is None or user.disabled_at is not None or not links.mails_go_out(work):
        return
    locale = _locale(work, user)
    _ = _words(work, locale)
    moment = dt.datetime.fromisoformat(at).astimezone(work.timezone)
    when = format_datetime(moment, format="medium", locale=locale)
    subject = _("New sign-in to %(site)s") % {"site": _site(work)}
    text = _(
        "Somebody signed in to %(site)s as you.\n\nWhen: %(when)s\nBrowser: %(browser)s\nAddress: %(address)s\n\nWas it you? Then"
        " there is nothing to do. If not, open “Your account” there, sign out elsewhere and change your password.\n"
    ) % {"site": _site(work), "when": when, "browser": browser, "address": address or "?"}
    _send(job, user.email, user.name, subject, text)


# --- words -----------------------------------------------------------------------------------------------------------


def _words(work: Work, locale: str) -> Callable[[str], str]:
    found: Callable[[str], str] = Catalogues(work.generation).of(locale).ugettext
    return found


def _locale(work: Work, user: User) -> str:
    return user.locale or str(work.settings.get("site.language") or "en")


def _site(work: Work) -> str:
    return str(work.settings.get("site.name") or "crmhost")


def _invitation(_: Callable[[str], str], site: str, url: str, by: str, _address: str) -> tuple[str, str]:
    subject = _("Your account at %(site)s") % {"site": site}
    text = _(
        "%(by)s has added you to %(site)s.\n\nChoose a password here; the link works once, within 7 days:\n\n%(url)s\n"
    ) % {"by": by, "site": site, "url": url}
    return subject, text


def _reset(_: Callable[[str], str], site: str, url: str, _by: str, address: str) -> tuple[str, str]:
    subject = _("New password for %(site)s") % {"site": site}
    text = _(
        "Somebody, from the address %(address)s, asked for a new password for your account at %(site)s.\n\nChoose it here; the"
        " link works once, within an hour:\n\n%(url)s\n\nWas it not you? Then do nothing: your password stays as it is.\n"
    ) % {"address": address or "?", "site": site, "url": url}
    return subject, text


# --- sending ---------------------------------------------------------------------------------------------------------


def _by_email(work: Work, email: str) -> User | None:
    return work.session.scalar(select(User).where(User.email_key == email))


def _is_web(base: str) -> bool:
    return urlsplit(base).scheme in ("http", "https") and bool(urlsplit(base).netloc)


def _tell_admins(work: Work, user: User, *, known: bool) -> None:
    """Somebody has to hand the link over by another way: tells those who can make one for this user."""
    people = work.session.scalars(select(User).where(User.disabled_at.is_(None))).all()
    able = [
        person.id
        for person in people
        if permissions_of(person) & {"*", "users.edit"}
        and ("*" in permissions_of(person) or permissions_of(user) <= permissions_of(person))
    ]
    sentence = "%(email)s asked for a new password. Mails do not leave this site (Settings > Mail): make a link and hand it over."
    if links.mails_go_out(work) and not known:
        sentence = "%(email)s asked for a new password. No link was mailed, because CRMHOST_BASE_URL is not set: make one here."
    notifications.tell(
        work, able, sentence, url=f"/settings/users/{user.id}", kind="users.reset", data={"email": user.email}
    )


def _send(job: JobContext, to: str, name: str, subject: str, text: str) -> None:
    hand_over(job.work, to=to, to_name=name, subject=subject, text=text)
