"""Forms: fields, sections, the list of problems with links to their fields. What was typed is never lost by an error."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from flask import request
from flask_babel import gettext
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import Field

from ...errors import Conflict, CrmError, Forbidden, Invalid, NotFound
from .fields import (
    AreaField,
    ChoiceField,
    ChoicesField,
    DayField,
    EmailField,
    IntegerField,
    ListField,
    MomentField,
    MoneyField,
    NumberField,
    PhoneField,
    RecordsField,
    SecretField,
    SwitchField,
    TagsField,
    TextField,
    UrlField,
)
from .records import RecordField
from .rich import RichTextField

__all__ = [
    "AreaField",
    "ChoiceField",
    "ChoicesField",
    "DayField",
    "EmailField",
    "Form",
    "IntegerField",
    "ListField",
    "MomentField",
    "MoneyField",
    "NumberField",
    "PhoneField",
    "Problem",
    "RecordField",
    "RecordsField",
    "RichTextField",
    "SecretField",
    "Section",
    "SwitchField",
    "TagsField",
    "TextField",
    "UrlField",
]


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a form.

    :param fields: names of its fields with their width in sixths of the row: ``{"first_name": 2}``.
    :param note: a short remark beside its title.
    """

    id: str
    title: str
    fields: Mapping[str, int]
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing to correct; ``field`` is the id of the field it concerns, empty when it concerns the whole form."""

    field: str
    message: str


class Form(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Base of all forms. The token is checked before any view, so the form itself has none.

    ``sections`` gives the order and the titles; without them all fields stand in one section.
    """

    class Meta:
        """Settings of WTForms."""

        csrf = False

    sections: ClassVar[Sequence[Section]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.general: list[str] = []
        #: In place of ``sections``, for a form with fields of its own (:meth:`add_field`).
        self.own_sections: Sequence[Section] = ()

    def take(self, error: CrmError) -> None:
        """Puts what a service refused to the fields it concerns; what concerns none stands above the form.

        :raises CrmError: the same error, when it is not one that the person can correct in this form.
        """
        if isinstance(error, Forbidden | NotFound):
            raise error
        if isinstance(error, Invalid):
            for name, sentences in error.errors.items():
                for sentence in sentences:
                    self.add_problem(name, sentence)
        elif isinstance(error, Conflict) and error.field:
            self.add_problem(error.field, error.message)
        else:
            self.general.append(gettext(error.message))

    def add_problem(self, name: str, sentence: str | Markup) -> None:
        """Says that a field has to be corrected."""
        if not isinstance(sentence, Markup):
            sentence = gettext(sentence)
        field: Field | None = self._fields.get(name) or self._fields.get(name.partition(".")[0])
        if field is None:
            self.general.append(sentence)
        else:
            field.errors = [*field.errors, sentence]

    def add_field(self, name: str, field: Any, data: Any = None) -> None:
        """Adds a field to this form alone, such as one that the site's people defined.

        :param field: made as those of a form's class are: ``TextField("Shoe size")``.
        :param data: what it shows before anything was typed.
        """
        self._fields[name] = field.bind(form=self, name=name, prefix=self._prefix)
        self._fields[name].process(request.form if self.is_submitted() else None, data)

    @property
    def problems(self) -> list[Problem]:
        """All that has to be corrected, in the order of the form."""
        found = [Problem("", sentence) for sentence in self.general]
        for field in self:
            found.extend(Problem(field.id, _short(field, sentence)) for sentence in flat(field.errors))
        return found

    @property
    def parts(self) -> list[tuple[Section, list[tuple[Field, int]]]]:
        """Sections with their fields; a field that stands in none gets into the first."""
        sections = list(self.own_sections or self.sections) or [Section("main", "", {})]
        named = {name for section in sections for name in section.fields}
        parts = []
        for number, section in enumerate(sections):
            fields = [(self._fields[name], width) for name, width in section.fields.items() if name in self._fields]
            if number == 0:
                fields.extend((field, 6) for field in self if field.name not in named and field.type != "HiddenField")
            parts.append((section, fields))
        return parts

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())


def flat(errors: Any) -> list[str]:
    """The sentences in a field's errors, which are nested for compound fields."""
    if isinstance(errors, str):
        return [errors]
    if isinstance(errors, Mapping):
        return [sentence for value in errors.values() for sentence in flat(value)]
    return [sentence for value in errors for sentence in flat(value)]


def _short(field: Field, sentence: str) -> str:
    label = str(field.label.text)
    plain = sentence.striptags() if isinstance(sentence, Markup) else sentence
    return plain if not label or label.casefold() in plain.casefold() else f"{label}: {plain}"
