"""Which column of a file goes to which field: guessed from the names of the columns, chosen by a person, remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from crmhost.api import Importer, ImportField, ImportPreset, Invalid, Message, Work, custom_fields, texts

from .cells import DateOrder, iso_date, unguard

#: What Google puts between several values in one cell.
SEVERAL = " ::: "
#: What a column goes to that gets a field of its own: this and a kind.
NEW = "+"


def header_key(name: str) -> str:
    """The form in which names of columns are compared: “E-mail 1 - Value” and “email 1 value” are the same."""
    return "".join(letter for letter in texts.fold(name) if letter.isalnum())


def word_key(word: str) -> str:
    """The form in which words of a field with choices are compared."""
    return texts.fold(word)


def known_headers(fields: Iterable[ImportField]) -> Callable[[str], bool]:
    """A test whether a text names one of the fields."""
    keys = _keys(fields)
    return lambda name: header_key(name) in keys


def recognised(columns: Sequence[str], presets: Iterable[ImportPreset]) -> ImportPreset | None:
    """The program that wrote a file with these columns: the one of whose signs most are there, if all are."""
    keys = set(map(header_key, columns))
    fitting = [preset for preset in presets if preset.signs and keys.issuperset(map(header_key, preset.signs))]
    return max(fitting, key=lambda preset: len(preset.signs), default=None)


def guess(
    columns: Sequence[str],
    filled: Sequence[bool],
    fields: Sequence[ImportField],
    told: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """The field of each column, empty for those that are left out.

    A field gets one column, unless it is a list: one with something in its cells comes before an empty one, then the name of
    the field, its label, its aliases in their order.

    :param filled: whether a column has anything in its first rows.
    :param told: heading -> field where that is known; it goes before all names.
    """
    keys = _keys(fields) | {header_key(heading): (-1, field) for heading, field in told.items()}
    lists = {field.name for field in fields if field.kind == "list"}
    ranked = [
        (not filled[index], rank, index, field)
        for index, name in enumerate(columns)
        for rank, field in [keys.get(header_key(name), (0, ""))]
        if field
    ]
    mapping = [""] * len(columns)
    taken: set[str] = set()
    for _, _, index, field in sorted(ranked):
        if field in lists or field not in taken:
            mapping[index] = field
            taken.add(field)
    return mapping


def _keys(fields: Iterable[ImportField]) -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for field in fields:
        for rank, name in enumerate((field.name, field.label, *field.aliases)):
            found.setdefault(header_key(name), (rank, field.name))
    return found


def with_choices(
    mapping: Sequence[str], columns: Sequence[str], choices: Iterable[str], fields: Sequence[ImportField]
) -> list[str]:
    """The mapping with ``FIELD=COLUMN`` choices put over it; ``=COLUMN`` leaves a column out.

    :param choices: the column by its name in any case, or by its number, the first being 1.
    :raises Invalid: when there is no such field or column.
    """
    mapping = list(mapping)
    names = {header_key(field.name): field for field in fields}
    places = {texts.fold(name): index for index, name in reversed(list(enumerate(columns)))}
    for choice in choices:
        wanted, separator, column = choice.partition("=")
        if not separator:
            raise Invalid(Message("Write --map FIELD=COLUMN: “%(choice)s” has no equals sign.", choice=choice))
        field = names.get(header_key(wanted))
        if field is None and wanted.strip():
            raise Invalid(_unknown("field", wanted, [each.name for each in fields]))
        index = places.get(texts.fold(column))
        if index is None and column.strip().isdecimal() and 0 < int(column) <= len(columns):
            index = int(column) - 1
        if index is None:
            raise Invalid(_unknown("column", column, columns))
        if field is not None and field.kind != "list":
            mapping = ["" if each == field.name else each for each in mapping]
        mapping[index] = field.name if field is not None else ""
    return mapping


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    near = texts.nearest(name, known)
    columns = what == "column"
    said = Message("There is no column “%(name)s”." if columns else "There is no field “%(name)s”.", name=name.strip())
    return texts.unknown(said, near, Message("There are: %(names)s.", names=list(known)))


def check(mapping: Sequence[str], fields: Sequence[ImportField]) -> None:
    """:raises Invalid: when no column goes anywhere, a field that is needed has none, or a field of one column has two."""
    chosen = [field for field in mapping if field]
    if not chosen:
        known = ", ".join(field.name for field in fields)
        raise Invalid(
            Message(
                "None of the columns is known. Say which column goes to which field; the fields are: %(known)s.",
                known=known,
            )
        )
    for field in fields:
        if field.required and field.name not in chosen:
            raise Invalid(
                Message(
                    "Choose the column for “%(label)s”: without it no row can be taken.", label=Message(field.label)
                )
            )
        if field.kind != "list" and chosen.count(field.name) > 1:
            raise Invalid(Message("Two columns go to “%(label)s”: choose one of them.", label=Message(field.label)))


def new_kinds(importer: Importer) -> list[tuple[str, str]]:
    """The kinds of fields that can be made for a column, with their labels."""
    return [] if importer.new_field is None else list(custom_fields.SIMPLE_KINDS.items())


def with_new_fields(work: Work, importer: Importer, columns: Sequence[str], mapping: Sequence[str]) -> list[str]:
    """The mapping with fields made for the columns that go to a new one.

    :param mapping: ``+`` and a kind for those.
    :raises Invalid: when one can't be made.
    """
    known = dict(new_kinds(importer))
    found = list(mapping)
    for index, field in enumerate(mapping):
        if field.startswith(NEW) and importer.new_field is not None:
            if field.removeprefix(NEW) not in known:
                raise Invalid("Choose one of the kinds of fields.")
            found[index] = importer.new_field(work, columns[index][:80], field.removeprefix(NEW))
    return found


def signature(columns: Sequence[str]) -> str:
    """The same for files with the same columns, so that what a person chose once is proposed again."""
    return hashlib.sha256("\n".join(map(header_key, columns)).encode()).hexdigest()


class Mapper:
    """Turns the cells of a row into fields.

    :param dates: order of day and month in fields of the kind ``instant``, by field.
    :param renamed: field -> folded word -> what it means.
    :param constants: what every row gets whose cells give the field nothing; to a list it is added.
    """

    def __init__(
        self,
        mapping: Sequence[str],
        fields: Sequence[ImportField],
        dates: Mapping[str, DateOrder],
        constants: Mapping[str, str] = MappingProxyType({}),
        renamed: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        kinds = {field.name: field.kind for field in fields}
        self._columns = [(index, field, kinds.get(field, "text")) for index, field in enumerate(mapping) if field]
        self._dates = dates
        self._constants = dict(constants)
        self._renamed = {field: words for field, words in renamed.items() if words}
        self._lists = [field for field in self._constants if kinds.get(field) == "list"]

    def fields(self, cells: Sequence[str]) -> dict[str, str]:
        """Field -> text, those with nothing in their cells left out: a blank cell changes nothing."""
        found: dict[str, str] = {}
        for index, field, kind in self._columns:
            text = cells[index].strip() if index < len(cells) else ""
            if not text:
                continue
            if text[0] == "'":
                text = unguard(text)
            if kind == "list":
                text = text.replace(SEVERAL, "\n").replace(SEVERAL.rstrip(), "\n")
                found[field] = f"{found[field]}\n{text}" if field in found else text
            elif kind == "instant":
                text = iso_date(text, self._dates.get(field, "dmy"))
                if text:
                    found[field] = text
            else:
                found[field] = text
        for field in self._renamed:
            if field in found:
                found[field] = self._renamed[field].get(word_key(found[field]), found[field])
        if self._constants:
            more = {field: f"{found[field]}\n{self._constants[field]}" for field in self._lists if field in found}
            return {**self._constants, **found, **more}
        return found
