"""What both kinds of storage share: the interface, keys, and how a refusal is told."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol

from ..errors import CrmError

KEY = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{30}")


class StorageError(CrmError):
    """The storage can't be reached, refuses, or is full."""

    status = 503


@dataclasses.dataclass(frozen=True)
class Stored:
    """An object as a listing gives it.

    :param size: in bytes.
    :param modified: when it was written, in UTC, by the storage's clock.
    """

    key: str
    size: int
    modified: dt.datetime


class Storage(Protocol):
    """What both kinds of storage do.

    Every method raises :class:`StorageError` when the storage can't be used, and ``ValueError`` for what is no key.
    """

    def put(self, key: str, parts: Iterable[bytes]) -> int:
        """Writes an object, whole or not at all; gives its size in bytes. What ``parts`` raises reaches the caller."""

    def get(self, key: str) -> BinaryIO:
        """The object to be read and sought in, some of it in memory at a time; close it.

        :raises FileNotFoundError: when there is none.
        """

    def delete(self, keys: Sequence[str]) -> None:
        """Removes objects; those that are not there are fine."""

    def exists(self, key: str) -> bool:
        """Whether the object is there."""

    def size(self, key: str) -> int:
        """Its size in bytes.

        :raises FileNotFoundError: when there is none.
        """

    def list(self) -> Iterator[Stored]:
        """All objects, one after the other."""

    def check(self) -> None:
        """Returns when objects can be stored now, as far as that is known without storing one."""

    def tidy(self, before: dt.datetime) -> int:
        """Removes what writes left that broke off before an instant; gives how many there were."""


def new_key() -> str:
    """A key that nobody can guess and that no other object has: two digits that spread the objects, then 32 digits."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name}"


def checked_key(key: str) -> str:
    """The key, if :func:`new_key` made it: nothing else ever becomes a path.

    :raises ValueError: when it did not.
    """
    if not KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of the file storage")
    return key
