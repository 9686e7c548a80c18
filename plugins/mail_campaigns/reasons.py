"""Why somebody gets no mail of a campaign, or no further one of a sequence."""

from __future__ import annotations

from collections.abc import Mapping

from crmhost.api import Message

#: Who is left out of a campaign -> why.
LEFT_OUT: Mapping[str, Message] = {
    "no_email": Message("No e-mail address"),
    "invalid": Message("Address can't be written to"),
    "duplicate": Message("Same address as somebody else"),
    "unsubscribed": Message("Unsubscribed"),
    "bounced": Message("Mails came back"),
    "complained": Message("Reported a mail as unwanted"),
    "topic": Message("Not in this topic"),
}
#: Why somebody left a sequence, beside these.
BY_HAND, CONDITION, GONE = "by_hand", "condition", "gone"
#: Who left a sequence -> why.
LEFT: Mapping[str, Message] = {
    BY_HAND: Message("Taken out by hand"),
    CONDITION: Message("In the segment whose people leave"),
    GONE: Message("In the bin, or merged"),
    **LEFT_OUT,
}
