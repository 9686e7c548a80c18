"""Countries: ISO 3166 codes from what people write."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from ..text import fold, sort_key

#: Languages whose names of countries are understood; the first wins where two languages use one name.
_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "uk", "ru")
#: What is often written and stands in neither list.
_HABITS = {
    "AE": ("uae",),
    "CI": ("ivory coast",),
    "CZ": ("czech republic",),
    "GB": ("uk", "great britain", "england", "scotland", "wales", "northern ireland"),
    "KR": ("south korea",),
    "NL": ("holland", "the netherlands"),
    "RU": ("russia",),
    "TR": ("turkey",),
    "US": ("u.s.", "u.s.a.", "united states of america", "america"),
}


def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code for a code of two or three letters or a name in one of ten languages; ``None`` if unknown."""
    known = _names()
    text = text.strip()
    return known.get(text.upper() if len(text) <= 3 else "") or known.get(fold(text))


def country_names() -> list[str]:
    """English names, for suggestions."""
    import pycountry

    return [country.name for country in pycountry.countries]


@functools.cache
def _names() -> dict[str, str]:
    import pycountry
    from babel import Locale

    known: dict[str, str] = {}
    for country in pycountry.countries:
        known[country.alpha_2] = known[country.alpha_3] = country.alpha_2
        for attribute in ("name", "common_name", "official_name"):
            name = getattr(country, attribute, "")
            if name:
                known.setdefault(fold(name), country.alpha_2)
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in known:
                known.setdefault(fold(name), code)
    for code, names in _HABITS.items():
        for name in names:
            known.setdefault(name, code)
    return known


def country_choices(locale: str) -> Iterable[tuple[str, str]]:
    """Countries by their name in a language: ISO 3166 code and name."""
    known = _countries.get(locale)
    if known is None:
        import pycountry
        from babel import Locale

        codes = {country.alpha_2 for country in pycountry.countries}
        names = Locale.parse(locale).territories
        known = sorted(((code, names.get(code, code)) for code in codes), key=lambda pair: sort_key(pair[1]))
        _countries[locale] = known
    return known


_countries: dict[str, list[tuple[str, str]]] = {}
