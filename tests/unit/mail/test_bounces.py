"""Reports on our mails: what each form of them says, and whose they are."""

from __future__ import annotations

import base64
import json

import pytest

from crmhost.mail import verp
from crmhost.mail.bounces import Kind, parse, parse_notification
from crmhost.mail.bounces.rules import HARD, choose, is_hard, says_unknown

KEY = b"0123456789abcdef"
OURS = verp.make(4711, KEY, "crm.example.org")
BO = {"emailAddress": "bo@example.net", "status": "5.1.1"}
OWN_ID = verp.message_id(4711, KEY, "crm.example.org")


def dsn(status: str, diagnostic: str = "", action: str = "failed", more: str = "") -> bytes:
    """A status notification as RFC 3464 has it, with our mail's header returned."""
    return f"""Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: {OURS}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

This is a MIME-encapsulated message.

--b1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; bo@example.net
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}
{more}
--b1
Content-Type: text/rfc822-headers

From: crm@crm.example.org
Message-ID: {OWN_ID}

--b1--
""".encode()


def words(
    text: str, sender: str = "MAILER-DAEMON@mx.example.net", subject: str = "Mail delivery failed", **fields: str
) -> bytes:
    """A bounce that is written for people only."""
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items())
    return f"From: {sender}\nTo: crm@crm.example.org\nSubject: {subject}\n{more}\n{text}\n".encode()


@pytest.mark.parametrize(
    ("status", "diagnostic", "kind"),
    [
        ("5.1.1", "550 no", Kind.HARD),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", Kind.HARD),
        ("5.2.1", "550 mailbox disabled", Kind.HARD),
        ("5.0.0", "550 5.1.1 User unknown", Kind.HARD),
        ("5.0.0", "550 No such user here", Kind.HARD),
        ("5.7.1", "550 5.7.1 <bo@example.net>: Recipient address rejected: User unknown", Kind.HARD),
        ("5.5.0", "554 delivery error: dd This user doesn't have a yahoo.com account (bo@example.net) [0]", Kind.HARD),
        ("5.0.0", "550 The email account that you tried to reach does not exist", Kind.HARD),
        ("5.0.0", "550 Empfänger bo@example.net unbekannt", Kind.HARD),
        ("5.2.2", "552 5.2.2 Mailbox full", Kind.SOFT),
        ("5.0.0", "552 user bo is over quota, mailbox full", Kind.SOFT),
        ("5.7.1", "554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using a block list", Kind.SOFT),
        ("5.1.8", "553 5.1.8 Domain of sender address crm@example.org does not exist", Kind.SOFT),
        ("5.0.0", "550 Your account has been suspended for sending spam", Kind.SOFT),
        ("5.4.4", "Host or domain name not found. Name service error", Kind.SOFT),
        ("5.7.26", "550 5.7.26 unauthenticated mail is not accepted due to the domain's policy", Kind.SOFT),
        ("4.1.1", "450 4.1.1 User unknown in virtual alias table", Kind.SOFT),
        ("4.4.7", "delivery time expired", Kind.SOFT),
    ],
)
def test_the_rule_of_hard_and_soft(status: str, diagnostic: str, kind: Kind) -> None:
    """The listed codes are hard, any 5.x.x that says the user is unknown too; the rest is soft."""
    report = parse(dsn(status, diagnostic), KEY)
    assert (report.kind, report.token, report.recipients[0].address) == (kind, 4711, "bo@example.net")
    assert report.diagnostic == diagnostic


