"""Languages: which one a request gets, catalogues of the core and of plugins, numbers, dates and instants as text.

Catalogues are read once per process; a generation only merges those of its plugins.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import threading
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta, parse_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)
from babel.support import NullTranslations, Translations
from flask import Flask, g, request
from flask_babel import Babel, Domain, get_locale, gettext
from markupsafe import Markup, escape

from ..messages import Message
from ..money import Money, in_words

if TYPE_CHECKING:
    from ..host.generation import Generation

CORE_TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
SOURCE_LOCALE = "en"
#: From here on numbers have groups of digits.
LONG = 1000
_BLANKS = re.compile(r"[\s\u00a0\u202f'’]")

_read: dict[tuple[Path, int], Translations] = {}
_read_lock = threading.Lock()


def _load(folder: Path, locale: str) -> Translations | None:
    """The catalogue in a ``translations`` folder, from ``messages.mo`` or, when that is missing or older, ``messages.po``."""
    base = folder / locale / "LC_MESSAGES"
    po, mo = base / "messages.po", base / "messages.mo"
    source = mo if mo.is_file() and (not po.is_file() or mo.stat().st_mtime >= po.stat().st_mtime) else po
    if not source.is_file():
        return None
    key = (source, source.stat().st_mtime_ns)
    with _read_lock:
        if key not in _read:
            if source is mo:
                with mo.open("rb") as file:
                    _read[key] = Translations(file)
            else:
                buffer = io.BytesIO()
                with po.open("rb") as file:
                    write_mo(buffer, read_po(file, locale=locale))
                buffer.seek(0)
                _read[key] = Translations(buffer)
        return _read[key]


class Catalogues(Domain):  # type: ignore[misc]  # flask-babel has no types
    """The catalogues of one generation: the plugins' first, so that none changes a word of the core.

    :param more: folders of plugins that are off and of themes, whose names are shown too.
    """

    def __init__(self, generation: Generation, more: Iterable[Path] = ()) -> None:
        super().__init__(translation_directories=[])
        folders = dict.fromkeys([*(plugin.folder for plugin in generation.plugins), *more])
        self._folders = [folder / "translations" for folder in folders]
        self._languages: list[str] = []
        self._merged: dict[str, NullTranslations] = {}

    def languages(self) -> list[str]:
        """Codes of the languages that the core speaks."""
        if not self._languages:
            found = {path.parent.parent.name for path in CORE_TRANSLATIONS.glob("*/LC_MESSAGES/messages.[pm]o")}
            self._languages = sorted({SOURCE_LOCALE, *found})
        return self._languages

    def get_translations(self) -> NullTranslations:
        """The merged catalogue of the request's language."""
        locale = get_locale()
        return self.of(str(locale.language) if locale is not None else SOURCE_LOCALE)

    def gettext(self, string: str, **variables: object) -> str:
        """A text in the reader's language; a message with the values that it holds."""
        if not string:
            # The empty text is where catalogues keep their header.
            return ""
        if isinstance(string, Message) and not variables:
            return string.told(self.get_translations(), shown)
        translated: str = super().gettext(string, **variables)
        return translated

    def of(self, locale: str) -> NullTranslations:
        """The merged catalogue of a language."""
        if locale not in self._merged:
            merged: Translations | None = None
            for folder in (*self._folders, CORE_TRANSLATIONS):
                found = _load(folder, locale)
                if found is None:
                    continue
                if merged is None:
                    merged = Translations()
                merged.merge(found)
                merged.plural = found.plural
            self._merged[locale] = merged or NullTranslations()
        return self._merged[locale]


def init_app(app: Flask, catalogues: Catalogues) -> None:
    """Wires Flask-Babel: gettext in templates, language and zone by request."""
    babel = Babel(app, locale_selector=choose_locale)
    babel.domain_instance = catalogues
    app.jinja_env.globals.update(_=in_template, gettext=in_template)


def in_template(text: str, /, **values: object) -> str:
    """A text for a template: values are escaped and so is the text; a percent sign counts only where there are values."""
    # Apostrophes, of which texts have many, mean nothing in our pages: attributes stand in double quotes.
    said = Markup(str(escape(gettext(text))).replace("&#39;", "'"))  # noqa: S704  # escaped here
    return said % values if values else said


def choose_locale() -> str:
    """The language of this request: the user's own, else the site's, else the browser's wish."""
    from .request import current_person, site_setting
    from .state import state

    languages = state().catalogues.languages()
    person = current_person()
    wished = [person.locale if person else "", site_setting("site.language")]
    for code in wished:
        if code in languages:
            return code
    return request.accept_languages.best_match(languages) or SOURCE_LOCALE


def language_choices() -> list[tuple[str, str]]:
    """Pairs of code and own name of the languages of the site, for a choice."""
    from .state import state

    return language_names(state().catalogues.languages())


