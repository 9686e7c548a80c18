"""What a name says of itself in the DNS."""

from __future__ import annotations


def texts(name: str, *, seconds: float = 4.0) -> list[str] | None:
    """The TXT records of a name; none when it has none, ``None`` when nobody who knows could be asked in time.

    Not inside a transaction: it goes over a network.
    """
    import dns.exception
    import dns.resolver

    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=seconds)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, UnicodeError):
        return None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
