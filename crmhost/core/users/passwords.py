"""Passwords: argon2 hashes, and what is asked of a new one."""

from __future__ import annotations

import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from ...messages import Message

#: OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

SHORTEST = 10
LONGEST = 1000


def hash_password(password: str) -> str:
    """The hash to store."""
    return _hasher.hash(password)


def fits(stored: str, password: str) -> bool:
    """Whether the password is the one that was hashed; takes as long for somebody without a password."""
    try:
        _hasher.verify(stored or _nobody(), password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return bool(stored)


@functools.cache
def _nobody() -> str:
    """A hash that nothing fits, so that an unknown account can't be told by the time of the answer."""
    return _hasher.hash("nobody knows this one")


def problems(password: str, email: str) -> list[str]:
    """What is wrong with a new password; empty when it can be taken."""
    if len(password) < SHORTEST:
        return [
            Message(
                "Use at least %(shortest)s characters: several words are easier to remember than signs.",
                shortest=SHORTEST,
            )
        ]
    if len(password) > LONGEST:
        return [Message("Use at most %(longest)s characters.", longest=LONGEST)]
    if password.casefold() == email.casefold():
        return ["The password can't be the e-mail address."]
    if len(set(password)) < 4:
        return ["Use more than three different characters."]
    return []
