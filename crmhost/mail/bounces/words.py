"""Bounces that are written for people only: who failed and why, from their words."""

from __future__ import annotations

import re

from .parts import Mail
from .phrases import DAEMON, DELAYED, FAILED, FAILED_SUBJECT, ORIGINAL
from .report import Failure, Kind, addresses, one_line
from .rules import choose, is_hard, reply, says_unknown, statuses

_HEADER_LINE = re.compile(
    r"[ \t>|]{0,8}(?:received|return-path|message-id|from|to|cc|subject|date|mime-version|content-type|content-transfer-encoding|"
    r"dkim-signature|x-[\w-]{1,40}|reply-to|delivered-to|sender|user-agent|references|in-reply-to):",
    re.IGNORECASE,
)
_STRONG_LINE = re.compile(
    r"[ \t>|]{0,8}(?:received|return-path|message-id|mime-version|dkim-signature):", re.IGNORECASE
)
_RECIPIENT_LINE = re.compile(
    r"[ \t>*•-]{0,8}"
    r"(?:(?:failed recipient|recipient(?: address)?|user|to|address|rcpt to|unknown user|could not deliver to)\s?:\s{0,4})?"
    r"[\"'<(]{0,3}([\w.+!#$%&'*/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})[\"'>)]{0,3}(?=[\s:;,.]|\Z)",
    re.IGNORECASE,
)


def read(mail: Mail) -> list[Failure]:
    """The recipients of a bounce in words; empty when the mail is no bounce."""
    failed = addresses(" ".join(mail.fields.get("x-failed-recipients", ())))
    text = _own_words(mail)
    if not failed and not _is_bounce(mail, text):
        return []
    blocks = _blocks(text)
    named = [address for address, _ in blocks if address]
    whole = _failure("", text, text)
    others = {address.casefold() for name in ("to", "from") for address in addresses(mail.first(name))}
    loose = [address for address in addresses(text) if address.casefold() not in others][:1]
    found = [_failure(address, block, text) for address, block in blocks]
    if not found or all(not failure.status and failure.kind is Kind.SOFT for failure in found):
        # The reason stands apart from the addresses.
        found = [
            Failure(address, whole.status, whole.diagnostic, whole.kind) for address in named or failed or loose or [""]
        ]
    missing = {address.casefold() for address in failed} - {address.casefold() for address in named}
    found += [
        Failure(address, whole.status, whole.diagnostic, whole.kind)
        for address in failed
        if address.casefold() in missing
    ]
    return found[:200]


def from_daemon(mail: Mail) -> bool:
    """Whether a mail server wrote it, by the names that they use."""
    return bool(DAEMON.search(f"{mail.first('from')} {mail.first('sender')} {mail.first('return-path')}"))


def is_answer(mail: Mail) -> bool:
    """Whether a person answers: what stands in such a mail may be quoted."""
    return bool(mail.first("in-reply-to")) and mail.first("return-path").strip() != "<>" and not from_daemon(mail)


def _is_bounce(mail: Mail, text: str) -> bool:
    daemon = from_daemon(mail) or mail.first("return-path").replace(" ", "") == "<>"
    subject = bool(FAILED_SUBJECT.search(mail.first("subject")))
    body = bool(FAILED.search(text) or statuses(text) or says_unknown(text))
    if daemon:
        return subject or body
    # Without a daemon's name only what is no answer of a person, and names somebody or a code.
    return not is_answer(mail) and subject and body and bool(addresses(text) or reply(text))


def _own_words(mail: Mail) -> str:
    """What the reporting program wrote, without the mail that it sends back."""
    texts = mail.texts("text/plain") or mail.texts("text/html")
    lines = "\n".join(texts)[:60_000].split("\n")
    quoted = sum(line.startswith(">") for line in lines)
    if quoted * 2 > len(lines):
        lines = [line.lstrip("> ") if line.startswith(">") else line for line in lines]
    start = 0
    for _ in range(5):
        end = _original(lines, start)
        own = "\n".join(lines[:end])
        if end >= len(lines) or FAILED.search(own) or statuses(own) or says_unknown(own):
            return own
        # A forwarded bounce begins with its own header.
        start = end + 1
        while start < len(lines) and lines[start].strip():
            start += 1
    return "\n".join(lines)


def _original(lines: list[str], start: int) -> int:
    """Number of the line at which the mail that is sent back begins, the number of lines when none does."""
    run = strong = 0
    for number, line in enumerate(lines[start:], start):
        if _HEADER_LINE.match(line):
            run += 1
            strong += bool(_STRONG_LINE.match(line))
            if run >= 3 and strong:
                return number - run + 1
        elif line[:1] not in {" ", "\t"} or not line.strip():
            run = strong = 0
        if number > start + 3 and ORIGINAL.match(line) and _header_follows(lines, number):
            return number
    return len(lines)


def _header_follows(lines: list[str], number: int) -> bool:
    following = [line for line in lines[number : number + 8] if line.strip()]
    return sum(bool(_HEADER_LINE.match(line)) for line in following) >= 2


def _blocks(text: str) -> list[tuple[str, str]]:
    """Lines from one recipient to the next: (address, the lines)."""
    blocks: list[tuple[str, list[str]]] = []
    for line in text.split("\n")[:2_000]:
        match = _RECIPIENT_LINE.match(line[:400])
        if match and (not blocks or match[1].casefold() != blocks[-1][0].casefold()):
            blocks.append((match[1], [line]))
        elif blocks:
            blocks[-1][1].append(line)
    return [(address, "\n".join(lines)) for address, lines in blocks[:200]]


def _failure(address: str, block: str, text: str) -> Failure:
    status = choose("", block)
    delayed = bool(DELAYED.search(text)) and not status.startswith("5")
    kind = Kind.HARD if not delayed and is_hard(status, block) else Kind.SOFT
    return Failure(address, status, one_line(block if status or kind is Kind.HARD else text), kind)
