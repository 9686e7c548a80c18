"""Which column goes where."""

from __future__ import annotations

import pytest

from crmhost.api import ImportField, Invalid
from plugins.csv_tools.contacts_in import contact_fields, split_name
from plugins.csv_tools.mapping import Mapper, check, guess, signature, with_choices

FIELDS = (
    ImportField(name="email", label="E-mail", aliases=("e-mail 1 - value", "email address")),
    ImportField(name="first_name", label="First name", aliases=("given name", "prénom")),
    ImportField(name="status", label="Status", aliases=("lifecycle stage", "lead status")),
    ImportField(name="tags", label="Tags", aliases=("labels",), kind="list"),
    ImportField(name="created_at", label="Date added", kind="instant"),
)


def guessed(*columns: str, empty: tuple[str, ...] = ()) -> list[str]:
    """The guess for these columns."""
    return guess(columns, [name not in empty for name in columns], FIELDS)


def test_guess() -> None:
    """Names, labels and aliases are known whatever their case, accents and punctuation."""
    assert guessed("E-MAIL", "Given_Name", "Lifecycle Stage", "Labels", "Unknown") == [
        "email",
        "first_name",
        "status",
        "tags",
        "",
    ]
    assert guessed("Prenom", "EmailAddress") == ["first_name", "email"]


def test_one_column_each() -> None:
    """A field takes one column: one with content, then the better name; a list takes all."""
    assert guessed("Lead Status", "Lifecycle Stage") == ["", "status"]
    assert guessed("Lead Status", "Lifecycle Stage", empty=("Lifecycle Stage",)) == ["status", ""]
    assert guessed("Tags", "Labels") == ["tags", "tags"]


def test_choices() -> None:
    """FIELD=COLUMN goes over the guess, by name or number; a field moves; =COLUMN leaves one out."""
    columns = ["E-Mail", "Nick", "Stage"]
    mapping = guessed(*columns)
    assert with_choices(mapping, columns, ["first_name=nick"], FIELDS) == ["email", "first_name", ""]
    assert with_choices(mapping, columns, ["Status=3", "=1"], FIELDS) == ["", "", "status"]
    assert with_choices(mapping, columns, ["email=Nick"], FIELDS) == ["", "email", ""]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("first_name", "no equals sign"),
        ("frist_name=Nick", "Did you mean “first_name”?"),
        ("email=Nik", "Did you mean “Nick”?"),
        ("email=9", "There is no column “9”"),
    ],
)
def test_wrong_choices(choice: str, said: str) -> None:
    """A choice that can't be meant is refused with what was probably meant."""
    with pytest.raises(Invalid, match=said.replace("?", r"\?")):
        with_choices(["", ""], ["E-Mail", "Nick"], [choice], FIELDS)


def test_check() -> None:
    """Without any known column, and with two for one field, nothing is imported."""
    with pytest.raises(Invalid, match="the fields are: email, first_name"):
        check(["", ""], FIELDS)
    with pytest.raises(Invalid, match="Two columns go to “E-mail”"):
        check(["email", "email"], FIELDS)
    check(["tags", "tags"], FIELDS)


def test_mapper() -> None:
    """Blank cells are left out, lists are joined, dates are ISO 8601, apostrophes of exports go."""
    mapper = Mapper(["email", "tags", "tags", "created_at", ""], FIELDS, {"created_at": "dmy"})
    assert mapper.fields([" a@x.org ", "a, b", "* mine ::: c", "06-05-2023", "left out"]) == {
        "email": "a@x.org",
        "tags": "a, b\n* mine\nc",
        "created_at": "2023-05-06",
    }
    assert mapper.fields(["", "'=x"]) == {"tags": "=x"}


def test_signature() -> None:
    """Files with the same columns are known again, whatever the case of their names."""
    assert signature(["E-Mail", "Name"]) == signature(["email", "NAME"]) != signature(["name", "email"])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"email": "a@x.org ::: b@x.org"}, {"emails": ["a@x.org", "b@x.org"]}),
        (
            {"email": "a@x.org", "emails": "b@x.org\nc@x.org, d@x.org"},
            {"emails": ["a@x.org", "b@x.org", "c@x.org", "d@x.org"]},
        ),
        ({"tags": '"lead","vip"'}, {"tags": ["lead", "vip"]}),
        ({"tags": "lead;vip"}, {"tags": ["lead", "vip"]}),
        ({"tags": "* myContacts\nlead,vip"}, {"tags": ["lead", "vip"]}),
        ({"status": "Lead"}, {"status": "Lead"}),
        ({"status": "Unsubscribed"}, {"tags": ["Unsubscribed"]}),
        ({"status": "Active"}, {}),
        ({"unsubscribed": "Yes"}, {"tags": ["Unsubscribed"]}),
        ({"unsubscribed": "0"}, {}),
        ({"full_name": "Ada King Lovelace"}, {"first_name": "Ada King", "last_name": "Lovelace"}),
        ({"full_name": "Ada Lovelace", "last_name": "King"}, {"last_name": "King"}),
        ({"external_id": "77"}, {"external_ids": [{"source": "import", "account": "", "id": "77"}]}),
        ({"external_id": '[["shop", "", "5"]]'}, {"external_ids": [{"source": "shop", "account": "", "id": "5"}]}),
        ({"custom": '{"a": 1}'}, {"custom": {"a": 1}}),
        ({"company": "Größe & Söhne"}, {"more_notes": "Company: Größe & Söhne"}),
    ],
)
def test_contact_fields(row: dict[str, str], expected: dict[str, object]) -> None:
    """Cells of other programs become fields of a contact."""
    assert contact_fields(row, {"lead", "customer"}) == expected


def test_status_called_like_a_subscription() -> None:
    """A site that has a status “Active” gets it."""
    assert contact_fields({"status": "active"}, {"active"}) == {"status": "active"}


@pytest.mark.parametrize("field", ["custom", "socials"])
def test_broken_json(field: str) -> None:
    """JSON that can't be read refuses the row."""
    with pytest.raises(Invalid, match="must be a JSON object"):
        contact_fields({field: "{broken"}, [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace")),
        ("Lovelace, Ada", ("Ada", "Lovelace")),
        ("Plato", ("Plato", "")),
        ("Inc,", ("Inc,", "")),
    ],
)
def test_split_name(name: str, expected: tuple[str, str]) -> None:
    """A full name has a first and a last one."""
    assert split_name(name) == expected