def test_the_status_that_tells_most_is_taken() -> None:
    """A general status gives way to the code of the server, a specific one stays; a reply code is better than none."""
    assert choose("5.0.0", "550 5.2.2 over quota") == "5.2.2"
    assert choose("5.1.1", "550 5.7.1 nope") == "5.1.1"
    assert choose("", "host 192.0.2.25 said: 550 no") == "5.0.0"
    assert choose("", "mail server 4.5.100.2 of version 5.1.1.7") == ""
    assert {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"} == HARD
    assert is_hard("", "unknown user")
    assert not is_hard("4.0.0", "unknown user")


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("delivered", "2.0.0", Kind.DELIVERY_NOTICE),
        ("relayed", "2.0.0", Kind.DELIVERY_NOTICE),
        ("expanded", "2.0.0", Kind.DELIVERY_NOTICE),
        ("delayed", "4.4.1", Kind.SOFT),
        ("delayed", "5.1.1", Kind.SOFT),
    ],
)
def test_notices_are_no_failures(action: str, status: str, kind: Kind) -> None:
    """What arrived changes nothing; what is late is soft whatever its code."""
    assert parse(dsn(status, action=action)).kind is kind


def test_of_several_recipients_the_gravest_counts() -> None:
    """Each is listed with its own status."""
    more = (
        "\nFinal-Recipient: rfc822; cy@example.net\nAction: failed\nStatus: 5.2.2\n"
        "\nFinal-Recipient: rfc822;\n <di@example.net>\nAction: delivered\nStatus: 2.0.0\n"
    )
    report = parse(dsn("5.1.1", more=more))
    assert [(one.address, one.status, one.kind) for one in report.recipients] == [
        ("bo@example.net", "5.1.1", Kind.HARD),
        ("cy@example.net", "5.2.2", Kind.SOFT),
        ("di@example.net", "2.0.0", Kind.DELIVERY_NOTICE),
    ]
    assert (report.kind, report.status) == (Kind.HARD, "5.1.1")


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [
        ("Could not be delivered.\n\n  bo@example.net\n    host mx [192.0.2.1]: 550 5.1.1 x", Kind.HARD, "5.1.1"),
        ("Hi. This is qmail-send.\n\n<bo@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n", Kind.HARD, "5.1.1"),
        ("<bo@example.net>:\n192.0.2.1 does not like recipient.\nHe said: 550 no such user\nGiving up.", Kind.HARD, "5.0.0"),
        ("was not delivered to:\n\n  bo@example.net\n\nbecause:\n\n  User bo not listed in Domino Directory", Kind.HARD, ""),
        ("could not be delivered to\n\nbo@example.net\n\nMailbox quota exceeded", Kind.SOFT, ""),
        ("The following address failed:\n\n<bo@example.net>\n552 5.2.2 over quota", Kind.SOFT, "5.2.2"),
        ("Warning message only. Delivery to bo@example.net has been delayed. Unknown user is not the cause.", Kind.SOFT, ""),
        ("This account does nothing.\nbo@example.net could not be delivered.", Kind.SOFT, ""),
    ],
)  # fmt: skip
def test_bounces_in_words(text: str, kind: Kind, status: str) -> None:
    """Who failed and why is read from what mail servers write, and the mail that they return is left out of it."""
    copy = "\n\n------ This is a copy of the message ------\n\n"
    returned = f"{copy}Received: from x\nFrom: crm@crm.example.org\nSubject: no such user 5.1.1\n"
    report = parse(words(text + returned + f"Message-ID: {OWN_ID}\n"), KEY)
    assert (report.kind, report.status, report.token) == (kind, status, 4711)
    assert report.recipients[0].address == "bo@example.net"


def test_encoded_and_html_bounces_are_read() -> None:
    """Base64 and HTML hide nothing: not the code, not our token."""
    html = (
        "<html><style>p{}</style><p>Message to <b>bo@example.net</b> failed:<br>"
        f"550 5.1.1 &lt;bo@example.net&gt; {OWN_ID[1:-1]}</p>"
    )
    raw = (
        "From: postmaster@example.net\nSubject: =?utf-8?b?VW5kZWxpdmVyYWJsZQ==?=\nContent-Type: text/html; charset=utf-8\n"
        "Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(html.encode()).decode()
    )
    report = parse(raw.encode(), KEY)
    assert (report.kind, report.status, report.token) == (Kind.HARD, "5.1.1", 4711)


