"""Forms of settings pages, made from what plugins declare."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext

from ...contributions import Setting
from ...web.forms import (
    AreaField,
    ChoiceField,
    EmailField,
    Form,
    SecretField,
    Section,
    SwitchField,
    TextField,
    UrlField,
)
from ...web.i18n import language_names
from ...web.state import state
from ...work.unit import Work
from .services import SettingsView
from .values import time_zones

#: Lists longer than this get a field of several lines.
_LONG_LIST = 80


def _zones(work: Work) -> list[tuple[str, str]]:  # noqa: ARG001
    return [(name, name.replace("_", " ")) for name in sorted(time_zones()) if "/" in name or name == "UTC"]


def _currencies(work: Work) -> list[tuple[str, str]]:
    from babel.numbers import get_currency_name
    from pycountry import currencies

    codes = sorted(currency.alpha_3 for currency in currencies)
    return [(code, f"{code} – {get_currency_name(code, locale=work.locale)}") for code in codes]


def _languages(work: Work) -> list[tuple[str, str]]:  # noqa: ARG001
    return [("", gettext("That of each browser")), *language_names(state().catalogues.languages())]


#: Settings of the core whose values the form offers, although the command line takes them as text.
_OFFERED: Mapping[str, Callable[[Work], Sequence[tuple[str, str]]]] = {
    "site.timezone": _zones,
    "site.currency": _currencies,
    "site.language": _languages,
}


def settings_form(work: Work, settings: Sequence[Setting], title: str = "") -> Form:
    """The form with these settings, filled with what is stored."""
    fields: dict[str, Any] = {setting.key: _field(work, setting) for setting in settings}
    made = type("SettingsForm", (Form,), {**fields, "sections": _sections(settings, title)})
    form: Form = made(data={setting.key: _shown(work, setting) for setting in settings})
    return form


def raw_values(form: Form, settings: Sequence[Setting]) -> dict[str, Any]:
    """What the form holds, as the service takes it."""
    return {setting.key: form._fields[setting.key].data for setting in settings}


def _sections(settings: Sequence[Setting], title: str) -> list[Section]:
    narrow = ("integer", "number", "choice", "boolean")
    widths = {setting.key: 3 if setting.kind in narrow or setting.key in _OFFERED else 6 for setting in settings}
    return [Section("settings", title, widths)]


def _shown(work: Work, setting: Setting) -> Any:
    if setting.kind == "secret":
        return ""
    value = work.settings.get(setting.key)
    if setting.kind == "json":
        return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)
    if setting.kind == "list":
        parts = [str(part) for part in value or ()]
        return "\n".join(parts) if len(", ".join(parts)) > _LONG_LIST else ", ".join(parts)
    if setting.kind == "boolean":
        return bool(value)
    return "" if value is None else str(value)


def _field(work: Work, setting: Setting) -> Any:
    label, text = gettext(setting.label or setting.key), gettext(setting.help) if setting.help else ""
    if setting.key in _OFFERED:
        return ChoiceField(label, choices=_with_current(work, setting, _OFFERED[setting.key](work)), description=text)
    match setting.kind:
        case "boolean":
            return SwitchField(label, description=text)
        case "choice":
            return _choice(work, setting, label, text)
        case "secret":
            kept = isinstance(work.settings, SettingsView) and work.settings.is_set(setting.key)
            return SecretField(label, kept=kept, description=text)
        case "long_text" | "json":
            return AreaField(label, description=text, render_kw={"rows": 4})
        case "list":
            long = len(", ".join(str(part) for part in work.settings.get(setting.key) or ())) > _LONG_LIST
            said = text or gettext("Separate them by commas.")
            return AreaField(label, description=text) if long else TextField(label, description=said)
        case "email":
            return EmailField(label, description=text)
        case "url":
            return UrlField(label, description=text)
        case "integer":
            return TextField(label, description=text, render_kw={"inputmode": "numeric"})
        case "number":
            return TextField(label, description=text, render_kw={"inputmode": "decimal"})
        case _:
            return TextField(label, description=text)


def _choice(work: Work, setting: Setting, label: str, text: str) -> ChoiceField:
    choices = setting.choices
    if callable(choices):
        choices = work.generation.run(
            setting.plugin, f"setting {setting.key}", choices, work, default=(), gives=Sequence
        )
    pairs = [(str(value), gettext(name)) for value, name in choices]
    empty = not setting.default and not any(value == "" for value, _ in pairs)
    return ChoiceField(label, choices=pairs, none="–" if empty else None, description=text)


def _with_current(work: Work, setting: Setting, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The choices, with the stored value among them even when it is no usual one."""
    current = str(work.settings.get(setting.key) or "")
    known = any(value == current for value, _ in pairs)
    return [*pairs] if known or not current else [(current, current), *pairs]
