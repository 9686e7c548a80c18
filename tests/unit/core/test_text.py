"""Text, cursors, e-mail addresses, countries and fields, without a database."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.core import keyset
from crmhost.core.contacts.countries import country_code
from crmhost.core.contacts.derived import derive
from crmhost.core.contacts.emails import check_email, email_key
from crmhost.core.contacts.fields import clean, fold_parts, instant
from crmhost.core.hues import HUES, hue_for
from crmhost.core.text import clean_json, clean_line, clean_text, fold, nearest, shorten, sort_key
from crmhost.errors import Invalid

UTC = ZoneInfo("UTC")
NOW = dt.datetime(2026, 6, 15, tzinfo=dt.UTC)
ANY = st.text(st.characters(exclude_categories=()), max_size=60)


@given(ANY)
def test_a_clean_line_can_be_stored_anywhere(text: str) -> None:
    """No NUL, no lone surrogate, no line end; cleaning again changes nothing."""
    line = clean_line(text)
    line.encode()
    assert not set(line) & set("\x00\n\r\t\x1b\u2028\u202e")
    assert line == line.strip()
    assert clean_line(line) == line


@given(ANY)
def test_clean_text_keeps_lines(text: str) -> None:
    """Line ends become plain ones, and cleaning again changes nothing."""
    cleaned = clean_text(text)
    cleaned.encode()
    assert "\r" not in cleaned
    assert "\x00" not in cleaned
    assert clean_text(cleaned) == cleaned
    assert clean_json({"a": [text, 1, None]}) == {"a": [cleaned, 1, None]}


@given(ANY)
def test_folding_is_done_once(text: str) -> None:
    """Folded text folds to itself, whatever the case and the composition of what was typed."""
    import unicodedata

    folded = fold(text)
    folded.encode()
    assert fold(folded) == folded
    assert fold(unicodedata.normalize("NFD", clean_line(text))) == fold(unicodedata.normalize("NFC", clean_line(text)))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Émile  ŻUŁAWSKI", "emile zulawski"),
        ("Straße", "strasse"),
        ("Øyvind Æsir", "oyvind aesir"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("李小龙", "李小龙"),
        ("İstanbul", "istanbul"),
        ("한글", "한글"),
    ],
)
def test_folding_drops_case_and_accents(text: str, folded: str) -> None:
    """In all scripts, and letters that hold their accent inside too."""
    assert fold(text) == folded


@pytest.mark.parametrize(
    "names",
    [
        ["Eau", "Écho", "ecran", "Élan", "Zoo"],
        ["côte", "Côte d’Ivoire", "Coton", "Œuf", "Øst", "Ouest"],
        ["Ганна", "Ґалаґан", "Дарина", "Євген", "Жанна", "Ігор", "Їжак", "Йосип", "Катерина", "Ярина"],
        ["Елена", "Ёлка", "Ель", "Израиль", "Италия", "Йемен", "Казахстан", "Эстония"],
        ["10 Downing", "ada", "Bob", "Ада"],
    ],
)
def test_names_are_sorted_as_in_a_dictionary(names: list[str]) -> None:
    """Accents and case do not part what belongs together; letters of their own have their place in the alphabet."""
    keys = [sort_key(name) for name in names]
    assert keys == sorted(keys)


def test_the_nearest_name_is_offered() -> None:
    """A slip of the finger finds its name; something else finds nothing."""
    assert nearest("costumer", ["Lead", "Customer"]) == "Customer"
    assert nearest("", ["Lead"]) == nearest("xyz", ["Lead"]) == nearest("Lead", []) == ""
    assert shorten("abcdef", 4) == "abc…"
    assert {hue_for(name) for name in map(str, range(200))} == set(HUES) - {"grey"}


# --- cursors ---------------------------------------------------------------------------------------------------------

INSTANTS = st.integers(-2_000_000_000, 7_000_000_000).map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC))


@given(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=200),
    INSTANTS,
    st.integers(1, keyset.LARGEST_ID),
)
def test_a_cursor_comes_back_as_it_was(text: str, moment: dt.datetime, number: int) -> None:
    """Texts, instants and numbers, for the same list only."""
    kinds = (str, dt.datetime, int)
    cursor = keyset.encode("name", (text, moment, number))
    assert cursor.isascii()
    assert keyset.decode("name", cursor, kinds) == (text, moment, number)
    for sort, wrong in (
        ("email", kinds),
        ("name", (str, int)),
        ("name", (int, dt.datetime, int)),
        ("name", (str, str, int)),
    ):
        with pytest.raises(Invalid):
            keyset.decode(sort, cursor, wrong)


@given(ANY)
def test_no_text_breaks_the_reader_of_cursors(text: str) -> None:
    """It is a cursor or refused."""
    with pytest.raises(Invalid):
        keyset.decode("name", text, (str, int))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        ("5", 5),
        (0, None),
        (-1, None),
        (2**31, None),
        ("٥", None),
        ("5 ", None),
        (True, None),
        (5.0, None),
        (None, None),
        ("9" * 5_000, None),
    ],
)
def test_ids_from_outside(value: object, number: int | None) -> None:
    """What both databases can hold, or nothing."""
    assert keyset.valid_id(value) == number


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("ann@example.com", "ann@example.com"),
        (" Ann.Lee+x@EXAMPLE.Com ", "Ann.Lee+x@example.com"),
        ("юзер@пример.укр", "юзер@пример.укр"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("a@xn--e1afmkfd.xn--j1amh", "a@пример.укр"),
    ],
)
def test_addresses_are_normalised(text: str, email: str) -> None:
    """The part before the @-sign stays, the domain is written in its own script and in lower case."""
    assert check_email(text) == email


NO_ADDRESSES = """
plain
@example.com
a@
a b@example.com
a@exa mple.com
a@example..com
.a@example.com
a.@example.com
x@example.com;y@example.com
mailto:z@example.com
<script>@example.com
a@example
a@-example.com
a@localhost
a@[127.0.0.1]
"""


@pytest.mark.parametrize("text", [*NO_ADDRESSES.splitlines(), f"a@{'b' * 250}.com", "a@b\x00.com\ud800"])
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    """Never an error of the library."""
    with pytest.raises(ValueError, match="e-mail address"):
        check_email(text)


@given(st.from_regex(r"[A-Za-z0-9_+.-]{1,70}@[A-Za-z0-9.-]{1,40}", fullmatch=True))
def test_the_short_way_agrees_with_the_library(text: str) -> None:
    """Addresses that look plain are taken exactly when the library takes them, and stored the same."""
    from email_validator import EmailNotValidError, validate_email

    try:
        wanted = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        wanted = ""
    try:
        found = check_email(text)
    except ValueError:
        found = ""
    assert found == wanted
    assert email_key(found) == email_key(found.upper())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("deutschland", "DE"),
        ("Allemagne", "DE"),
        ("Україна", "UA"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("Côte d'Ivoire", "CI"),
        ("xx", None),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_countries_by_code_or_name(text: str, code: str | None) -> None:
    """Two letters, three letters, and names in ten languages."""
    assert country_code(text) == code


# --- fields ----------------------------------------------------------------------------------------------------------


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "first_name",
        "email",
        "emails",
        "work_phone",
        "address1",
        "address1_country",
        "tags",
        "status",
        "assigned_to",
        "external_ids",
        "socials",
        "social_x",
        "custom",
        "notes",
        "created_at",
        "source",
    ]
)


@given(st.dictionaries(NAMES | ANY, VALUES, max_size=6), st.booleans())
def test_no_input_breaks_the_reader_of_fields(fields: dict[str, object], lenient: bool) -> None:
    """Whatever the API is sent, there are values or sentences; and what was taken is taken again unchanged."""
    found = clean(fields, UTC, NOW, lenient=lenient)
    assert all(sentence for sentences in found.errors.values() for sentence in sentences)
    if not found.errors:
        values = fold_parts(found.values, {})
        again = clean(values, UTC, NOW, lenient=lenient)
        assert not again.errors
        assert fold_parts(again.values, {}) == values
        derive(values)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-03-31", "2026-03-31T10:00:00+00:00"),
        ("2026-03-31T08:00", "2026-03-31T06:00:00+00:00"),
        ("2026-03-31T08:00:00Z", "2026-03-31T08:00:00+00:00"),
        (dt.date(2026, 3, 31), "2026-03-31T10:00:00+00:00"),
    ],
)
def test_a_date_without_a_time_means_noon(value: object, moment: str) -> None:
    """In the site's zone; a time without a zone is the site's."""
    assert instant(value, ZoneInfo("Europe/Berlin")).isoformat() == moment


def test_parts_of_an_address_are_put_over_what_is_there() -> None:
    """Flat names change one part, an empty one removes it, a whole address replaces."""
    current = {"address1": {"city": "Rome", "line1": "Via 1"}, "socials": {"x": "@a"}, "notes": "old"}
    flat = clean(
        {"address1_city": "Paris", "address1_line1": "", "social_linkedin": "b", "more_notes": "new"}, UTC, NOW
    )
    assert fold_parts(flat.values, current) == {
        "address1": {"city": "Paris"},
        "socials": {"x": "@a", "linkedin": "b"},
        "notes": "old\nnew",
    }
    whole = clean({"address1": {"country": "France"}}, UTC, NOW)
    assert fold_parts(whole.values, current) == {"address1": {"country": "FR"}}
