"""What reading a mail from outside gives."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass

_ADDRESS = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9_!#$%&'*+/=?^`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,8}[A-Za-z][A-Za-z0-9-]{1,62}(?![\w-])"
)


class Kind(enum.StrEnum):
    """What a mail says about one of ours."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"
    OPT_OUT = "opt_out"
    AUTO_REPLY = "auto_reply"
    DELIVERY_NOTICE = "delivery_notice"
    NONE = "none"


@dataclass(frozen=True)
class Failure:
    """One recipient of a report.

    :param address: as the report names it; empty when it names none.
    :param status: enhanced status code (RFC 3463), empty when nothing says one.
    :param diagnostic: the server's words, one line of at most 500 characters.
    """

    address: str
    status: str
    diagnostic: str
    kind: Kind


@dataclass(frozen=True)
class Report:
    """A mail as far as it reports on one of ours.

    :param kind: what to do; of several recipients the gravest counts.
    :param recipients: each recipient that the report names; whom it concerns is known by ``token`` alone.
    :param status: status and ``diagnostic`` of the gravest recipient.
    :param token: number of our mail, by a token that our key signed; None when there is none. Then change nothing: anybody can
        write a mail that looks like a bounce.
    :param feedback: Feedback-Type of a complaint (RFC 5965), in lower case.
    """

    kind: Kind
    recipients: tuple[Failure, ...] = ()
    status: str = ""
    diagnostic: str = ""
    token: int | None = None
    feedback: str = ""


_GRAVITY = (Kind.HARD, Kind.SOFT, Kind.COMPLAINT, Kind.OPT_OUT, Kind.DELIVERY_NOTICE, Kind.AUTO_REPLY, Kind.NONE)


def summed(failures: Iterable[Failure], feedback: str = "") -> Report:
    """The report on these recipients, of which there is at least one."""
    listed = tuple(failures)[:200]
    gravest = min(listed, key=lambda failure: _GRAVITY.index(failure.kind))
    return Report(gravest.kind, listed, gravest.status, gravest.diagnostic, feedback=feedback)


def addresses(text: str) -> list[str]:
    """The e-mail addresses in a text, each once, at most 50."""
    found: dict[str, str] = {}
    for match in _ADDRESS.finditer(text[:50_000]):
        found.setdefault(match[0].casefold(), match[0])
        if len(found) >= 50:
            break
    return list(found.values())


def one_line(text: str) -> str:
    """A diagnosis as it is kept: one line, 500 characters."""
    return " ".join(text[:2_000].split())[:500]
