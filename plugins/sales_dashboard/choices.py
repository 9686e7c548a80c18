"""What addresses of pages without a period choose: the currency and how many months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .asked import ALL

#: Months that can be looked at.
LENGTHS = (12, 24, 36)


def currency(known: Sequence[str], args: Mapping[str, str]) -> str:
    """The currency that an address asks for, the first known one unless it says otherwise; empty for all together."""
    text = args.get("currency", "")
    if text.lower() == ALL:
        return ""
    return text.upper() if text.upper() in known else next(iter(known), "")


def length(args: Mapping[str, str]) -> int:
    """How many months an address asks for."""
    return next((some for some in LENGTHS if str(some) == args.get("months")), LENGTHS[0])
