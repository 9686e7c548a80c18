"""Signed numbers in addresses and Message-IDs."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crmhost.mail import verp

KEY = b"0123456789abcdef"
IDS = st.integers(1, 2**64 - 1)


@given(IDS)
def test_a_number_is_read_from_both(number: int) -> None:
    """From the envelope sender and from the Message-ID, folded to capitals too, in an address of at most 64 octets a side."""
    address, own = verp.make(number, KEY, "example.org"), verp.message_id(number, KEY, "example.org")
    assert verp.read(address, KEY) == verp.read(own, KEY) == verp.read(address.upper(), KEY) == number
    assert len(address.partition("@")[0]) <= 64
    assert (address.startswith("bounces+"), own[0], own[-1]) == (True, "<", ">")


def test_rewritten_senders_are_read() -> None:
    """As forwarders and tags against forged bounces rewrite them."""
    address = verp.make(12, KEY, "example.org")
    local = address.partition("@")[0]
    for text in (
        f"SRS0=Ha5H=2P=example.org={local}@fwd.example",
        f"prvs=0123ab={address}",
        f'"{local}"@example.org',
        f"<{address}>",
    ):
        assert verp.read(text, KEY) == 12


@given(IDS, st.data())
def test_a_changed_token_is_no_token(number: int, data: st.DataObject) -> None:
    """One other letter, another key, or words of the right length give nothing."""
    token = verp.message_id(number, KEY, "e.org")[1:].partition("@")[0]
    place = data.draw(st.integers(0, len(token) - 2))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
    assume(letter != token[place])
    assert verp.read(token[:place] + letter + token[place + 1 :], KEY) is None
    assert verp.read(token, b"another key of it") is None


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    """What nobody signed gives None."""
    assert verp.read(text, KEY) is None


def test_long_texts_cost_little() -> None:
    """Only the beginning is looked at, and only so many candidates."""
    began = time.process_time()
    assert verp.read("abcdefghijklmnopqrst " * 500_000, KEY) is None
    assert time.process_time() - began < 1


def test_misuse_is_refused() -> None:
    """Numbers start at 1, keys have a length."""
    with pytest.raises(ValueError, match="number"):
        verp.make(0, KEY, "e.org")
    with pytest.raises(ValueError, match="key"):
        verp.make(1, b"short", "e.org")
