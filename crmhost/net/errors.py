"""What may go wrong with an outgoing request, in sentences for people."""

from __future__ import annotations

from ..errors import CrmError


class RequestError(CrmError):
    """An outgoing request got no answer; the text says why and what to do."""


class RefusedAddress(RequestError):
    """This address is not called from here, now or later."""


class Unreachable(RequestError):
    """The other side could not be reached, or does not speak HTTP as it should; it may later."""


class TimedOut(Unreachable):
    """The other side was too slow."""


class AnswerTooLarge(RequestError):
    """The answer's body is longer than what was asked for."""