def test_without_our_token_a_bounce_is_nobodys() -> None:
    """A forged one says what it likes and changes nothing: no token, another key's token, or a changed one."""
    other = verp.message_id(4711, b"another key 0123", "crm.example.org")
    letter = "b" if OWN_ID[5] != "b" else "c"
    for forged in (b"<made-up@crm.example.org>", other.encode(), (OWN_ID[:5] + letter + OWN_ID[6:]).encode()):
        raw = dsn("5.1.1").replace(OWN_ID.encode(), forged).replace(OURS.encode(), b"bounces+forged@crm.example.org")
        assert parse(raw, KEY).kind is Kind.HARD
        assert parse(raw, KEY).token is None
    assert parse(dsn("5.1.1")).token is None


def test_the_token_is_found_wherever_it_comes_back() -> None:
    """In the envelope's recipient, the fields of delivery, the returned header, or the answer's reference."""
    bare = dsn("5.1.1").replace(OWN_ID.encode(), b"<x@y.example>").replace(OURS.encode(), b"crm@crm.example.org")
    assert parse(bare, KEY).token is None
    assert parse(bare, KEY, OURS).token == 4711
    assert parse(b"Delivered-To: " + OURS.upper().encode() + b"\n" + bare, KEY).token == 4711
    assert parse(f"In-Reply-To: {OWN_ID}\n".encode() + bare, KEY).token == 4711


def feedback(kind: str) -> bytes:
    return f"""From: fbl@example.net
Subject: FW: Hello
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

This is an e-mail abuse report. user unknown 5.1.1

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Some/1.0
Original-Mail-From: <{OURS}>
Original-Rcpt-To: <bo@example.net>

--b
Content-Type: message/rfc822

Message-ID: {OWN_ID}

--b--
""".encode()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("abuse", Kind.COMPLAINT),
        ("fraud", Kind.COMPLAINT),
        ("opt-out", Kind.OPT_OUT),
        ("not-spam", Kind.NONE),
        ("auth-failure", Kind.NONE),
    ],
)
def test_complaints_by_their_type(kind: str, expected: Kind) -> None:
    """RFC 5965: abuse and fraud are complaints, opt-out unsubscribes, the rest says nothing against us."""
    report = parse(feedback(kind), KEY)
    assert (report.kind, report.feedback, report.token) == (expected, kind, 4711)
    assert [one.address for one in report.recipients] == ["bo@example.net"]


def test_a_mail_that_only_says_unsubscribe() -> None:
    """What mail programs send to the address of List-Unsubscribe."""
    report = parse(
        f"From: bo@example.net\nTo: {OURS}\nSubject: unsubscribe\nAuto-Submitted: auto-replied\n\n".encode(), KEY
    )
    assert (report.kind, report.token) == (Kind.OPT_OUT, 4711)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Auto-Submitted: auto-replied (vacation)\nSubject: Hello", Kind.AUTO_REPLY),
        ("X-Autoreply: yes\nSubject: Hello", Kind.AUTO_REPLY),
        ("Precedence: auto_reply\nSubject: Hello", Kind.AUTO_REPLY),
        ("Subject: Automatic reply: Offer", Kind.AUTO_REPLY),
        ("Subject: Out of Office: Re: Offer", Kind.AUTO_REPLY),
        ("Subject: =?utf-8?q?Abwesenheitsnotiz=3A_Angebot?=", Kind.AUTO_REPLY),
        ("Subject: Réponse automatique : Offre", Kind.AUTO_REPLY),
        ("Subject: Re: Out of office", Kind.NONE),
        ("Subject: Vacation rentals", Kind.NONE),
        ("Auto-Submitted: no\nSubject: Hello", Kind.NONE),
    ],
)
def test_answers_of_machines(fields: str, expected: Kind) -> None:
    """They change nothing, even when they say that somebody is no longer there; answers of people are none."""
    raw = f"From: bo@example.net\nIn-Reply-To: {OWN_ID}\n{fields}\n\nI no longer work here. Write to cy@example.net.\n"
    assert parse(raw.encode(), KEY).kind is expected


