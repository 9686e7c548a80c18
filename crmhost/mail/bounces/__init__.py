"""Reading mails that come back: bounces, complaints, answers of machines.

:func:`parse` takes what a stranger may have sent: any bytes, any size, forged on purpose. It never raises, takes linear time and
bounded memory, and says what the mail is; whose it is says ``token``, which needs our key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import verp
from . import dsn, feedback, words
from .parts import Mail, take_apart
from .report import Failure, Kind, Report, summed

__all__ = ["Failure", "Kind", "Report", "parse", "parse_notification"]

#: Fields of the report in which the address stands that our mail was sent from, or its Message-ID.
_ADDRESSED = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "to", "in-reply-to", "references")
_SCANNED = 2_000_000


def parse(raw: bytes, key: bytes = b"", recipient: str = "") -> Report:
    """What a mail reports on one of ours (spec MC6 and Rules: hard and soft, complaints, auto-replies, delivery notices).

    :param raw: the mail as it came.
    :param key: the key of :mod:`..verp`; without one ``token`` stays None.
    :param recipient: the address at which it arrived, from the envelope, when that is known.
    """
    mail = take_apart(raw)
    report = _read(mail)
    if report.kind is Kind.NONE and not report.feedback:
        return report
    token = _token(mail, raw, key, recipient) if key else None
    return replace(report, token=token)


def parse_notification(data: Mapping[str, Any], key: bytes = b"") -> Report:
    """What a provider tells by webhook on one of our mails: so far Amazon SES, as its notification service posts it.

    :param data: the JSON; whether it really comes from the provider is for the caller to check.
    :param key: as for :func:`parse`; the token is found where the provider repeats our sender or Message-ID.
    """
    report = feedback.notification(dict(data))
    if report is None:
        return Report(Kind.NONE)
    token = verp.find(json.dumps(data, default=str)[:_SCANNED], key) if key else None
    return replace(report, token=token)


def _read(mail: Mail) -> Report:
    complaint = feedback.complaint(mail) or feedback.from_provider(mail)
    if complaint:
        return complaint
    failures = dsn.read(mail)
    if failures:
        return summed(failures)
    if feedback.is_opt_out(mail):
        return Report(Kind.OPT_OUT)
    if feedback.is_receipt(mail):
        return Report(Kind.DELIVERY_NOTICE)
    if not mail.first("x-failed-recipients") and feedback.is_auto_reply(mail):
        # Some mail servers mark bounces as answers (Exim); theirs name who failed.
        failures = words.read(mail) if words.from_daemon(mail) else []
        return summed(failures) if failures else Report(Kind.AUTO_REPLY)
    failures = words.read(mail)
    return summed(failures) if failures else Report(Kind.NONE)


def _token(mail: Mail, raw: bytes, key: bytes, recipient: str) -> int | None:
    for text in (recipient, *(value for name in _ADDRESSED for value in mail.fields.get(name, ()))):
        number = verp.read(text, key)
        if number is not None:
            return number
    texts = [raw[:_SCANNED].decode("latin-1"), *(part.text for part in mail.leaves)]
    for text in texts:
        number = verp.find(text, key)
        if number is not None:
            return number
    return None
