"""Passwords: argon2 hashes, and what is asked of a new one."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterable

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


def outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than those in force, and is to be made anew at the next chance."""
    try:
        return bool(stored) and _hasher.check_needs_rehash(stored)
    except InvalidHashError:
        return False


def problems(password: str, *known: str) -> list[str]:
    """What is wrong with a new password; empty when it can be taken.

    :param known: what everybody knows of the person: e-mail, name, the site's name. A password of nothing else is refused.
    """
    if len(password) < SHORTEST:
        return [
            Message(
                "Use at least %(shortest)s characters: several words are easier to remember than signs.",
                shortest=SHORTEST,
            )
        ]
    if len(password) > LONGEST:
        return [Message("Use at most %(longest)s characters.", longest=LONGEST)]
    if any("@" in word and password.casefold() == word.casefold() for word in known):
        return [Message("The password can't be the e-mail address.")]
    if len(set(password)) < 4:
        return [Message("Use more than three different characters.")]
    if _guesses(password, known) < FEWEST_GUESSES:
        return [
            Message(
                "This is guessed among the first, as common passwords, names and rows of keys are. "
                "Take several unrelated words."
            )
        ]
    return []


#: What the limits on sign-ins leave to somebody who tries one account for a year.
FEWEST_GUESSES = 1_000_000
#: Characters that are looked at; more make a password no worse.
_LOOKED_AT = 72
_one_at_a_time = threading.Lock()


def _guesses(password: str, known: Iterable[str]) -> float:
    """How many tries a guesser needs who knows common passwords, words, names, dates, keyboards, and the person."""
    # Imported here: its lists of words take a while and some megabytes, and few processes ever see a new password.
    from zxcvbn import zxcvbn

    words = [part for text in known for part in (text, *re.split(r"[\s@._+-]+", text)) if len(part) > 2]
    with _one_at_a_time:
        # The library keeps what is known of the person in a global.
        return float(zxcvbn(password[:_LOOKED_AT].casefold(), user_inputs=words)["guesses"])
