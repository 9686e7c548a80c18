"""Values of custom fields of every kind, as people and programs write them."""

from __future__ import annotations

from typing import Any

import pytest

from crmhost.core.fields.kinds import Choice, Definition, as_text, clean


def field(kind: Any, **more: Any) -> Definition:
    choices = tuple(Choice(name.lower(), name) for name in ("Gold", "Silver", "Lead, old"))
    return Definition(1, "contact", "it", "It", kind, choices, currency="EUR", **more)


GOOD: list[tuple[str, Any, Any, str]] = [
    ("text", "  Ada  \x00Lovelace ", "Ada Lovelace", "Ada Lovelace"),
    ("text", 43, "43", "43"),
    ("long_text", "one\r\ntwo", "one\ntwo", "one\ntwo"),
    ("number", "1 234,50", 1234.5, "1234.5"),
    ("number", "1,234.50", 1234.5, "1234.5"),
    ("number", -7, -7, "-7"),
    ("number", "0", 0, "0"),
    ("number", "1e3", 1000, "1000"),
    ("money", "12.5", {"amount": 1250, "currency": "EUR"}, "12.50"),
    ("money", "EUR 1.234,50", {"amount": 123450, "currency": "EUR"}, "1234.50"),
    ("money", {"amount": -5, "currency": "eur"}, {"amount": -5, "currency": "EUR"}, "-0.05"),
    ("date", "2026-03-31", "2026-03-31", "2026-03-31"),
    ("date", "2026-03-31T10:00:00+00:00", "2026-03-31", "2026-03-31"),
    ("yes_no", "Oui", True, "yes"),
    ("yes_no", False, False, "no"),
    ("choice", "GOLD", "gold", "Gold"),
    ("choices", "silver, gold", ["gold", "silver"], "Gold, Silver"),
    ("choices", '"Lead, old",Gold', ["gold", "lead, old"], '"Gold", "Lead, old"'),
    ("choices", ["Silver"], ["silver"], "Silver"),
    ("url", "example.com/a", "https://example.com/a", "https://example.com/a"),
    ("email", "Ada@Example.COM", "Ada@example.com", "Ada@example.com"),
]
BAD: list[tuple[str, Any, str]] = [
    ("text", "x" * 501, "at most 500"),
    ("text", ["a"], "must be text"),
    ("number", "many", "must be a number"),
    ("number", True, "must be a number"),
    ("number", "1e99", "too large"),
    ("number", "1.2.3", "must be a number"),
    ("money", "1.005", "2 digits"),
    ("money", "5 USD", "amounts in EUR"),
    ("money", {"amount": 1.5}, "whole number"),
    ("date", "31/03/2026", "not a date"),
    ("date", "2026-02-30", "not a date"),
    ("yes_no", "perhaps", "yes or no"),
    ("choice", "Bronze", "not one of the choices"),
    ("choice", "Glod", "Did you mean “Gold”?"),
    ("choice", ["Gold", "Silver"], "one only"),
    ("choices", ["Gold", 7], "not one of the choices"),
    ("url", "javascript://x", "https://"),
    ("url", "http://[", "https://"),
    ("email", "nobody", "e-mail"),
    ("encrypted", "x" * 2_001, "too long"),
]


@pytest.mark.parametrize(("kind", "raw", "stored", "text"), GOOD)
def test_values_are_read_as_people_and_programs_write_them(kind: str, raw: Any, stored: Any, text: str) -> None:
    """What is stored, and a text that gives the same value when it is read again."""
    assert clean(field(kind), raw) == stored
    assert as_text(field(kind), stored) == text
    assert clean(field(kind), text) == stored


@pytest.mark.parametrize(("kind", "raw", "words"), BAD)
def test_what_does_not_fit_is_refused_with_what_to_do(kind: str, raw: Any, words: str) -> None:
    """Each kind says what it wants."""
    with pytest.raises(ValueError, match=r".") as caught:
        clean(field(kind), raw)
    assert words in str(caught.value)


@pytest.mark.parametrize("kind", ["text", "number", "money", "date", "yes_no", "choice", "choices", "url", "email"])
@pytest.mark.parametrize("raw", [None, "", " ", [], ()])
def test_nothing_is_no_value(kind: str, raw: Any) -> None:
    """An empty cell, field or list takes a value away."""
    assert clean(field(kind), raw) is None