def language_names(codes: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of code and the language's own name for itself, for a choice."""
    names = []
    for code in codes:
        try:
            names.append((code, (Locale.parse(code).get_display_name(code) or code).capitalize()))
        except UnknownLocaleError:
            names.append((code, code))
    return names


# --- Values as text ---------------------------------------------------------------------------------------------------


def _locale() -> Locale:
    return get_locale() or Locale(SOURCE_LOCALE)


def _zone() -> dt.tzinfo:
    from .request import current_work

    return current_work().timezone


def _date_pattern() -> str:
    from .request import site_setting

    if "crmhost_date_pattern" not in g:
        chosen = site_setting("site.date_format", "medium")
        # English without a country is that of the United States, whose medium date puts the month first.
        plain = chosen == "medium" and str(_locale()) == SOURCE_LOCALE
        g.crmhost_date_pattern = "d MMM y" if plain else chosen
    return str(g.crmhost_date_pattern)


def number(value: float | int | Decimal, digits: int | None = None) -> str:
    """A number in the reader's manner; ``digits`` after the point, when not given all of a decimal, at most three of a float."""
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    rounded = digits is not None or not isinstance(value, Decimal)
    return str(format_decimal(value, format=pattern, locale=_locale(), decimal_quantization=rounded))


def money(amount: int | Money, currency: str = "") -> str:
    """An amount in the reader's manner: “1 234,56 €”.

    :param amount: in minor units of the currency (ISO 4217 says how many make one), or money with its currency.
    :param currency: its three letters.
    """
    return in_words(amount if isinstance(amount, Money) else Money(amount, currency), _locale())


def short(value: float, currency: str = "") -> str:
    """A number as an axis shows it, in few letters: “1.5K”, “€20K”.

    :param currency: of an amount in major units.
    """
    locale = _locale()
    compact = str(format_compact_decimal(value, locale=locale, fraction_digits=1))
    if abs(value) >= LONG and not any(letter.isalpha() for letter in compact):
        # Some languages shorten from a million on; what they write in full they group.
        if not currency:
            return number(value, 0)
        pattern = locale.currency_formats["standard"].pattern.replace(".00", "")
        return str(format_currency(value, currency, pattern, locale=locale, currency_digits=False))
    return str(format_compact_currency(value, currency, locale=locale, fraction_digits=1)) if currency else compact


def parse_number(text: str) -> Decimal:
    """The number that somebody typed in the own manner: “1 234,56”, “1,234.56”, “1'234.56”.

    A comma or point that the reader's language knows for thousands counts as such where three digits follow each.

    :raises ValueError: when it is none.
    """
    text = _BLANKS.sub("", text)
    symbols = _locale().number_symbols["latn"]
    point, group = str(symbols["decimal"]), str(symbols["group"])
    other = "," if point == "." else "."
    if point in text and other in text:
        last, first = sorted((point, other), key=text.rfind, reverse=True)
        text = text.replace(first, "").replace(last, ".")
    elif other == group and re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(other)}\d{{3}})+", text):
        text = text.replace(other, "")
    else:
        text = text.replace(",", ".")
    if not re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", text):
        raise ValueError(gettext("Give a number."))
    return Decimal(text)


def field_number(value: Decimal | float | int, digits: int | None = None) -> str:
    """A number as a field shows it: the reader's decimal sign, nothing between thousands."""
    pattern = "0.##########" if digits is None else "0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(value, format=pattern, locale=_locale()))


def parse_day(text: str) -> dt.date:
    """The day that somebody typed: ISO 8601, or figures in the order of the own language.

    :raises ValueError: when it is none.
    """
    text = text.strip()
    try:
        return dt.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else _parse_date(text)
    except (ValueError, IndexError) as error:
        raise ValueError(gettext("Give a day, such as 2026-11-24.")) from error


def _parse_date(text: str) -> dt.date:
    if not re.fullmatch(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}", text):
        raise ValueError(text)
    return parse_date(text, locale="en_GB" if str(_locale()) == SOURCE_LOCALE else _locale())


def percent(value: float, digits: int = 1) -> str:
    """A share (0 to 1) as percent."""
    return str(format_percent(value, format="#,##0" + ("." + "0" * digits if digits else "") + "%", locale=_locale()))


def day(value: dt.date | dt.datetime | None) -> str:
    """A day; an instant gives its day in the site's zone."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        value = value.astimezone(_zone()).date()
    known: dict[dt.date, str] = g.setdefault("crmhost_days", {})
    if value not in known:
        known[value] = str(format_date(value, _date_pattern(), locale=_locale()))
    return known[value]


def long_day(value: dt.date | dt.datetime) -> str:
    """A day with its weekday, for headings: “Friday 13 November”; with the year when that is not the running one."""
    from .request import current_work

    if isinstance(value, dt.datetime):
        value = value.astimezone(_zone()).date()
    pattern = "EEEE d MMMM" if value.year == current_work().today.year else "EEEE d MMMM y"
    return str(format_date(value, pattern, locale=_locale()))


def clock(value: dt.datetime) -> str:
    """Hours and minutes in the site's zone."""
    return str(format_time(value.astimezone(_zone()), "HH:mm", locale=_locale()))


def moment(value: dt.datetime | None) -> str:
    """Day and time in the site's zone."""
    return "" if value is None else f"{day(value)}, {clock(value)}"


def ago(value: dt.datetime | None) -> str:
    """How long ago or how far ahead, rounded: “6 days ago”, “in 2 hours”, “just now”."""
    from .request import current_work

    if value is None:
        return ""
    delta = value - current_work().now
    if abs(delta) < dt.timedelta(seconds=45):
        return str(gettext("just now"))
    return str(format_timedelta(delta, add_direction=True, threshold=1.1, locale=_locale()))


def field_moment(value: dt.datetime | None) -> str:
    """An instant as ``<input type="datetime-local">`` wants it, in the site's zone."""
    return "" if value is None else value.astimezone(_zone()).strftime("%Y-%m-%dT%H:%M")


def shown(value: object) -> str:
    """A value of a message in the reader's manner."""
    match value:
        case bool():
            return str(value)
        case int() | float() | Decimal():
            return number(value)
        case dt.datetime():
            return moment(value)
        case dt.date():
            return day(value)
    return str(value)


FILTERS: dict[str, Any] = {
    "number": number,
    "percent": percent,
    "money": money,
    "day": day,
    "long_day": long_day,
    "clock": clock,
    "moment": moment,
    "ago": ago,
    "field_moment": field_moment,
}
