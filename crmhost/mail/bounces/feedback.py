"""Complaints (ARF, RFC 5965, and forms before it), notifications of providers as JSON, answers of machines, receipts."""

from __future__ import annotations

import json
import re
from typing import Any

from .parts import Mail
from .phrases import AUTO_REPLY, COMPLAINT
from .report import Failure, Kind, Report, addresses, one_line, summed
from .rules import choose, is_hard

_FEEDBACK = re.compile(r"^feedback-type[ \t]*:[ \t]*([\w-]{1,40})", re.IGNORECASE | re.MULTILINE)
_RECIPIENT = re.compile(
    r"^(?:original-rcpt-to|removal-recipient|redacted-address|x-hmxmroriginalrecipient)[ \t]*:[ \t]*(.{1,400})",
    re.IGNORECASE | re.MULTILINE,
)
_ABUSE = frozenset({"abuse", "fraud", "virus", "other", "miscategorized"})
_OPT_OUT = frozenset({"opt-out", "opt-out-list", "unsubscribe"})


def complaint(mail: Mail) -> Report | None:
    """The complaint in a mail; a report that someone marked something as no spam, or on authentication, is none of ours."""
    for part in mail.leaves:
        found = _FEEDBACK.search(part.text) if part.type in {"message/feedback-report", "text/plain"} else None
        if found and (part.type == "message/feedback-report" or mail.type == "multipart/report"):
            return _complained(found[1].lower(), part.text, mail)
    original = mail.first("x-hmxmroriginalrecipient")
    # Forms without the part count when they return the mail complained of.
    returned = any(part.type in {"message/rfc822", "text/rfc822-headers"} for part in mail.leaves)
    if returned and (original or COMPLAINT.match(mail.first("subject"))):
        return _complained("abuse", f"Original-Rcpt-To: {original}", mail)
    return None


def is_opt_out(mail: Mail) -> bool:
    """Whether a mail program or a person asks by mail to be unsubscribed: the subject says that and nothing else."""
    return mail.first("subject").strip(" .![]\"'").lower() in {"unsubscribe", "list-unsubscribe", "opt-out", "opt out"}


def _complained(feedback: str, fields: str, mail: Mail) -> Report:
    kind = Kind.COMPLAINT if feedback in _ABUSE else Kind.OPT_OUT if feedback in _OPT_OUT else Kind.NONE
    named = [address for line in _RECIPIENT.findall(fields) for address in addresses(line)]
    said = one_line(" ".join(mail.texts("text/plain"))[:500])
    report = summed(
        [Failure(address, "", said, kind) for address in dict.fromkeys(named)] or [Failure("", "", said, kind)]
    )
    return Report(kind, report.recipients if named else (), "", said, feedback=feedback)


def from_provider(mail: Mail) -> Report | None:
    """A notification of Amazon SES, sent on as mail by its notification service: JSON in the text."""
    for text in mail.texts("text/plain"):
        text = text.lstrip()
        if text.startswith("{") and '"' in text[:20]:
            return notification(_json(text))
    return None


def notification(data: dict[str, Any]) -> Report | None:
    """What a notification of Amazon SES says, in the envelope of the notification service or without; None for another."""
    if isinstance(data.get("Message"), str):
        data = _json(data["Message"])
    kind = data.get("notificationType") or data.get("eventType")
    if kind == "Bounce":
        return _bounced(_mapping(data.get("bounce")))
    if kind == "Complaint":
        body = _mapping(data.get("complaint"))
        feedback = str(body.get("complaintFeedbackType") or "abuse").lower()[:40]
        listed = [_text(one.get("emailAddress")) for one in _mappings(body.get("complainedRecipients"))]
        outcome = Kind.COMPLAINT if feedback in _ABUSE else Kind.NONE
        return Report(outcome, tuple(Failure(address, "", "", outcome) for address in listed), feedback=feedback)
    return Report(Kind.DELIVERY_NOTICE) if kind == "Delivery" else None


def _bounced(bounce: dict[str, Any]) -> Report:
    failures = []
    for one in _mappings(bounce.get("bouncedRecipients")):
        said = _text(one.get("diagnosticCode"))
        status = choose(_text(one.get("status")), said)
        lasting = bounce.get("bounceType") != "Transient"
        kind = Kind.HARD if lasting and is_hard(status, said) else Kind.SOFT
        failures.append(Failure(_text(one.get("emailAddress")), status, one_line(said), kind))
    return summed(failures) if failures else Report(Kind.SOFT)


def _json(text: str) -> dict[str, Any]:
    try:
        data, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    return _mapping(data)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)][:200] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value[:2_000] if isinstance(value, str) else ""


def is_receipt(mail: Mail) -> bool:
    """Whether a mail tells that somebody's program showed or deleted a mail (RFC 8098)."""
    return any(part.type == "message/disposition-notification" for part in mail.leaves) or (
        mail.parameters.get("report-type", "").lower() == "disposition-notification"
    )


def is_auto_reply(mail: Mail) -> bool:
    """Whether a machine answered: RFC 3834, the fields that came before it, or what such subjects begin with."""
    if mail.first("auto-submitted").partition(";")[0].strip().lower().startswith(("auto-replied", "auto-response")):
        return True
    if any(
        mail.first(name)
        for name in ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-auto-reply", "x-mail-autoreply")
    ):
        return True
    if mail.first("x-auto-response-suppress") and mail.first("in-reply-to") and AUTO_REPLY.match(mail.first("subject")):
        return True
    if (
        mail.first("precedence").lower() in {"auto_reply", "auto-reply"}
        or mail.first("x-precedence").lower() == "auto_reply"
    ):
        return True
    return bool(AUTO_REPLY.match(mail.first("subject")))
