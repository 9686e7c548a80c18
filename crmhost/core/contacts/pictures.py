"""The picture of a contact: taken in, made small, kept among the host's files, removed.

The column ``avatar`` holds ``file:NUMBER`` for a picture that was uploaded here. Any other text came from an import or a sync; it
is kept and exported, and nothing is fetched for it.
"""

from __future__ import annotations

import io
from typing import IO

from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..files import services as files
from ..files.models import File
from ..keyset import valid_id
from ..pictures import Unreadable, decoded
from . import services
from .models import Contact

OWNER = "contacts"
#: Largest upload in bytes, and most pixels that are unpacked.
LARGEST = 10 * 1024 * 1024
MOST_PIXELS = 50_000_000
#: Width and height in pixels of what is kept.
SIDE = 256
_FILE = "file:"
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_REFUSED = Message("This is no picture that can be read: choose a JPEG, PNG, GIF or WebP file of up to 10 MB.")


def file_of(contact: Contact) -> int | None:
    """Number of the file with the contact's picture; ``None`` when no picture was uploaded."""
    return valid_id(contact.avatar.removeprefix(_FILE)) if (contact.avatar or "").startswith(_FILE) else None


def small(source: IO[bytes]) -> bytes:
    """A picture as a square WebP file: turned upright, cut in the middle, without anything but its pixels.

    :raises Invalid: when it is none, or too large.
    """
    from PIL import Image, ImageOps

    data = source.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Invalid({"picture": [_REFUSED]})
    try:
        upright = decoded(data, _FORMATS, MOST_PIXELS, draft=SIDE * 2)
    except Unreadable as error:
        raise Invalid({"picture": [_REFUSED]}) from error
    flat = Image.new("RGBA", upright.size, "white")
    flat.alpha_composite(upright)
    out = io.BytesIO()
    ImageOps.fit(flat.convert("RGB"), (SIDE, SIDE)).save(out, "WEBP", quality=85)
    return out.getvalue()


def stage(work: Work, contact_id: int, source: IO[bytes]) -> files.Staged:
    """Makes a picture small and puts it into the storage; before the transaction, for :func:`keep`.

    :raises Invalid: when it is no picture, or too large.
    :raises NotFound: when there is no such contact, or the actor may not see it.
    """
    work.require("contacts.edit", services.get(work, contact_id))
    return files.stage(work, small(source), name="picture.webp", owner=OWNER, contact_id=contact_id)


def keep(work: Work, contact_id: int, staged: files.Staged) -> Contact:
    """Gives a contact the picture that was staged; the one before is deleted."""
    contact = services.get(work, contact_id)
    work.require("contacts.edit", contact)
    old = contact.avatar
    contact = services.update(work, contact_id, {"avatar": f"{_FILE}{files.store(work, staged).id}"})
    _drop(work, contact_id, old)
    return contact


def remove(work: Work, contact_id: int) -> Contact:
    """Takes the picture from a contact."""
    contact = services.get(work, contact_id)
    work.require("contacts.edit", contact)
    old = contact.avatar
    contact = services.update(work, contact_id, {"avatar": ""})
    _drop(work, contact_id, old)
    return contact


def may(work: Work, action: str) -> bool:
    """Whether the actor may open, store or delete a picture; the host has asked already whether they see the contact."""
    return work.can("contacts.view" if action == "open" else "contacts.edit")


def _drop(work: Work, contact_id: int, avatar: str) -> None:
    """Deletes the file, if it is this contact's own picture: the text could name any."""
    number = valid_id(avatar.removeprefix(_FILE)) if (avatar or "").startswith(_FILE) else None
    file = work.session.get(File, number) if number else None
    if file is not None and file.owner == OWNER and file.contact_id == contact_id:
        files.delete(work, file.id)
