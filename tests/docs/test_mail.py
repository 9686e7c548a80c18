"""What the page on sending mail shows works."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crmhost.api import mail
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
