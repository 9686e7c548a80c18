"""Web addresses from outside are taken apart in one way only, and what is private is known."""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.net import Client, RefusedAddress, Response, Timeouts, Unreachable
from crmhost.net.addresses import check_listing, is_listed, parse, refusal

PRIVATE = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.255", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1",
    "3fff::1", "5f00::1", "not an address", "",
)  # fmt: skip
PUBLIC = (
    "8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.167.255.255", "223.255.255.254",
    "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(address: str) -> None:
    """Loopback, private, shared, link-local, multicast, reserved and translated ones are."""
    assert refusal(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_not(address: str) -> None:
    """What stands just beside them, and public ones in another family's dress, may be called."""
    assert refusal(address) == ""


@given(st.ip_addresses(v=4))
def test_what_is_private_stays_so_in_every_dress(address: ipaddress.IPv4Address) -> None:
    """An IPv4 address is refused mapped into IPv6 or behind NAT64 exactly when it is refused itself."""
    plain = bool(refusal(str(address)))
    number = int(address)
    for dressed in (0xFFFF << 32 | number, 0x64FF9B << 96 | number):
        assert bool(refusal(str(ipaddress.IPv6Address(dressed)))) is plain
    assert refusal(str(ipaddress.IPv6Address(number)))
    assert refusal(str(ipaddress.IPv6Address(0x2002 << 112 | number << 80)))


@given(st.ip_addresses(v=6))
def test_only_global_unicast_is_called(address: ipaddress.IPv6Address) -> None:
    """Whatever is no global unicast address, of IPv6 or of the IPv4 address inside, is refused."""
    inside = address.ipv4_mapped
    if not refusal(str(address)):
        assert (inside or address).is_global
        assert not (inside or address).is_multicast


# --- spellings -------------------------------------------------------------------------------------------------------

HOSTILE = (
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.0x0.0x0.0x1/", "http://0177.0.0.1/", "http://127.1/",
    "http://127.0.1/", "http://0/", "http://00000000000000000000177.0.0.1/", "http://127.0.0.1.:80/", "http://0x/",
    "http://①②⑦.⓪.⓪.①/", "http://１２７.０.０.１/", "http://127。0。0。1/", "http://[::1]/", "http://[::]/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[fe80::1%25lo]/", "http://[::1%25lo]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://127.0.0.1/", "http://127.0.0.1:443/", "https://10.0.0.1/", "http://169.254.169.254/latest/meta-data/",
    "http://example.com@127.0.0.1/", "http://127.0.0.1@example.com/", "http://user:pass@example.com/",
    "http://@example.com/", "http://example.com:80@127.0.0.1/", "http://127.0.0.1#@example.com/",
    "http://127.0.0.1\\@example.com/", "http://example.com\\.127.0.0.1/", "http:\\\\127.0.0.1\\", "http://127.0.0.1\t/",
    "http://exa mple.com/", "http://example.com\r\nHost: inner/", "http://example.com/\r\nX: y", "http://example.com\x00/",
    "http://%31%32%37.0.0.1/", "http://127%2e0%2e0%2e1/", "http://[127.0.0.1]/", "http://[::1/", "http://::1/",
    "http://example.com:99999/", "http://example.com:-1/", "http://example.com:0/", "http://example.com:8o/",
    "http://example.com:22/", "http://example.com:25/", "http:///etc/passwd", "http://", "https:", "//example.com/",
    "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "ftp://example.com/", "dict://localhost:11211/", "javascript:x",
    "data:text/html,x", "HTTP+UNIX://x", "http://..", "http://.", "http://a..b/", "http://-a.com/", "http://a_.-/",
    "http://" + "a" * 64 + ".com/", "http://" + "a." * 130 + "com/", "http://example.com/" + "a" * 2000, "", "   ",
    "http://xn--a/\ud800", "http://exam\u202eple.com/", "http://exa\u00admple\u200b.com:25/", "http://ex。ample。1/",
    "http://[v1.fe80::a+en1]/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://1.2.3.08/", "http://example.0x7f/",
)  # fmt: skip


def reached(url: str, addresses: tuple[str, ...] = ("127.0.0.1",)) -> list[str]:
    """Asks for an address with a resolver that is told what to say; gives the names it was asked for."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> tuple[str, ...]:
        asked.append(host)
        return addresses

    with contextlib.suppress(RefusedAddress):
        Client(resolve=resolve).request("GET", url, timeouts=Timeouts(1, 1, 1))
        pytest.fail(f"{url!r} was called")
    return asked


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_spellings_reach_nothing(url: str) -> None:
    """Each is refused, whatever its name resolves to; no number is ever handed to the resolver, which knows more spellings."""
    for name in reached(url):
        assert not name.rpartition(".")[2].startswith(tuple("0123456789"))


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is taken apart or refused; what is taken apart reads the same again, in ASCII and without a name and password."""
    for url in (text, f"http://{text}", f"https://{text}/", f"http://example.com/{text}", f"http://[{text}]/"):
        try:
            target = parse(url)
        except RefusedAddress:
            continue
        again = parse(target.url)
        assert (again.scheme, again.host, again.port, again.path) == (
            target.scheme,
            target.host,
            target.port,
            target.path,
        )
        assert target.url.isascii()
        assert "@" not in target.authority


@given(st.ip_addresses(v=4), st.sampled_from(("dec", "hex", "oct", "parts", "short", "padded")))
def test_other_spellings_of_ipv4_are_refused(address: ipaddress.IPv4Address, spelling: str) -> None:
    """As one number, in octal or hexadecimal, with parts left out or padded: none is read, so none is read in another way."""
    number, (a, b, c, d) = int(address), address.packed
    spelled = {
        "dec": str(number),
        "hex": hex(number),
        "oct": f"0{number:o}",
        "parts": f"0x{a:x}.0{b:o}.{c}.{d}",
        "short": f"{a}.{b << 16 | c << 8 | d}",
        "padded": f"0{a}.{b}.{c}.{d}",
    }[spelling]
    with pytest.raises(RefusedAddress):
        parse(f"http://{spelled}/")


def test_names_of_other_scripts_become_ascii() -> None:
    """A name in other letters is asked for as DNS has it; what only looks like a number or a port is none."""
    assert parse("https://bücher.example/é?q=ü#part").url == "https://xn--bcher-kva.example/%C3%A9?q=%C3%BC"
    assert parse("HTTPS://EXAMPLE.COM.:443").url == "https://example.com/"
    assert parse("https://ⓔⓧⓐⓜⓟⓛⓔ.com/").host == "example.com"
    assert parse("http://[2606:4700::1111]:8080/x").authority == "[2606:4700::1111]:8080"
    assert parse("https://example.com:8443/a%20b;c=1?x=[1]").path == "/a%20b;c=1?x=[1]"


def shared_urls(folder: Path) -> Iterator[str]:
    """Naughty strings, as they are and as hosts."""
    for text in json.loads((folder / "security" / "lists" / "blns.json").read_text("utf-8")):
        yield text
        yield f"http://{text}/"


@pytest.mark.shared
def test_naughty_strings_reach_nothing(shared_data: Path) -> None:
    """None of the strings that break programs is called while names resolve to this machine."""
    for url in shared_urls(shared_data):
        reached(url)


# --- what may be reached all the same --------------------------------------------------------------------------------


def test_the_operators_list_opens_one_host_and_port() -> None:
    """An entry opens that name or address at that port, in any case, and nothing beside it."""
    listed = ("inner.example:8080", "127.0.0.1:9000", "[::1]:9000")
    assert is_listed("INNER.example", 8080, listed)
    assert is_listed("::1", 9000, listed)
    assert not is_listed("inner.example", 8081, listed)
    assert not is_listed("127.0.0.1", 8080, listed)
    for entry in ("inner", "inner:", ":80", "inner:0", "inner:http", "inner:70000", "::1:80", "[x]:80"):
        with pytest.raises(ValueError, match=r".+"):
            check_listing(entry)


def test_a_name_with_one_private_address_is_refused_whole() -> None:
    """A public address beside it does not help, and the refusal says what the operator can do."""
    with pytest.raises(RefusedAddress, match=r"CRMHOST_ALLOW_PRIVATE_HOSTS") as refused:
        Client(resolve=lambda *_: ("8.8.8.8", "192.168.0.1")).request("GET", "https://half.example/")
    assert "half.example:443" in str(refused.value)


def test_a_name_that_is_nobodys_says_so() -> None:
    """A resolver that fails or knows no address gives a sentence, not its own error."""

    def fails(*_: object) -> list[str]:
        raise OSError("no such name")

    for resolve in (fails, lambda *_: ()):
        with pytest.raises(Unreachable, match=r"There is no host"):
            Client(resolve=resolve).request("GET", "https://nobody.example/")


def test_an_answer_is_a_plain_value() -> None:
    """Two answers with the same content are equal: handlers may compare and keep them."""
    assert Response(200, {"a": "b"}, b"c") == Response(200, {"a": "b"}, b"c")
