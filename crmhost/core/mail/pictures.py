"""Pictures in mails: taken in by the editor, sent along inside the mail, shown in frames that may ask for nothing."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import not_, select

from ...errors import Invalid, NotFound
from ...host.tables import PluginState
from ...work.unit import Work
from ..files import services as files
from ..files.models import File
from ..rows import CHUNK
from ..settings.models import StoredSetting
from . import keys
from .models import MailAccount, MailMailing, MailPicture, MailTemplate

#: What mail programs show.
TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
#: Bytes of one picture, and of those that a frame shows.
LARGEST = 5 * 1024 * 1024
_SHOWN = 10 * 1024 * 1024
#: Age from which on a picture that nothing shows is removed.
UNUSED = dt.timedelta(days=1)
#: What a plugin was granted that may put pictures into mails.
GRANT = "mail:send"
#: Where a picture lies that mails to many show: open to all who have the address.
PUBLIC = "/mail/p/"
_NAMED = re.compile(rf"(?:/storage/|{PUBLIC})(\d{{1,18}})\b")
_OURS = re.compile(r"""(?<=\ssrc=)(["'])/storage/(\d{1,18})\?show=1\1""")
_INSIDE = re.compile(r"""(?<=\ssrc=)(["'])cid:picture-(\d{1,18})\1""")


def address(file: File) -> str:
    """The address under which the editor shows a picture; in a mail it becomes a part of it."""
    return f"/storage/{file.id}?show=1"


def check(staged: files.Staged) -> None:
    """:raises Invalid: when it is no picture that mail programs show."""
    if staged.media_type not in TYPES:
        raise Invalid("This is no picture that mail programs show: choose a PNG, JPEG, GIF or WebP file.")


def packed(work: Work, html: str) -> tuple[str, list[dict[str, Any]]]:
    """The HTML with our pictures named as parts of the mail, and these parts as attachments.

    :raises Invalid: when a picture is no longer there, or the actor may not see it.
    """
    found: dict[int, dict[str, Any]] = {}

    def name(match: re.Match[str]) -> str:
        number = int(match[2])
        if number not in found:
            file = _picture(work, number)
            if file is None:
                raise Invalid({"content": ["A picture of this text is no longer there: put it in again."]})
            found[number] = {
                "file_id": file.id,
                "name": file.name,
                "media_type": file.media_type,
                "size": file.size,
                "content_id": f"picture-{file.id}",
            }
        return f'"cid:picture-{number}"'

    return _OURS.sub(name, html), list(found.values())


def hosted(work: Work, html: str) -> str:
    """The HTML of a mail to many: our pictures don't go along, they are shown from this site by an address that nobody guesses.

    :raises Invalid: when a picture is no longer there, or the actor may not see it.
    """

    def name(match: re.Match[str]) -> str:
        if _picture(work, int(match[2])) is None:
            raise Invalid({"content": ["A picture of this text is no longer there: put it in again."]})
        return f'"{work.base_url}{PUBLIC}{keys.picture_token(work, int(match[2]))}"'

    return _OURS.sub(name, html)


def opened(work: Work, token: str) -> File:
    """The picture that an address made by :func:`hosted` means.

    :raises NotFound: when there is none.
    """
    number = keys.read_picture_token(work, token)
    file = work.session.get(File, number) if number is not None else None
    if file is None or file.owner != "mail" or file.media_type not in TYPES or file.contact_id is not None:
        raise NotFound("picture", token[:60])
    return file


def shown(work: Work, html: str, attachments: Iterable[Mapping[str, Any]] = ()) -> str:
    """The HTML with its pictures written into it, for a frame that is signed in nowhere. Not inside a transaction.

    :param attachments: those of the mail, when it is one that was written already.
    """
    inside = {int(item["file_id"]) for item in attachments if item.get("content_id")}
    left = _SHOWN

    def data(match: re.Match[str]) -> str:
        nonlocal left
        number = int(match[2])
        file = _picture(work, number, known=number in inside)
        if file is None or file.size > left:
            return match[0]
        left -= file.size
        try:
            with files.open(work, number) as stream:
                content = stream.read()
        except NotFound:
            return match[0]
        return f'"data:{file.media_type};base64,{base64.b64encode(content).decode()}"'

    html = _OURS.sub(data, html)
    return _INSIDE.sub(data, html) if inside else html


# --- sweeping --------------------------------------------------------------------------------------------------------


def named(text: str) -> set[int]:
    """Numbers of the stored files that a text names by their address."""
    return {int(number) for number in _NAMED.findall(text)}


def can_tell(work: Work) -> bool:
    """Whether everybody who may show pictures can be asked: no plugin that sends mail is off."""
    states = work.session.execute(select(PluginState.id, PluginState.grants))
    return all(plugin in work.generation.by_id for plugin, grants in states if GRANT in grants)


def sweep(work: Work, after: int = 0) -> tuple[int, int | None]:
    """Removes pictures that were taken in more than a day ago, and that no mail, template, account, setting or plugin shows.

    :param after: number of the file after which to look.
    :returns: how many went, and the number after which to go on; ``None`` when all were looked at.
    """
    here = select(MailPicture.file_id).where(MailPicture.file_id == File.id).exists()
    old = select(File.id).where(
        File.owner == "mail", File.id > after, File.contact_id.is_(None), File.media_type.in_(sorted(TYPES)),
        File.created_at < work.now - UNUSED, not_(here),
    )  # fmt: skip
    # A mail that is written now holds its pictures locked, see _picture(): these are left for tomorrow.
    found = set(work.session.scalars(old.order_by(File.id).limit(CHUNK).with_for_update(skip_locked=True)))
    if not found:
        return 0, None
    last = max(found) if len(found) == CHUNK else None
    for text in _texts(work):
        found -= named(text)
    for item in work.hooks.implementations("mail_pictures"):
        asked = sorted(found)
        found -= set(work.hooks.ask(item.plugin, "mail_pictures", otherwise=asked, work=work, file_ids=asked) or ())
    files.delete(work, *found)
    return len(found), last


def _texts(work: Work) -> Iterator[str]:
    """Texts of the core that may show pictures."""
    yield from work.session.scalars(select(MailTemplate.content))
    yield from work.session.scalars(select(MailMailing.html).where(MailMailing.html.contains(PUBLIC)))
    yield from work.session.scalars(select(MailAccount.signature))
    for value in work.session.scalars(select(StoredSetting.value)):
        yield json.dumps(value)


def _picture(work: Work, number: int, *, known: bool = False) -> File | None:
    """A picture of a mail that the actor may see; never another file, whatever somebody writes into a text."""
    # Inside a change it is held, so that it is not swept away meanwhile.
    lock: Any = {"read": True, "key_share": True} if work.writing else None
    file = work.session.get(File, number, with_for_update=lock)
    fits = file is not None and file.owner == "mail" and file.media_type in TYPES
    if file is None or not fits or not (known or file.contact_id is None) or not files.may(work, file, "open"):
        return None
    return file
