"""Whatever arrives is read: never an error, in little time and memory."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmhost.mail.bounces import Report, parse

KEY = b"0123456789abcdef"
HEAD = b"From: MAILER-DAEMON@x.org\nSubject: Undelivered Mail\n"
SIZE = 5_000_000


def nested(levels: int) -> bytes:
    inner = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level) for level in range(levels)
    )
    return HEAD + inner + b"\n550 5.1.1 unknown user"


HOSTILE = {
    "text": HEAD + b"\n" + b"user unknown a@b.org 550 5.1.1 " * (SIZE // 31),
    "nested": nested(1000) + b"x\n" * (SIZE // 2),
    "parts": HEAD + b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\nContent-Type: message/delivery-status\n\n" * 9_000,
    "boundaries": HEAD + b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b x\n" * (SIZE // 6),
    "long line of a header": HEAD + b"X: " + b"a" * 1_000_000 + b"\n\nuser unknown",
    "folded header": HEAD + b"X: a" + b"\n b" * 500_000 + b"\n\nuser unknown",
    "encoded words": HEAD + b"X: " + b"=?utf-8?q?a?= " * 100_000 + b"\n\nx",
    "fields": b"".join(b"X%d: a\n" % number for number in range(100_000)) + b"\nx",
    "subject": b"From: MAILER-DAEMON@x\nSubject: " + b"you " * 250_000 + b"\n\nx",
    "tags": HEAD + b"Content-Type: text/html\n\n" + b"<" * SIZE,
    "styles": HEAD + b"Content-Type: text/html\n\n" + b"<style" * (SIZE // 6),
    "signs": HEAD + b"\n" + b"a@" * (SIZE // 2),
    "words": HEAD + b"\n" + b"mailbox name account address " * (SIZE // 29),
    "lines": (HEAD + b"\n" + b"x\n" * (SIZE // 2)).replace(b"\n", b"\r"),
    "tokens": HEAD + b"\n" + (b"a" * 20 + b"@ ") * (SIZE // 22),
    "json": b"From: a@b\n\n" + b'{"a":' * 200_000,
    "recipients": HEAD
    + b"Content-Type: multipart/report; boundary=b\n\n"
    + (b"--b\n\n" + b"Final-Recipient: x\nAction: failed\n\n" * 3_000) * 60,
    "charset": HEAD + b"Content-Type: text/plain; charset=punycode\n\n" + b"9" * SIZE,
    "base64": HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"A=\n" * (SIZE // 3),
    "headers": HEAD + b"\n" + b"Received: x\nFrom: y\n\n" * (SIZE // 22),
    "nothing": b"\0" * SIZE,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_costs_little(name: str) -> None:
    """Millions of bytes of one thing, a thousand levels, a line of a million characters: a moment each."""
    began = time.process_time()
    report = parse(HOSTILE[name], KEY, "x@example.org")
    assert time.process_time() - began < 5
    assert report.token is None
    assert len(report.recipients) <= 200
    assert len(report.diagnostic) <= 500


def test_memory_stays_within_a_few_times_the_mail() -> None:
    """The mail and its copy with plain line ends, and little beside them."""
    raw = nested(1000) + b"user unknown a@b.org\r\n" * (SIZE // 22)
    tracemalloc.start()
    try:
        parse(raw, KEY)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * len(raw)


_PIECES = st.sampled_from(
    [
        *(
            b"\n",
            b"\r\n",
            b"\r",
            b"\n\n",
            b": ",
            b"--b",
            b"--b--",
            b"\0",
            b"\xff",
            b"=?utf-8?b?",
            b"?=",
            b"<",
            b">",
            b"=",
            b"\x1b$B",
        ),
        *(
            b"Content-Type: multipart/report; boundary=b; report-type=",
            b"feedback-report",
            b"delivery-status",
            b"Content-Type: ",
        ),
        *(
            b"message/delivery-status",
            b"message/feedback-report",
            b"text/html; charset=",
            b"utf-7",
            b"punycode",
            b"message/rfc822",
        ),
        *(
            b"Content-Transfer-Encoding: ",
            b"base64",
            b"quoted-printable",
            b"Final-Recipient: rfc822; a@b.org",
            b"Action: failed",
        ),
        *(
            b"Status: 5.1.1",
            b"Diagnostic-Code: smtp; 550 ",
            b"Feedback-Type: abuse",
            b"user unknown",
            b"From: mailer-daemon@x",
        ),
        *(
            b"Subject: Undeliverable",
            b"X-Failed-Recipients: a@b.org",
            b'{"notificationType":"Bounce","bounce":',
            b"[1]}",
            b"a@b.org",
        ),
    ]
)


@settings(max_examples=250)
@given(st.lists(_PIECES, max_size=40).map(b"".join) | st.binary(max_size=500))
def test_any_bytes_are_read(raw: bytes) -> None:
    """Pieces of reports in any order, and bytes of any kind, give a report."""
    assert isinstance(parse(raw, KEY), Report)
