"""Delivery status notifications (RFC 3464), and those that write the same fields without the right media type."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from .parts import Mail
from .report import Failure, Kind, addresses, one_line
from .rules import choose, is_hard
from .words import is_answer

_TYPES = ("message/delivery-status", "message/global-delivery-status")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.*)")
_ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_CODE = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")


def read(mail: Mail) -> list[Failure]:
    """The recipients of a status notification; empty when the mail is none."""
    groups = _groups(mail.texts(*_TYPES))
    if not any(map(_is_recipient, groups)) and not is_answer(mail):
        # Some write the fields into the text, or call the part by another name.
        others = (part.text for part in mail.leaves if part.type not in {"message/rfc822", "text/rfc822-headers"})
        groups = _groups(text for text in others if "final-recipient" in text.lower())
    words = " ".join(mail.texts("text/plain", "text/html"))[:10_000]
    return [_failure(group, words) for group in islice(filter(_is_recipient, groups), 200)]


def _groups(texts: Iterable[str]) -> list[dict[str, str]]:
    """The fields of each block, names in lower case; a block ends at an empty line, or where a recipient begins again."""
    groups: list[dict[str, str]] = [{}]
    name = ""
    lines = (line for text in texts for line in (*text.split("\n"), ""))
    for line in islice(lines, 10_000):
        match = _FIELD.match(line)
        if line[:1] in {" ", "\t"} and name:
            if len(groups[-1][name]) < 4_000:
                groups[-1][name] += " " + line.strip()
        elif match:
            name = match[1].lower()
            if name in groups[-1] and name in {"final-recipient", "original-recipient"}:
                groups.append({})
            groups[-1].setdefault(name, match[2].strip())
        elif not line.strip():
            name = ""
            if groups[-1] and not _is_open(groups[-1]):
                groups.append({})
    return groups


def _is_open(group: dict[str, str]) -> bool:
    """Whether a block lacks what its next one may bring: some programs put an empty line inside."""
    return "final-recipient" in group and "status" not in group and "action" not in group


def _is_recipient(group: dict[str, str]) -> bool:
    if "final-recipient" not in group and "original-recipient" not in group:
        return False
    return group.get("action", "").split(" ")[0].lower() in _ACTIONS or "status" in group or "diagnostic-code" in group


def _failure(group: dict[str, str], words: str) -> Failure:
    named = addresses(group.get("final-recipient", "")) or addresses(group.get("original-recipient", ""))
    raw = group.get("final-recipient", "").rpartition(";")[2].strip(" <>\"'")
    address = named[0] if named else raw[:254]
    diagnosis = group.get("diagnostic-code", "")
    code = _CODE.search(group.get("status", ""))
    stated = code[0] if code else ""
    action = group.get("action", "").split(" ")[0].lower()
    if action in {"delivered", "relayed", "expanded"} or (
        action not in {"failed", "delayed"} and stated.startswith("2")
    ):
        return Failure(address, stated, one_line(diagnosis), Kind.DELIVERY_NOTICE)
    said = diagnosis.partition(";")[2] if ";" in diagnosis[:20] else diagnosis
    status = choose("" if stated.startswith("2") else stated, said)
    # What the program that reports says to people counts where the server said nothing.
    hard = is_hard(status, said) or (len(said.strip()) <= 12 and is_hard(status, words))
    kind = Kind.HARD if hard and action != "delayed" else Kind.SOFT
    return Failure(address, status, one_line(said or words), kind)
