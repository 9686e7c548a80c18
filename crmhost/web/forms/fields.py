"""Fields of forms: WTForms' own with our widgets' classes, and those that WTForms lacks."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext
from markupsafe import Markup, escape
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Field,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms import (
    EmailField as WTEmailField,
)
from wtforms import (
    IntegerField as WTIntegerField,
)
from wtforms import (
    TelField as WTTelField,
)
from wtforms import (
    URLField as WTURLField,
)
from wtforms.fields.choices import (  # type: ignore[attr-defined]  # the types are of an older release
    Choice,
    SelectChoice,
    SelectFieldBase,
)
from wtforms.validators import ValidationError
from wtforms.widgets import Select, TextInput

from ...money import digits_of
from ...money import read as read_money

Choices = Iterable[tuple[str, str]]
_CURRENCY = re.compile(r"[A-Za-z]{3}")


def _trim(value: str | None) -> str:
    return (value or "").replace("\0", "").strip()


class _Line:
    """Trims what was typed; an empty field gives an empty text."""

    def __init__(self, label: str = "", *, filters: Sequence[Callable[[Any], Any]] = (), **kwargs: Any) -> None:
        super().__init__(label, filters=[*filters, _trim], **kwargs)  # type: ignore[call-arg]


class TextField(_Line, StringField):
    """One line of text."""


class AreaField(_Line, TextAreaField):
    """Several lines of text."""


class EmailField(_Line, WTEmailField):
    """An e-mail address."""


class PhoneField(_Line, WTTelField):
    """A phone number, as typed."""


class UrlField(_Line, WTURLField):
    """A web address."""


class IntegerField(WTIntegerField):
    """A whole number; ``None`` when nothing was typed."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads the number."""
        if not valuelist or not str(valuelist[0]).strip():
            self.data = None
            return
        text = re.sub(r"[\s\u00a0\u202f]", "", str(valuelist[0]))
        self.data = None
        if len(text) > 18:
            raise ValueError(gettext("This number is too large."))
        if not re.fullmatch(r"[+-]?[0-9]+", text):
            raise ValueError(gettext("Give a whole number."))
        self.data = int(text)


class NumberField(DecimalField):
    """A decimal number, with a point or a comma; ``None`` when nothing was typed."""

    # A number input of HTML takes no comma: browsers show nothing in its place, and send nothing.
    widget = TextInput()

    def _value(self) -> str:
        from ..i18n import field_number

        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else field_number(self.data, self.places)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads the number."""
        from ..i18n import parse_number

        text = str(valuelist[0]).strip()[:40] if valuelist else ""
        self.data = None
        if text:
            self.data = parse_number(text)


class MoneyField(StringField):
    """An amount of money, as people of the reader's language write it, with or without the code of its currency.

    :param currency: taken when none is typed; may be set when the form is made, as it is often known with the record only.
    """

    data: Any  # Money or nothing, where its base class has a text

    def __init__(self, label: str = "", *, currency: str = "", **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.currency = currency

    def _value(self) -> str:
        from ..i18n import field_number

        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        text = field_number(self.data.decimal, digits_of(self.data.currency))
        return text if self.data.currency == self.currency else f"{text} {self.data.currency}"

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads the amount."""
        from ..i18n import parse_number

        text = _trim(valuelist[0])[:60] if valuelist else ""
        self.data = None
        if text:
            code = _CURRENCY.search(text)
            amount = parse_number(_CURRENCY.sub("", text))
            self.data = read_money(f"{amount} {code[0] if code else self.currency}", self.currency)


class SwitchField(BooleanField):
    """Yes or no."""


class Options(Select):
    """The choices of a field, as WTForms writes them; plain ones by a shorter way, for a list of time zones has hundreds."""

    @classmethod
    def render_option(cls, choice: Any, **kwargs: Any) -> Markup:  # type: ignore[override]  # stubs of an older release
        """One choice."""
        if kwargs or choice.render_kw or not isinstance(choice.value, str):
            return super().render_option(choice, **kwargs)
        chosen = " selected" if choice.selected else ""
        label = escape(choice.label or choice.value)
        return Markup(f'<option{chosen} value="{escape(choice.value)}">{label}</option>')  # noqa: S704  # escaped above


class ChoiceField(SelectField):
    """One of a few.

    :param none: label of the empty choice; without it one has to be chosen.
    """

    widget = Options()

    def __init__(self, label: str = "", *, choices: Choices = (), none: str | None = None, **kwargs: Any) -> None:
        self._none = none
        super().__init__(label, choices=[], validate_choice=True, **kwargs)
        self.offer(choices)

    def offer(self, choices: Choices) -> None:
        """Sets the choices: pairs of value and label."""
        pairs = [(str(value), str(label)) for value, label in choices]
        self.pairs = [("", str(self._none)), *pairs] if self._none is not None else pairs
        self.choices = [SelectChoice(value, label) for value, label in self.pairs]

    def process_data(self, value: Any) -> None:
        """Takes the value as text."""
        self.data = "" if value is None else str(value)

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """:raises ValidationError: when the value is none of the choices."""
        if self.data not in {value for value, _ in self.pairs}:
            raise ValidationError(gettext("Choose one of the list."))


