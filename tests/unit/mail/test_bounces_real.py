"""Real reports of many servers: each gives what the rule says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crmhost.mail.bounces import Kind, parse

#: What the classes of the data are in our words.
CLASSES = {
    "hard": {Kind.HARD},
    "soft_or_blocked": {Kind.SOFT},
    "complaint": {Kind.COMPLAINT},
    "unsubscribe_or_other_report": {Kind.OPT_OUT, Kind.NONE},
    "auto_reply": {Kind.AUTO_REPLY},
    "delivered": {Kind.DELIVERY_NOTICE},
}
_TEXT = "a 5.x.x whose text says that the user is unknown is hard; the data hold a refusal after DATA for a filter"
_CODE = "the code is on the list of hard ones; the data go by the reason in the text"
#: Files of which our rule (spec, mail_campaigns, Rules) says something else than the data, and why.
DISAGREEMENTS = {
    "lhost-courier-02": (Kind.HARD, _TEXT),
    "lhost-mailfoundry-01": (Kind.HARD, _TEXT),
    "lhost-mfilter-01": (Kind.HARD, _TEXT),
    "lhost-mfilter-03": (Kind.HARD, _TEXT),
    "lhost-postfix-03": (Kind.HARD, _TEXT),
    "lhost-postfix-07": (Kind.HARD, _TEXT),
    "lhost-sendmail-19": (Kind.HARD, _TEXT),
    "lhost-surfcontrol-01": (Kind.HARD, _TEXT),
    "rhost-kddi-01": (Kind.HARD, _TEXT),
    "rhost-nttdocomo-01": (Kind.HARD, _TEXT),
    "rhost-nttdocomo-03": (Kind.HARD, _TEXT),
    "lhost-postfix-01": (Kind.HARD, _CODE + " (5.1.1, a local program failed)"),
    "lhost-receivingses-02": (Kind.HARD, _CODE + " (5.1.1, the mailbox does not exist)"),
    "rfc3464-01": (Kind.HARD, _CODE + " (5.1.1, user unknown)"),
    "rhost-godaddy-02": (Kind.HARD, _CODE + " (5.1.3, a block list)"),
    "rhost-godaddy-03": (Kind.HARD, _CODE + " (5.1.1, too many recipients)"),
    "lhost-outlook-03": (Kind.SOFT, "5.5.0 and no word of the user: the domain can't be reached"),
    "lhost-postfix-05": (Kind.SOFT, "4.1.1: all 4.x.x are soft"),
    "lhost-postfix-06": (Kind.SOFT, "5.4.4 is not on the list, and the text speaks of the host"),
}


def read(folder: Path) -> list[tuple[str, str, bytes]]:
    """(file, class, content) of each report."""
    entries = json.loads((folder / "EXPECTED_sisimai_A.json").read_text())
    return [(entry["file"], entry["crm_class"], (folder / entry["file"]).read_bytes()) for entry in entries]


@pytest.mark.shared
def test_each_report_gives_its_class(shared_data: Path) -> None:
    """All files of the collection, save where our rule is another: these are named with the reason."""
    wrong, disagreeing = [], set()
    for file, expected, raw in read(shared_data / "email"):
        kind = parse(raw).kind
        ours = DISAGREEMENTS.get(Path(file).stem)
        if ours and kind not in CLASSES[expected]:
            disagreeing.add(Path(file).stem)
        if kind not in ({ours[0]} if ours else CLASSES[expected]):
            wrong.append((file, expected, kind))
    assert wrong == []
    assert disagreeing == set(DISAGREEMENTS)


@pytest.mark.shared
def test_line_ends_make_no_difference(shared_data: Path) -> None:
    """With LF, CRLF and bare CR each report says the same, and never is ours without a token."""
    for file, _, raw in read(shared_data / "email"):
        plain = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        reports = [parse(plain.replace(b"\n", end), b"0123456789abcdef") for end in (b"\n", b"\r\n", b"\r")]
        assert reports[0] == reports[1] == reports[2], file
        assert reports[0].token is None


@pytest.mark.shared
def test_bounces_name_who_failed(shared_data: Path) -> None:
    """Nearly every failure has an address, and those that carry a status have one."""
    failures = [
        parse(raw) for _, expected, raw in read(shared_data / "email") if expected in {"hard", "soft_or_blocked"}
    ]
    assert sum(not report.recipients[0].address for report in failures) <= 2
    assert sum(bool(report.status) for report in failures) > len(failures) * 0.8
