"""What the page on sending mail shows works."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crmhost.api import mail
from crmhost.mail.blocks import clean, to_mjml
from crmhost.mail.body import prepare
from crmhost.testing import Host

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "authors" / "mail.md").read_text("utf-8")


def test_the_reminder_of_the_page_is_written(host: Callable[..., Host]) -> None:
    """Filled in, with the extension's own value, and kept on a new site."""
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code.group(1), names)
    site = host()
    ann, nameless = (
        site.make.contact(first_name="Ann", email="ann@example.org"),
        site.make.contact(email="b@example.org"),
    )
    for contact in (ann, nameless):
        with site.work("Contacts manager") as work, work.begin():
            names["remind"](work, contact, "12.50")
    site.run_jobs()
    with site.work() as work:
        first, second = work.session.scalars(select(mail.MailMessage).order_by(mail.MailMessage.id))
    assert (first.state, first.subject) == ("logged", "What is due at crmhost")
    assert first.text == "Dear Ann,\n\n12.50 is due."
    assert second.text.startswith("Dear customer,")
    assert "12.50 is due." in first.html


def test_the_block_of_the_page_is_drawn() -> None:
    """With its values, whatever they are, fit to stand in a mail."""
    names: dict[str, Any] = {}
    exec(next(code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "MailBlock" in code), names)
    (block,) = names["Plugin"]().mail_blocks()
    known = {block.name: block}
    said = json.dumps({"blocks": [{"type": "ledger.loan", "title": "<b>", "link": "https://example.org"}]})
    html = prepare(to_mjml(known, json.loads(clean(known, said))), "mjml", written=False).html
    assert "&lt;b&gt;</h2>" in html
    assert 'href="https://example.org"' in html