class ChoicesField(SelectMultipleField):
    """Several of a few."""

    def __init__(self, label: str = "", *, choices: Choices = (), **kwargs: Any) -> None:
        super().__init__(label, choices=[], **kwargs)
        self.offer(choices)

    def offer(self, choices: Choices) -> None:
        """Sets the choices: pairs of value and label."""
        self.pairs = [(str(value), str(text)) for value, text in choices]
        self.choices = [SelectChoice(value, text) for value, text in self.pairs]

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """:raises ValidationError: when a value is none of the choices."""
        known = {value for value, _ in self.pairs}
        if any(value not in known for value in self.data or ()):
            raise ValidationError(gettext("Choose from the list."))


class TagsField(SelectFieldBase):
    """Names, chosen from those there are or typed anew; ``data`` is a list of texts."""

    widget = Select(multiple=True)

    def __init__(self, label: str = "", *, known: Iterable[str] = (), **kwargs: Any) -> None:
        self.known = list(known)
        super().__init__(label, **kwargs)

    def process_data(self, value: Any) -> None:
        """Takes the names."""
        self.data = [str(name) for name in value or ()]

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads the names; one field may hold several, separated by commas."""
        names = [_trim(part) for value in valuelist for part in str(value).split(",")]
        self.data = list(dict.fromkeys(name for name in names if name))

    def iter_choices(self) -> Iterator[Choice]:
        """The names: those chosen first."""
        chosen = self.data or []
        for name in dict.fromkeys([*chosen, *self.known]):
            yield Choice(name, name, name in chosen, {})


class RecordsField(SelectFieldBase):
    """Records, found by typing; ``data`` is a list of texts: their values, and names typed anew.

    :param url: address that answers ``?q=`` with ``[{"value", "text", "note"}]``.
    :param named: gives the labels of values: value -> label.
    :param create: whether names may be typed anew; they arrive as they were typed.
    """

    widget = Select(multiple=True)

    def __init__(
        self,
        label: str = "",
        *,
        url: str,
        named: Callable[[Sequence[str]], Mapping[str, str]],
        create: bool = False,
        **kwargs: Any,
    ) -> None:
        self.url, self.named, self.create = url, named, create
        super().__init__(label, **kwargs)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The chosen ones: value and label."""
        labels = self.named(self.data or ())
        return [(value, labels.get(value, value)) for value in self.data or ()]

    def process_data(self, value: Any) -> None:
        """Takes the values."""
        self.data = [str(item) for item in value or ()]

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads the values."""
        self.data = list(dict.fromkeys(text for text in map(_trim, map(str, valuelist)) if text))

    def iter_choices(self) -> Iterator[Choice]:
        """Those chosen."""
        for value, label in self.pairs:
            yield Choice(value, label, True, {})


class ListField(Field):
    """Texts separated by commas or line ends; ``data`` is a list."""

    widget = TextInput()

    def _value(self) -> str:
        return ", ".join(self.data or [])

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads the texts."""
        text = str(valuelist[0]) if valuelist else ""
        self.data = [part for part in (_trim(part) for part in re.split(r"[,\n]", text)) if part]


class DayField(DateField):
    """A day; ``None`` when nothing was typed."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads the day."""
        if not valuelist or not str(valuelist[0]).strip():
            self.data = None
            return
        from ..i18n import parse_day

        self.data = None
        self.data = parse_day(str(valuelist[0]))


class MomentField(Field):
    """An instant, typed in the site's zone, kept in UTC; ``None`` when nothing was typed."""

    widget = TextInput(input_type="datetime-local")

    def _value(self) -> str:
        from ..i18n import field_moment

        if self.raw_data:
            return str(self.raw_data[0])
        return field_moment(self.data)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads the instant.

        :raises ValueError: when it is none.
        """
        from ..request import current_work

        text = _trim(str(valuelist[0])) if valuelist else ""
        if not text:
            self.data = None
            return
        try:
            moment = dt.datetime.fromisoformat(text)
            self.data = moment.replace(tzinfo=moment.tzinfo or current_work().timezone).astimezone(dt.UTC)
        except (ValueError, OverflowError) as error:
            self.data = None
            raise ValueError(gettext("Give a day and a time, such as 2026-11-24 14:30.")) from error


class SecretField(PasswordField):
    """A secret: never shown again; left empty it stays as it is.

    :param kept: whether there is one already.
    """

    def __init__(self, label: str = "", *, kept: bool = False, **kwargs: Any) -> None:
        self.kept = kept
        super().__init__(label, **kwargs)


class NewPasswordField(PasswordField):
    """A password being chosen."""

    def __init__(self, label: str = "", **kwargs: Any) -> None:
        render = {"autocomplete": "new-password", **(kwargs.pop("render_kw", None) or {})}
        super().__init__(label, render_kw=render, **kwargs)
