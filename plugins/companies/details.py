"""The box with what is known of a company."""

from __future__ import annotations

import dataclasses

from markupsafe import Markup

from crmhost.api import Work, custom_fields, users
from crmhost.web.api import country_choices, gettext, render_template, shown_custom_field

from .cells import source_label
from .fields import ADDRESSES
from .models import KIND, Company


@dataclasses.dataclass(frozen=True)
class Detail:
    """A line of the box; ``reveal`` is the key of an encrypted field that can be shown."""

    label: str
    value: str | Markup
    reveal: str = ""


def details(work: Work, company: Company) -> Markup:
    """What is known of the company, empty things left out."""
    lines = [
        Detail(gettext("E-mail"), _link("mailto:", company.email)),
        Detail(gettext("Main phone"), _link("tel:", company.main_phone)),
        Detail(gettext("Second phone"), _link("tel:", company.second_phone)),
        *(
            Detail(label, _address(work, getattr(company, name)))
            for name, label in zip(ADDRESSES, (gettext("Address"), gettext("Second address")), strict=True)
        ),
        Detail(gettext("Assigned to"), _owner(work, company)),
        *(Detail(_called(name), _profile(text)) for name, text in sorted((company.socials or {}).items())),
        Detail(gettext("Notes"), _lines(company.notes)),
        Detail(gettext("Source"), source_label(company.source)),
        *_custom(work, company),
    ]
    html = render_template("companies/details.html", company=company, details=[line for line in lines if line.value])
    return Markup(html)  # noqa: S704  # a template of ours


def _link(scheme: str, text: str) -> Markup:
    target = text if scheme == "mailto:" else "".join(sign for sign in text if sign.isdigit() or sign == "+")
    return Markup('<a href="{}{}">{}</a>').format(scheme, target, text) if text else Markup()


def _called(name: str) -> str:
    return {"x": "X", "linkedin": "LinkedIn", "facebook": "Facebook"}.get(name, name.capitalize())


def _profile(text: str) -> Markup:
    if text.startswith(("https://", "http://")):
        return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(text, text.partition("//")[2])
    return Markup("{}").format(text)


def _lines(text: str) -> Markup:
    return Markup("<br>").join(text.split("\n"))


def _address(work: Work, address: dict[str, str] | None) -> Markup:
    parts = address or {}
    country = dict(country_choices(work.locale)).get(parts.get("country", ""), parts.get("country", ""))
    city = " ".join(filter(None, (parts.get("postal_code"), parts.get("city"))))
    shown = (parts.get("line1"), parts.get("line2"), city, parts.get("county"), country)
    return Markup("<br>").join([line for line in shown if line])


def _owner(work: Work, company: Company) -> str:
    owner = company.assigned_to_id
    return users.names(work, [owner]).get(owner, "") if owner is not None else ""


def _custom(work: Work, company: Company) -> list[Detail]:
    custom = company.custom or {}
    found = []
    for key, field in custom_fields.by_key(work, KIND).items():
        if field.kind == "encrypted":
            may = custom.get(key) is not None and work.can("fields.reveal")
            found.append(Detail(field.label, "••••••" if custom.get(key) is not None else "", key if may else ""))
        else:
            found.append(Detail(field.label, shown_custom_field(field, custom.get(key))))
    return found
