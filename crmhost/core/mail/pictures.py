"""Pictures in mails: taken in by the editor, sent along inside the mail, shown in frames that may ask for nothing."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import Invalid, NotFound
from ...work.unit import Work
from ..files import services as files
from ..files.models import File

#: What mail programs show.
TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
#: Bytes of one picture, and of those that a frame shows.
LARGEST = 5 * 1024 * 1024
_SHOWN = 10 * 1024 * 1024
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


def _picture(work: Work, number: int, *, known: bool = False) -> File | None:
    """A picture of a mail that the actor may see; never another file, whatever somebody writes into a text."""
    file = work.session.get(File, number)
    fits = file is not None and file.owner == "mail" and file.media_type in TYPES
    if file is None or not fits or not (known or file.contact_id is None) or not files.may(work, file, "open"):
        return None
    return file
