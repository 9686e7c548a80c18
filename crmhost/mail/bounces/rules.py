"""What a failed delivery means: the project's rule, applied to status codes and to what servers say.

Hard (spec, Rules): enhanced status 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10, 5.2.1, or any other 5.x.x whose text says that the user is
unknown. Every other 5.x.x and all 4.x.x are soft. The codes are those of RFC 3463 and of the IANA registry.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .phrases import ANOTHER_REASON, UNKNOWN_USER

#: Enhanced status codes that mean: nobody is there, or not any more.
HARD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})

#: What says no more than its class.
_GENERAL = frozenset({"0.0", "1.0", "3.0", "5.0"})
_STATUS = re.compile(r"(?<![\d.])([245]\.[0-7]\.\d{1,3})(?![\d]|\.\d)")
_AFTER_REPLY = re.compile(r"(?<![\d.])[45]\d\d[ \-:]{1,2}\(?#?([45]\.[0-7]\.\d{1,3})(?![\d]|\.\d)")
_REPLY = re.compile(r"(?:^|[\s:;>(\"'\]])([45][0-5]\d)(?=[\s\-:#<)]|\Z)(?! bytes)", re.MULTILINE)


def statuses(text: str) -> list[str]:
    """Enhanced status codes in a text; those that stand right after a reply code come first."""
    text = text[:20_000]
    return list(dict.fromkeys([*_AFTER_REPLY.findall(text), *_STATUS.findall(text)]))


def reply(text: str) -> str:
    """The first SMTP reply code of a failure in a text, empty when there is none."""
    match = _REPLY.search(text[:20_000])
    return match[1] if match else ""


def choose(stated: str, said: str) -> str:
    """The status that tells most: the stated one, unless it is general and the diagnosis says a specific one of its class.

    :param stated: the Status field, may be empty.
    :param said: the diagnosis as the last server gave it.
    """
    found = statuses(said)
    if not stated:
        stated = found[0] if found else ""
    if (not stated or stated.split(".", 1)[1] in _GENERAL) and found:
        stated = found[0]
    if not stated:
        code = reply(said)
        stated = f"{code[0]}.0.0" if code else ""
    return stated


@lru_cache(maxsize=16)
def says_unknown(text: str) -> bool:
    """Whether a text says that nobody has this mailbox."""
    text = " ".join(text[:8_000].split())
    match = UNKNOWN_USER.search(text)
    return match is not None and not ANOTHER_REASON.search(text[max(0, match.start() - 120) : match.end() + 120])


def is_hard(status: str, text: str) -> bool:
    """The rule of this module. ``status`` is empty for a failure that names none: then it counts as 5.0.0."""
    if status in HARD:
        return True
    return (not status or status.startswith("5.")) and says_unknown(text)
