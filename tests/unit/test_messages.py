"""Sentences that keep their values apart."""

from __future__ import annotations

import copy
import datetime as dt
import gettext
import json
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.db import MessageJSON, MessageText
from crmhost.errors import GiveUp, Invalid, NotFound
from crmhost.messages import Message, Plural, keep, kept


class French(gettext.NullTranslations):
    """A catalogue of four texts."""

    WORDS = {  # noqa: RUF012  # read only
        "“%(name)s” is 5%% of %(all)s.": "« %(name)s » fait 5 %% de %(all)s.",
        "contact": "fiche",
        "There is no %(kind)s %(key)s, or you may not see it.": "%(kind)s %(key)s : introuvable.",
    }

    def gettext(self, message: str) -> str:
        return self.WORDS.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return "%(num)s ligne" if n < 2 else "%(num)s lignes"


def said(message: str) -> str:
    assert isinstance(message, Message)
    return message.told(French(), lambda value: f"<{value}>")


def test_in_english_it_is_the_sentence() -> None:
    """Values are put in; a percent sign is doubled only where there are values."""
    message = Message("“%(name)s” is 5%% of %(all)s.", name="Ada %s", all=12408)
    assert message == "“Ada %s” is 5% of 12,408."
    assert Message("5 % of it") == "5 % of it"
    assert Message("%(a)s and %(b)s", a="1") == "1 and "
    assert [Plural("%(num)s row", "%(num)s rows", number) for number in (0, 1, 2000)] == [
        "0 rows",
        "1 row",
        "2,000 rows",
    ]


def test_it_is_said_in_the_readers_language() -> None:
    """Names stay as they are, numbers are shown in the reader's manner, messages inside are translated too."""
    assert (
        said(Message("“%(name)s” is 5%% of %(all)s.", name="contact", all=12408)) == "« contact » fait 5 % de <12408>."
    )
    assert said(Plural("%(num)s row", "%(num)s rows", 1)) == "<1> ligne"
    assert said(NotFound("contact", 7).message) == "fiche 7 : introuvable."
    assert said(Message("%(all)s", all=[Message("contact"), "b"])) == "fiche, b"


def test_an_error_loses_nothing_on_its_way() -> None:
    """Handed on as text, joined, cut to a length that it has, or copied, a sentence stays one that can be translated."""
    first = Message("“%(name)s” is 5%% of %(all)s.", name="a", all=1)
    refused = Invalid({"name": [first], "kind": ["contact"]})
    given_up = GiveUp(str(refused))
    assert given_up.why == "“a” is 5% of 1. contact"
    assert said(given_up.why[:200]) == "« a » fait 5 % de <1>. fiche"
    assert said(Message("%(reason)s", reason=given_up)) == "« a » fait 5 % de <1>. fiche"
    for copied in (copy.deepcopy(first), pickle.loads(pickle.dumps(first))):  # our own
        assert said(copied) == said(first)
    assert not isinstance(first[:5], Message)


VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(),
    st.dates(),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.builds(lambda name: Message("%(name)s!", name=name), st.text(st.sampled_from("a%\x1f"))),
)


@given(st.dictionaries(st.sampled_from("abc"), st.one_of(VALUES, st.lists(VALUES, max_size=3))), st.integers(0, 3))
def test_what_is_stored_is_read_again(values: dict[str, object], number: int) -> None:
    """In a column of text or inside JSON, whatever its values are."""
    for message in (Message("%(a)s %(b)s %(c)s", **values), Plural("%(a)s", "%(num)s %(b)s", number, **values)):
        again = kept(keep(message))
        assert again == message
        assert isinstance(again, Message)
        assert again.parts() == message.parts()


@pytest.mark.parametrize("text", ["plain", "", "a\x1f", "a\x1f{", 'a\x1f{"text": 5}', "a\x1f[]", 'a\x1f{"values": {}}'])
def test_what_is_no_message_stays_text(text: str) -> None:
    """Whatever stands in the column."""
    assert kept(text) == text.partition("\x1f")[0]


def test_columns_store_messages() -> None:
    """A text column and one of JSON give back what they were given."""
    message = Message("“%(name)s” is 5%% of %(all)s.", name="a", all=Decimal("1.5"))
    column, table = MessageText(), MessageJSON()
    stored = column.process_bind_param(message, None)
    assert isinstance(stored, str)
    assert said(column.process_result_value(stored, None) or "") == said(message)
    written = json.loads(json.dumps(table.process_bind_param({"message": message, "list": [message, 1]}, None)))
    read = table.process_result_value(written, None)
    assert said(read["message"]) == said(read["list"][0]) == said(message)
    assert read["list"][1] == 1
