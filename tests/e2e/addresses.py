"""Finds the pages of a site from its URL map, so that those of a new plugin are found by themselves."""

from __future__ import annotations

import collections
import html
import http.client
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.routing.converters import NumberConverter

from crmhost.testing import Host
from crmhost.web.request import COOKIE

if TYPE_CHECKING:
    from werkzeug.routing import MapAdapter, Rule

_LINK = re.compile(r'(?:href|src|hx-get|data-choices-url)="(/[^"#]*)')
#: What stands for the numbers of an address: the contact with the most in it, then what is linked to, then the first records.
_FULL, _FIRST = "7", ("1", "2")
#: The gallery of components, which has a test of its own.
_ELSEWHERE = "/dev/"


def pages(site: Host, port: int, token: str) -> tuple[list[str], list[str]]:
    """Addresses of pages that an admin can open, one of each endpoint and text in its address; and endpoints that none was
    found of, since nothing links to them and the first records have none.

    Parts of pages, downloads and what everybody may open are looked at, but not given; the API is left out.

    :param port: where the site is served, which then has all at hand that its pages are made of.
    :param token: that of an admin who is signed in.
    """
    app = site.generation.app
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    assert app is not None
    adapter = app.url_map.bind("localhost")
    elsewhere = (_ELSEWHERE, *(mount.prefix for mount in site.generation.contributions("api_mounts")))
    rules = {
        rule.endpoint: rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.rule.startswith(elsewhere)
        and not getattr(app.view_functions[rule.endpoint], "crmhost_public", False)
    }
    found: dict[tuple[str, ...], str] = {}
    seen: set[tuple[str, ...]] = set()
    waiting = collections.deque(sorted(rule.rule for rule in rules.values() if not rule.arguments))
    waiting.extend(address for rule in rules.values() for address in _guesses(rule, [_FULL]))
    guesses = [address for rule in rules.values() for address in _guesses(rule, _FIRST)]
    while waiting or guesses:
        address = waiting.popleft() if waiting else guesses.pop(0)
        endpoint, key = _key(adapter, address)
        if endpoint not in rules or key in seen:
            continue
        connection.request("GET", address, headers={"Cookie": f"{COOKIE}={token}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status >= 400:
            continue
        seen.add(key)
        whole = answer.status == 200 and answer.headers.get_content_type() == "text/html"
        text = body.decode() if whole else ""
        if "<main" in text:
            found[key] = address
        waiting.extend(html.unescape(link) for link in _LINK.findall(text))
    connection.close()
    return sorted(found.values()), sorted(rules.keys() - {key[0] for key in seen})


def _key(adapter: MapAdapter, address: str) -> tuple[str, tuple[str, ...]]:
    """The endpoint of an address, and it with the texts in it: records are alike, the settings of two plugins are not."""
    try:
        endpoint, values = adapter.match(address.partition("?")[0], method="GET")
    except HTTPException:
        return "", ()
    return endpoint, (endpoint, *(f"{name}={value}" for name, value in values.items() if isinstance(value, str)))


def _guesses(rule: Rule, numbers: list[str] | tuple[str, ...]) -> Iterator[str]:
    if rule.arguments and all(isinstance(rule._converters[name], NumberConverter) for name in rule.arguments):
        for number in numbers:
            built = rule.build(dict.fromkeys(rule.arguments, number))
            if built is not None:
                yield built[1]
