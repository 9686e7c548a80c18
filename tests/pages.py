"""What pages look like, with what differs from one request to the next masked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from crmhost.host.builtin import BUILTIN
from crmhost.host.generation import Generation

if TYPE_CHECKING:
    from flask.testing import FlaskClient

_MASKS = (
    (re.compile(r'data-generation="\d+"'), 'data-generation="#"'),
    (re.compile(r'(name="csrf-token" content=|name="csrf_token" value=)"[^"]*"'), r'\1"#"'),
    # The bundle may be built anew while tests run.
    (re.compile(r"/static/[0-9a-f]{12}/"), "/static/#/"),
    (re.compile(r"-[0-9A-Z]{8}\.(css|js|svg|woff2)\b"), r"-#.\1"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "#"),
)
#: Pages of the core that tell of switching plugins, or of looking at pages, and parts of pages.
_LEFT_OUT = ("/logout", "/settings/audit", "/settings/health", "/extensions/", "/notifications/menu")


def masked(text: str) -> str:
    """The text without generation numbers, form tokens and request numbers."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def look(client: FlaskClient, addresses: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Address -> status and masked text."""
    seen = {}
    for address in addresses:
        with client.get(address) as answer:
            seen[address] = answer.status_code, masked(answer.get_data(as_text=True))
    return seen


def core_addresses(generation: Generation, contact: int | None = None) -> list[str]:
    """Addresses of the core's own pages: those without arguments, and of one contact."""
    assert generation.app is not None
    found = [
        rule.rule
        for rule in generation.app.url_map.iter_rules()
        if owner(rule.endpoint, BUILTIN) and "GET" in (rule.methods or ()) and not rule.arguments
    ]
    own = [f"/contacts/{contact}"] if contact is not None else []
    return sorted(address for address in {*found, *own} if address not in _LEFT_OUT)


def owner(endpoint: str, plugins: Iterable[str]) -> str:
    """Which of these plugins an endpoint belongs to; empty for none."""
    blueprint = endpoint.partition(".")[0]
    fitting = [name for name in plugins if blueprint == name or blueprint.startswith(f"{name}_")]
    return max(fitting, key=len, default="")


def differences(before: Mapping[str, tuple[int, str]], after: Mapping[str, tuple[int, str]]) -> list[str]:
    """Lines that came, went or changed between two looks, with their address; empty when all is the same."""
    found = [f"{address}: only seen once" for address in before.keys() ^ after.keys()]
    for address in sorted(before.keys() & after.keys()):
        old, new = before[address], after[address]
        if old[0] != new[0]:
            found.append(f"{address}: {old[0]} became {new[0]}")
        elif old != new:
            lines = difflib.unified_diff(old[1].splitlines(), new[1].splitlines(), lineterm="", n=0)
            found += [f"{address}: {line[:300]}" for line in lines if line[:3] not in ("---", "+++", "@@ ")]
    return found