def test_mail_of_people_is_no_report() -> None:
    """Even when it speaks of bounces, holds codes, or answers one."""
    for raw in (
        words("My mail to bo@example.net bounced: 550 5.1.1", "Ada <ada@example.org>", "Re: rejected", In_Reply_To="<x@y>"),
        words("> Final-Recipient: rfc822; bo@example.net\n> Status: 5.1.1", "a@b.example", "Re: x", In_Reply_To=OWN_ID),
        words("Final-Recipient: rfc822; bo@example.net\nStatus: 5.1.1", "a@b.example", "Re: x", In_Reply_To=OWN_ID),
        words("We rejected the offer of room 550.", "Ada <ada@example.org>", "Offer"),
        words("Your order 5.1.1 was delivered", "shop@example.net", "Your parcel"),
        b"",
        b"no header at all",
    ):  # fmt: skip
        assert parse(raw, KEY).kind is Kind.NONE


def test_receipts_are_notices() -> None:
    """Shown or deleted unread (RFC 8098): nothing changes."""
    raw = (
        b"From: bo@example.net\nSubject: Read: x\nContent-Type: multipart/report; boundary=b\n\n--b\n"
        b"Content-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n"
    )
    assert parse(raw, KEY).kind is Kind.DELIVERY_NOTICE


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"notificationType": "Bounce", "bounce": {"bounceType": "Permanent", "bouncedRecipients": [BO]}}, Kind.HARD),
        ({"eventType": "Bounce", "bounce": {"bounceType": "Transient", "bouncedRecipients": [BO]}}, Kind.SOFT),
        ({"notificationType": "Bounce", "bounce": {"bouncedRecipients": [7, {"emailAddress": None}]}}, Kind.SOFT),
        ({"notificationType": "Bounce", "bounce": "x"}, Kind.SOFT),
        ({"notificationType": "Complaint", "complaint": {"complainedRecipients": [BO]}}, Kind.COMPLAINT),
        ({"notificationType": "Delivery"}, Kind.DELIVERY_NOTICE),
        ({"notificationType": "Other"}, Kind.NONE),
    ],
)  # fmt: skip
def test_notifications_of_a_provider(data: dict[str, object], expected: Kind) -> None:
    """JSON in a mail, plain or inside the envelope of the notification service."""
    wrapped = {"Type": "Notification", "Message": json.dumps(data | {"mail": {"source": OURS}})}
    assert parse_notification(data).kind is parse_notification(wrapped).kind is expected
    assert parse_notification(wrapped, KEY).token == (None if expected is Kind.NONE else 4711)
    for body in (json.dumps(data), json.dumps(wrapped)):
        assert (
            parse(words(body + "\n--\nTo stop these …", "no-reply@sns.example.com", "AWS Notification Message")).kind
            is expected
        )


@pytest.mark.parametrize(
    "text",
    [
        *(
            "action not taken: mailbox unavailable",
            "dd Not a valid recipient",
            "This user doesn't have a ymail.com account",
        ),
        *("is unavailable: user not found", "No such user!", "not our customer", "This address no longer accepts mail"),
        *("because the address couldn't be found", "no mailbox here by that name", "There is no user by that name"),
        *("Empfänger a@b.example unbekannt", "destinataire inconnu", "El usuario no existe", "用户不存在"),
    ],
)
def test_phrases_for_nobody(text: str) -> None:
    """What servers say when a mailbox isn't there, in several languages."""
    assert says_unknown(f"550 {text}")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Mailbox full",
            "sender address does not exist",
            "Unknown sender",
            "Host or domain name not found",
            "relay access denied",
        ),
        *("rejected by policy: unknown user agent", "DKIM signature not valid", "reverse name not found for client"),
        *(
            "too many recipients",
            "Your account is not allowed to send",
            "the user is over quota; user unknown otherwise",
        ),
    ],
)
def test_phrases_for_other_reasons(text: str) -> None:
    """What sounds alike and says nothing against the address."""
    assert not says_unknown(f"550 {text}")
