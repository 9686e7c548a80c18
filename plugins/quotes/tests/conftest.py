"""Sites with quotes, and writing and sending some as people do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from crmhost.testing import Host
from plugins.quotes import services, versions
from plugins.quotes.models import Quote

TEXT = "<p>Dear {{ contact.first_name }}, the price is {{ quote.value }} until {{ quote.valid_until }}.</p>"


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """A site with quotes and nothing on them."""
    return host("quotes")


def line(price: int, quantity: str = "1", title: str = "Oak table", **more: Any) -> dict[str, Any]:
    """A line at a price in cents."""
    return {"title": title, "quantity": quantity, "unit_price": {"amount": price, "currency": "EUR"}, **more}


def write(site: Host, contact: int | None = None, **given: Any) -> int:
    """Writes a quote of 1,250 euro to a contact; gives its id."""
    owner = contact if contact is not None else site.make.contact(first_name="Ada", last_name="Park")
    with site.work() as work, work.begin():
        fields = {"title": "Table and chairs", "content": TEXT, "lines": [line(125_000)], "contact_id": owner}
        return services.create(work, fields | given).id


def sent(site: Host, quote: int | None = None, **given: Any) -> tuple[int, str, str]:
    """Sends a quote; gives its id, the token of its link and the digest of what the client sees."""
    number = quote if quote is not None else write(site, **given)
    with site.work() as work, work.begin():
        version, token = versions.send(work, number)
        return number, token, version.digest


def seen(site: Host, quote: int) -> Quote:
    """A quote as it stands."""
    with site.work() as work:
        return services.get(work, quote)


_addresses = itertools.count(1)


def visitor(site: Host) -> FlaskClient:
    """A browser of somebody without an account, at an address of its own: others guessed no links from there."""
    client = site.client("")
    number = next(_addresses)
    client.environ_base["REMOTE_ADDR"] = f"198.51.{number // 250}.{number % 250 + 1}"
    return client
