"""Web addresses from outside, taken apart strictly, and the network addresses that must not be reached. Pure.

What is private is taken from the registries of special-purpose addresses (RFC 6890 and those that update it), as far as the
standard library does not know it already.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import quote, urlsplit

from ..messages import Message
from .errors import RefusedAddress

LONGEST = 2000
_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
#: A host whose last part looks like this is an IPv4 address in some spelling (WHATWG URL, “ends in a number”).
_NUMBER = re.compile(r"([0-9]+|0x[0-9a-f]*)\Z")
_NEVER_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
#: What stays as it is in a path; everything else is percent-encoded.
_SAFE = "!$%&'()*+,/:;=?@[]~"


@dataclasses.dataclass(frozen=True)
class Target:
    """A web address, taken apart.

    :param host: a name in ASCII, or an address without brackets.
    :param path: path and query, as they are sent.
    :param address: when the host is an address and no name.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: IPv4Address | IPv6Address | None = None

    @property
    def authority(self) -> str:
        """Host, and port where it is not the usual one, as the header ``Host`` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def listing(self) -> str:
        """``host:port``, as CRMHOST_ALLOW_PRIVATE_HOSTS takes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse(url: str) -> Target:
    """Takes a web address apart.

    :raises RefusedAddress: with a sentence, when it is none or could be read in two ways: other schemes, a name and password,
        blanks and backslashes, IPv4 addresses in octal, hexadecimal or as one number.
    """
    if not url.strip():
        raise RefusedAddress("Give a web address that begins with https://.")
    url = url.strip()
    if len(url) > LONGEST:
        raise RefusedAddress(Message("This address is too long: at most %(longest)s characters.", longest=LONGEST))
    if _NEVER_IN_ADDRESSES.search(url):
        raise RefusedAddress("This address has a blank, a backslash or a control character in it: take it out.")
    try:
        parts = urlsplit(url)
        port = parts.port
        name = parts.hostname or ""
    except ValueError as error:
        raise RefusedAddress("This is no web address: check its host and port.") from error
    if parts.scheme not in _PORTS:
        raise RefusedAddress("Give a web address that begins with https:// or http://.")
    if "@" in parts.netloc:
        raise RefusedAddress("Take the name and password out of the address.")
    if port == 0:
        raise RefusedAddress("This is no web address: check its host and port.")
    host, address = _host(name, bracketed="[" in parts.netloc)
    path = quote(parts.path or "/", safe=_SAFE)
    path = path if path.startswith("/") else f"/{path}"
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path + query, address)


def _host(name: str, *, bracketed: bool) -> tuple[str, IPv4Address | IPv6Address | None]:
    """The host in ASCII, and the address that it is."""
    if bracketed:
        try:
            address = IPv6Address(name)
        except ValueError as error:
            raise RefusedAddress("What stands in [ ] is no IPv6 address.") from error
        if address.scope_id:
            raise RefusedAddress("An address with a zone (%) is of this machine's own network.")
        return str(address), address
    name = _ascii(name).removesuffix(".")
    labels = name.split(".")
    if _NUMBER.match(labels[-1]):
        try:
            address4 = IPv4Address(name)
        except ValueError as error:
            raise RefusedAddress("Write an IPv4 address as four decimal numbers, such as 192.0.2.1.") from error
        return str(address4), address4
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        raise RefusedAddress("This is no web address: check its host.")
    return name, None


def _ascii(name: str) -> str:
    if name.isascii():
        return name.lower()
    import idna

    try:
        return idna.encode(name, uts46=True, std3_rules=False).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise RefusedAddress("The host's name has letters that no name can have.") from error


# --- Network addresses ------------------------------------------------------------------------------------------------

#: Public by the standard library's book, or by that of older releases of it, and still nothing to call.
_REFUSED_4 = tuple(
    IPv4Network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments (RFC 6890); one cloud has its inner service there
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "168.63.129.16/32",  # the inner service of one cloud, under a public number
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_REFUSED_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them (RFC 2928, RFC 4380)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4, which hides an IPv4 address (RFC 7526)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
#: NAT64 (RFC 6052): the last 32 bits are the IPv4 address that is reached.
_NAT64 = IPv6Network("64:ff9b::/96")


def refusal(text: str) -> str:
    """What a network address is, when it must not be reached: “a private address” …; empty when it may.

    :param text: an address as a resolver gives it.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return Message("no network address")
    if isinstance(address, IPv6Address):
        hidden = address.ipv4_mapped
        if hidden is None and address in _NAT64:
            hidden = IPv4Address(int(address) & 0xFFFFFFFF)
        if hidden is not None:
            return _refusal_4(hidden)
        return _refusal_6(address)
    return _refusal_4(address)


def _refusal_4(address: IPv4Address) -> str:
    if not address.is_global or address.is_multicast or any(address in network for network in _REFUSED_4):
        return _kind(address)
    return ""


def _refusal_6(address: IPv6Address) -> str:
    # Only what is handed out as global unicast; all else hides, translates or stays inside.
    if address not in _GLOBAL_6 or any(address in network for network in _REFUSED_6) or not address.is_global:
        return _kind(address)
    return ""


def _kind(address: IPv4Address | IPv6Address) -> str:
    if address.is_loopback or address.is_unspecified:
        return Message("this machine itself")
    if address.is_link_local:
        return Message("a link-local address")
    if address.is_multicast:
        return Message("a multicast address")
    return Message("a private address")


def is_listed(host: str, port: int, listed: Collection[str]) -> bool:
    """Whether a host or address with this port stands in a list of ``host:port``."""
    return any(_listing(entry) == (host.lower(), port) for entry in listed)


def check_listing(entry: str) -> str:
    """The entry, when it is ``host:port`` (``[address]:port`` for IPv6).

    :raises ValueError: when it is not.
    """
    _listing(entry)
    return entry


def _listing(entry: str) -> tuple[str, int]:
    host, _, port = entry.strip().rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"“{entry}” is not host:port.")
    host = host.lower()
    if host.startswith("[") and host.endswith("]"):
        return str(IPv6Address(host[1:-1])), int(port)
    if ":" in host:
        raise ValueError(f"“{entry}”: put an IPv6 address into [ ].")
    return host, int(port)
