"""A reader of pages: a browser of one user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from crmhost.testing import Host

HTMX = {"HX-Request": "true"}


class Reader:
    """A browser of one user; an empty role is a stranger."""

    def __init__(self, host: Host, role: str = "Admin", **fields: Any) -> None:
        self.client = host.client(role, **fields)

    def get(self, path: str, *, htmx: bool = False, **options: Any) -> TestResponse:
        """Opens a page."""
        headers = {**options.pop("headers", {}), **(HTMX if htmx else {})}
        return self.client.get(path, headers=headers, **options)

    def post(self, path: str, data: Any = None, *, htmx: bool = False, **options: Any) -> TestResponse:
        """Sends a form."""
        headers = {**options.pop("headers", {}), **(HTMX if htmx else {})}
        return self.client.post(path, data=data or {}, headers=headers, **options)

    def toasts(self) -> str:
        """What the next page says in its notes."""
        return self.client.get("/account").text.partition('id="toasts"')[2]


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


@pytest.fixture
def reader(site: Host) -> Reader:
    return Reader(site)
