"""Contacts of a test, as pages and the database show them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crmhost.core.contacts.models import Contact
from crmhost.testing import Host

ONE = pytest.mark.database("sqlite")


def people(site: Host, number: int, **fields: Any) -> list[int]:
    """Makes that many; gives their ids."""
    return [site.make.contact(first_name=f"Ann{n:03}", email=f"ann{n}@example.com", **fields) for n in range(number)]


def shown(text: str) -> list[str]:
    """Names in the table, in order."""
    table = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return re.findall(r'<a class="cut" href="/contacts/\d+[^"]*">([^<]+)</a>', table)


def stored(site: Host) -> list[Contact]:
    """All that are not in the bin, oldest first."""
    with site.work() as work:
        return list(work.session.scalars(work.visible(Contact).order_by(Contact.id)))
