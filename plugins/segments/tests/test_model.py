"""Who is in a segment is right for any conditions: against the same asked of one person at a time, in Python."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmhost.api import conditions
from crmhost.testing import Host

from . import people
from .model import Person, fulfils
from .model import people as known_people

_TEXT = ("equals", "not_equals", "contains", "not_contains", "starts_with")
_FIGURE = ("equals", "not_equals", "gt", "gte", "lt", "lte")
_DAY = ("equals", "not_equals", "before", "after", "gt", "gte", "lt", "lte")
_EMPTY = ("empty", "not_empty")
_WORDS = [
    "emile", "ÉMILE", "a", "zulawski", "strasse", "олена", "%", "_", "ba_k", "cafe au lait", "lodz", "75011", "tea", "œuvre",
    "fine", "o'neil", "DR", "x", "acme", "Émile & co", "example.com", "person1@EXAMPLE.com", "@exämple.com", "import", "+44 20 1",
    "01", "@emi",
]  # fmt: skip
_KINDS: dict[str, list[str]] = {
    "text": [
        "full_name", "first_name", "last_name", "prefix", "mobile_phone", "work_phone", "notes", "source", "address1_line1",
        "address1_city", "postal_code", "social_x", "company", "custom.nick", "custom.story",
    ],
    "email": ["email", "main_email"],
    "instant": ["created_at", "last_contacted_at", "updated_at", "journal_at", "last_transaction_at"],
    "day": ["custom.born"],
    "count": ["transaction_count", "days_in_status"],
    "number": ["custom.size"],
}  # fmt: skip
_CHOICES: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "status": (people.STATUSES, ("equals", "not_equals")),
    "tag": (people.TAGS, ("has", "has_not", *_EMPTY)),
    "assigned_to": (["mine@example.com"], ("equals", "not_equals", *_EMPTY)),
    "address1_country": (["FR", "fr"], ("equals", "not_equals", *_EMPTY)),
    "journal_type": (["note", "call"], ("has", "has_not", *_EMPTY)),
    "custom.tier": (["gold", "Silver"], ("equals", "not_equals", *_EMPTY)),
    "custom.likes": (["Tea", "cake", "Jazz"], ("has", "has_not", *_EMPTY)),
    "custom.member": (["yes", "no"], ("equals", "not_equals", *_EMPTY)),
}
_days = st.sampled_from(
    [(people.NOW.astimezone(people.ZONE).date() + dt.timedelta(n)).isoformat() for n in (-130, -30, -4, -3, -1, 0, 1)]
)
_amount = st.sampled_from([-1250, 0, 1, 100, 1250, 10_000])


def _condition(
    name: str, operators: tuple[str, ...], values: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(name), "operator": st.sampled_from(operators), "value": values})


def _pair(
    values: st.SearchStrategy[Any], key: Callable[[Any], Any] = lambda value: value
) -> st.SearchStrategy[list[Any]]:
    return st.tuples(values, values).map(lambda pair: sorted(pair, key=key))


def _money(currency: str) -> st.SearchStrategy[dict[str, Any]]:
    return _amount.map(lambda amount: {"amount": amount, "currency": currency})


def _leaves() -> st.SearchStrategy[dict[str, Any]]:
    words, numbers = st.sampled_from(_WORDS), st.sampled_from([-3, 0, 1, 2, 2.5, 5, 30])
    found = []
    for kind in ("text", "email"):
        for name in _KINDS[kind]:
            found += [
                _condition(name, (*_TEXT, *_EMPTY), words),
                _condition(name, ("any_of", "none_of"), st.lists(words, min_size=1, max_size=3)),
            ]
    for name in (*_KINDS["instant"], *_KINDS["day"]):
        found += [
            _condition(name, (*_DAY, *_EMPTY), _days),
            _condition(name, ("between",), _pair(_days)),
            _condition(name, ("in_last_days", "in_next_days"), st.sampled_from([0, 1, 3, 4, 129])),
        ]
    for name in (*_KINDS["count"], *_KINDS["number"]):
        more = _EMPTY if name in _KINDS["number"] else ()
        found += [_condition(name, (*_FIGURE, *more), numbers), _condition(name, ("between",), _pair(numbers))]
    for name, currencies, more in (("total_value", ("EUR", "USD", "JPY"), ()), ("custom.budget", ("EUR",), _EMPTY)):
        for currency in currencies:
            found += [
                _condition(name, (*_FIGURE, *more), _money(currency)),
                _condition(name, ("between",), _pair(_money(currency), lambda value: value["amount"])),
            ]
    for name, (choices, operators) in _CHOICES.items():
        one = st.sampled_from(choices)
        found.append(_condition(name, operators, one))
        if name != "custom.member":
            found.append(_condition(name, ("any_of", "none_of"), st.lists(one, min_size=1, max_size=2)))
    found.append(_condition("custom.secret", _EMPTY, st.none()))
    return st.one_of(found)


_trees = st.recursive(
    _leaves(),
    lambda inner: st.fixed_dictionaries(
        {"match": st.sampled_from(["all", "any"]), "conditions": st.lists(inner, min_size=1, max_size=4)}
    ),
    max_leaves=8,
)


@pytest.fixture
def crm(host: Callable[..., Host]) -> Host:
    made = host("segments", "transactions", "companies")
    people.fill(made)
    return made


def test_segments_hold_whom_their_conditions_say(crm: Host) -> None:
    """Each operator of each kind, alone and in groups; for everybody, and for who may see only the own contacts."""
    with crm.work() as work:
        known = known_people(work)
        owner = next(person["owner"] for person in known.values() if person["owner"])
        limited = work.as_actor(dataclasses.replace(crm.actor("Admin"), user_id=owner, only_assigned=True))

        @settings(max_examples=80, suppress_health_check=list(HealthCheck))
        @given(_trees)
        def check(tree: dict[str, Any]) -> None:
            document = tree if "conditions" in tree else {"match": "all", "conditions": [tree]}
            group = conditions.read(work, document)
            assert conditions.read(work, group.document).document == group.document
            expected = [person for person in known.values() if fulfils(person, document)]
            _agree(conditions.question(work, group), expected)
            _agree(conditions.question(limited, group), [person for person in expected if person["owner"] == owner])
            somebody = min(known)
            told = [fulfils(known[somebody], leaf) for leaf in _each(document)]
            assert conditions.each(work, group, somebody) == told

        check()


def _each(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["conditions"]:
        yield from _each(item) if "conditions" in item else [item]


def _agree(asked: conditions.Question, expected: list[Person]) -> None:
    ids = sorted(person["id"] for person in expected)
    assert sorted(asked.work.session.scalars(asked.ids())) == ids
    assert asked.count() == len(ids)
    assert [contact.id for contact in asked.first(5, len(ids))] == ids[::-1][:5]
    for key in ids[:1] or [1]:
        assert asked.holds(key) == (key in ids)
