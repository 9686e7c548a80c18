"""Settings > Files: what may be uploaded, how much of it, and the kinds of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, func, not_, or_, select
from sqlalchemy import cast as sql_cast

from crmhost.api import Invalid, Message, Setting, Work, texts

from .models import Entry, Upload, Version

MEGABYTE = 1024 * 1024
LARGEST, QUOTA, RECORD_QUOTA = "files.max_size_mb", "files.quota_mb", "files.record_quota_mb"
TYPES, KINDS = "files.types", "files.kinds"
FIRST_KINDS = ("Contract", "Invoice", "Identity document", "Report", "Photo", "Other")
_MOST_MB = 1024 * 1024
_OFFICE = ("application/vnd.", "application/msword", "application/x-ole", "application/rtf")
_ARCHIVES = ("application/zip", "application/gzip", "application/x-7z", "application/x-tar", "application/x-rar",
             "application/x-bzip", "application/x-xz")  # fmt: skip
#: Group -> beginnings of the media types in it. What no group has, and what a browser would run, is “other”.
GROUPS: dict[str, tuple[str, ...]] = {
    "pictures": ("image/",),
    "pdf": ("application/pdf",),
    "office": _OFFICE,
    "text": ("text/", "message/", "application/json"),
    "audio": ("audio/",),
    "video": ("video/",),
    "archives": _ARCHIVES,
}
OTHER = "other"
ALL = (*GROUPS, OTHER)
_MARKUP = ("image/svg+xml", "text/html", "application/xml", "text/xml")


def group_of(media_type: str) -> str:
    """The group of a media type, one of :data:`ALL`."""
    if media_type in _MARKUP:
        return OTHER
    return next((name for name, starts in GROUPS.items() if media_type.startswith(starts)), OTHER)


def group_condition(group: str) -> ColumnElement[bool]:
    """Files of a group."""
    markup = Entry.media_type.in_(_MARKUP)
    if group == OTHER:
        return or_(markup, not_(or_(*(_begins(starts) for starts in GROUPS.values()))))
    return and_(_begins(GROUPS[group]), not_(markup))


def _begins(starts: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(Entry.media_type.startswith(start, autoescape=True) for start in starts))


# --- the settings ----------------------------------------------------------------------------------------------------


def declared() -> list[Setting]:
    """The settings of the plugin."""
    return [
        Setting(
            key=LARGEST,
            label="Largest file, in megabytes",
            kind="integer",
            default=2048,
            validate=_check_most,
            help="Files are sent in parts: a broken connection loses nothing.",
        ),
        Setting(
            key=TYPES,
            label="Allowed types",
            kind="list",
            default=list(GROUPS),
            validate=_check_types,
            help="Any of pictures, pdf, office, text, audio, video, archives and other, separated by commas. The type "
            "is read from the content, never from the name.",
        ),
        Setting(
            key=QUOTA,
            label="Room for all files, in megabytes",
            kind="integer",
            default=0,
            validate=_check_room,
            help="0: no limit. Versions count, and so does the bin.",
        ),
        Setting(
            key=RECORD_QUOTA,
            label="Room for the files of one record, in megabytes",
            kind="integer",
            default=0,
            validate=_check_room,
            help="0: no limit.",
        ),
        Setting(
            key=KINDS,
            label="Kinds of files",
            kind="list",
            default=list(FIRST_KINDS),
            validate=_check_kinds,
            help="Separated by commas. Files keep a kind that is taken from the list.",
        ),
    ]


def _check_most(_work: Work, value: int) -> int:
    if not 1 <= value <= _MOST_MB:
        raise Invalid(Message("Give a number from 1 to %(most)s.", most=_MOST_MB))
    return value


def _check_room(_work: Work, value: int) -> int:
    if not 0 <= value <= _MOST_MB * 1024:
        raise Invalid(Message("Give a number from 0 to %(most)s.", most=_MOST_MB * 1024))
    return value


def _check_types(_work: Work, value: Sequence[str]) -> list[str]:
    wanted = [texts.clean_line(name).casefold() for name in value]
    for name in wanted:
        if name not in ALL:
            raise Invalid(Message("“%(name)s” is none of them: %(known)s.", name=name[:60], known=", ".join(ALL)))
    if not wanted:
        raise Invalid("Allow at least one.")
    return [name for name in ALL if name in wanted]


def _check_kinds(_work: Work, value: Sequence[str]) -> list[str]:
    names = {texts.fold(name): name for name in (texts.clean_line(name)[:80] for name in value) if name}
    if not 1 <= len(names) <= 100:
        raise Invalid("Give one kind at least, and a hundred at most.")
    return list(names.values())


def kinds(work: Work) -> list[str]:
    """The kinds that a file may have, in their order."""
    return [str(name) for name in work.settings.get(KINDS) or ()]


def largest(work: Work) -> int:
    """How large a file may be, in bytes."""
    return int(work.settings.get(LARGEST)) * MEGABYTE


# --- what is refused -------------------------------------------------------------------------------------------------


def check_type(work: Work, media_type: str) -> None:
    """:raises Invalid: when files of this type are not allowed."""
    if group_of(media_type) not in (work.settings.get(TYPES) or ()):
        said = Message(
            "Files of this type are not allowed (%(type)s, as its content says). An admin can allow them in "
            "Settings > Files.",
            type=media_type,
        )
        raise Invalid({"file": [said]})


def check_size(work: Work, size: int) -> None:
    """:raises Invalid: when a file is too large."""
    if size > largest(work):
        most = int(work.settings.get(LARGEST))
        raise Invalid({"file": [Message("The file is too large: at most %(most)s MB are taken.", most=most)]})


def check_room(work: Work, object_type: str, object_id: int, size: int, *, upload_id: str = "") -> None:
    """Counts what is kept and what other uploads will bring.

    :param upload_id: the upload that the bytes belong to, which is not counted twice.
    :raises Invalid: when there is no room for so many bytes more.
    """
    room, of_record = int(work.settings.get(QUOTA)), int(work.settings.get(RECORD_QUOTA))
    coming = select(_sum(Upload.size)).where(Upload.made_id.is_(None), Upload.id != upload_id)
    if room and _read(work, select(_sum(Version.size))) + _read(work, coming) + size > room * MEGABYTE:
        said = Message("There is no room left: all files together may take %(room)s MB. Delete some first.", room=room)
        raise Invalid({"file": [said]})
    if of_record:
        mine = select(_sum(Version.size)).join(Entry, Entry.id == Version.entry_id)
        mine = mine.where(Entry.object_type == object_type, Entry.object_id == object_id)
        here = coming.where(Upload.object_type == object_type, Upload.object_id == object_id)
        if _read(work, mine) + _read(work, here) + size > of_record * MEGABYTE:
            said = Message("There is no room left here: the files of one record may take %(room)s MB.", room=of_record)
            raise Invalid({"file": [said]})


def _sum(column: Any) -> ColumnElement[int]:
    return sql_cast(func.coalesce(func.sum(column), 0), BigInteger)


def _read(work: Work, wanted: Any) -> int:
    return int(work.session.scalar(wanted) or 0)
