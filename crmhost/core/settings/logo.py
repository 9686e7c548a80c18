"""The site's logo: on papers, on pages for clients, in mails.

The setting ``site.logo`` names the picture in force as ``NUMBER-DIGEST``: a file of the host and the beginning of its SHA-256.
Pictures are made anew of what was sent, so that only pixels are left of it. One that was replaced stays in the storage: papers
that were frozen with it still bear it.
"""

from __future__ import annotations

from typing import IO, Any

from ...errors import Invalid
from ...messages import Message
from ...work.unit import SYSTEM, Work
from ..files import services as files
from ..files.models import File
from ..keyset import valid_id
from ..pictures import Unreadable, as_png
from . import services

KEY = "site.logo"
OWNER = "settings"
#: Largest upload in bytes, and most pixels that are unpacked.
LARGEST = 4 * 1024 * 1024
MOST_PIXELS = 40_000_000
#: Width and height in pixels of what is kept: sharp on paper at 60 mm.
WITHIN = (900, 360)
MEDIA_TYPE = "image/png"
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_REFUSED = Message(
    "This is no picture that can be used: choose a PNG, JPEG, WebP or GIF file of up to 4 MB. Save drawings (SVG) as PNG."
)
_DIGITS = 16


def stage(work: Work, source: IO[bytes]) -> files.Staged:
    """Makes a logo of a picture and puts it into the storage; before the transaction, for :func:`keep`.

    :raises Invalid: when it is no picture of those kinds, or too large.
    """
    work.require("settings.edit")
    data = source.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Invalid({"logo": [_REFUSED]})
    try:
        made = as_png(data, formats=_FORMATS, most_pixels=MOST_PIXELS, within=WITHIN)
    except Unreadable as error:
        raise Invalid({"logo": [_REFUSED]}) from error
    return files.stage(work, made, name="logo.png", owner=OWNER)


def keep(work: Work, staged: files.Staged) -> str:
    """Has the site bear the logo that was staged; gives its name."""
    work.require("settings.edit")
    file = files.store(work, staged)
    name = f"{file.id}-{file.sha256[:_DIGITS]}"
    services.store(work, {KEY: name})
    return name


def remove(work: Work) -> None:
    """Has the site bear no logo."""
    work.require("settings.edit")
    services.store(work, {KEY: None})


def current(work: Work) -> str:
    """Name of the logo in force; empty when there is none."""
    return str(work.settings.get(KEY) or "")


def find(work: Work, name: str) -> File | None:
    """The file of a logo, now or formerly in force, by its name; ``None`` when there is none. Anybody may look at logos."""
    number, _, digest = name.partition("-")
    file = work.session.get(File, valid_id(number) or 0)
    right = file is not None and file.owner == OWNER and file.sha256[:_DIGITS] == digest
    return file if right else None


def picture(work: Work, name: str) -> bytes | None:
    """The bytes of a logo, as PNG. Not inside a transaction: it may go over a network."""
    file = find(work, name)
    if file is None:
        return None
    with files.open(work.as_actor(SYSTEM), file.id) as content:
        return content.read()


def check(work: Work, value: Any) -> str:
    """The name of a logo, as the setting takes it: of one that was uploaded here, or nothing."""
    if value and find(work, str(value)) is None:
        raise Invalid(Message("There is no such logo: upload it under Settings > General."))
    return str(value)


def may(work: Work, action: str) -> bool:
    """Whether the actor may open, store or delete the file of a logo."""
    return action == "open" or work.can("settings.edit")
