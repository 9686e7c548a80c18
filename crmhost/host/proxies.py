"""Who asks, when a proxy stands in front: headers about the client are believed from the operator's own proxies only."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence
from typing import Any

from ..errors import CrmError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")


def networks(texts: Sequence[str], variable: str) -> tuple[Network, ...]:
    """Addresses and networks, such as ``127.0.0.1`` and ``10.0.0.0/8``.

    :raises CrmError: naming the variable, when one can't be read.
    """
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError as error:
            raise CrmError(
                f"{variable} takes addresses and networks such as 127.0.0.1 or 10.0.0.0/8, not “{text}”."
            ) from error
    return tuple(found)


class Proxies:
    """The proxies that the operator trusts."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)

    def trusts(self, address: str) -> bool:
        """Whether the address is that of a proxy of ours."""
        if not self._trusted:
            return False
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._trusted)

    def receive(self, environ: dict[str, Any]) -> str:
        """Sets ``REMOTE_ADDR`` to the client's own address; gives the number of the request.

        Of ``X-Forwarded-For`` the last address counts that is none of our proxies: what stands before it, the client may have
        written. A number (``X-Request-Id``) is taken over when a proxy of ours sends it and it is well-formed, else made.
        """
        peer = str(environ.get("REMOTE_ADDR", ""))
        if not self.trusts(peer):
            return secrets.token_hex(8)
        for text in reversed(str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")):
            address = _address(text)
            if not address:
                break
            environ["REMOTE_ADDR"] = address
            if not self.trusts(address):
                break
        given = str(environ.get("HTTP_X_REQUEST_ID", ""))
        return given if _REQUEST_ID.match(given) else secrets.token_hex(8)


def _address(text: str) -> str:
    """An address as proxies write it, perhaps with a port; empty when it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
