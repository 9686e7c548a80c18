"""Papers: documents for people outside, as HTML and PDF. Made in a request or in a job, in the language of who gets them."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal
from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from markupsafe import Markup, escape

from ..core import placeholders
from ..core.settings import logo as logos
from ..documents import pdf
from ..documents.model import Percent
from ..messages import Message
from ..money import Money
from ..work.unit import Work
from .assets import read_manifest
from .i18n import SOURCE_LOCALE, Catalogues, shown
from .static import BUNDLE_FOLDER
from .templating import CORE_OWNER, CORE_TEMPLATES, Bytecode, plain
from .themes.files import choose

__all__ = ["PAGE_SIZES", "paper_html", "paper_pdf", "text_in"]

PAGE_SIZES = {"A4": "A4", "letter": "Letter"}
_LOGO = "logo"


def paper_html(
    work: Work,
    template: str,
    *,
    language: str = "",
    files: Mapping[str, pdf.PdfFile] | None = None,
    logo: str | None = None,
    page_size: str = "A4",
    **context: Any,
) -> str:
    """The HTML of a paper, for its PDF.

    :param template: of the plugin, such as ``"invoices/pdf/paper.html"``, which extends ``crmhost/paper.html``; the site's
        theme may have one of its own.
    :param language: of who gets it; empty for the site's. ``_`` and the filters ``money``, ``day`` and ``number`` follow it.
    :param files: as :func:`paper_pdf` takes them; one named ``logo`` stands on top.
    :param logo: of the site, as the setting ``site.logo`` named it when the paper was frozen; ``None`` for that in force.
    :param page_size: ``"A4"`` or ``"letter"``.
    """
    language = language or str(work.settings.get("site.language") or work.locale or SOURCE_LOCALE)
    environment = _environment(work, language)
    given = {
        "language": language,
        "page_size": PAGE_SIZES[page_size],
        "print_styles": _styles(),
        "logo": f"crmhost:/file/{_LOGO}" if _LOGO in (files or {}) or _logo_name(work, logo) else "",
        "site_name": str(work.settings.get("site.name") or ""),
    }
    return environment.get_template(template).render({**given, **context})


def paper_pdf(
    work: Work,
    template: str,
    *,
    language: str = "",
    files: Mapping[str, pdf.PdfFile] | None = None,
    logo: str | None = None,
    page_size: str = "A4",
    created: dt.datetime | None = None,
    **context: Any,
) -> bytes:
    """A paper as PDF; what it takes is as for :func:`paper_html`. Not inside a transaction: it takes tenths of a second.

    :param files: media type and bytes by name, for ``<img src="crmhost:/file/NAME">``.
    :param created: the time that the PDF bears; now when none is given. With the same time the same paper has the same bytes.
    :raises PdfError: when it can't be made.
    """
    name = _logo_name(work, logo)
    content = logos.picture(work, name) if name and _LOGO not in (files or {}) else None
    if content is not None:
        files = {**(files or {}), _LOGO: (logos.MEDIA_TYPE, content)}
    html = paper_html(work, template, language=language, files=files, logo="", page_size=page_size, **context)
    return pdf.render(html, files=files, created=created or work.now)


def _logo_name(work: Work, given: str | None) -> str:
    return logos.current(work) if given is None else given


def text_in(work: Work, text: str, language: str = "") -> str:
    """A text of the code in a language, for mails to people outside; what no catalogue has stays English.

    :param language: of who gets it; empty for the site's.
    """
    language = language or str(work.settings.get("site.language") or work.locale or SOURCE_LOCALE)
    catalogue = Catalogues(work.generation).of(str(_locale(language).language))
    return text.told(catalogue, shown) if isinstance(text, Message) else catalogue.gettext(text)


class _Loader(BaseLoader):
    """Templates of themes, then those of the owner."""

    def __init__(self, work: Work) -> None:
        themes, _fault = choose(work.theme_folders, str(work.settings.get("site.theme") or "default"), plain)
        self._themes = [theme.templates for theme in themes]
        self._owners = {plugin.id: plugin.folder / "templates" for plugin in work.generation.plugins}
        self._owners[CORE_OWNER] = CORE_TEMPLATES

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:  # noqa: ARG002
        """The source, its file, and whether it is still the newest."""
        owner, _, rest = template.partition("/")
        if not rest or any(part in ("", ".", "..") for part in template.split("/")) or "\\" in template:
            raise TemplateNotFound(template)
        for folder in [*self._themes, *([self._owners[owner]] if owner in self._owners else [])]:
            path: Path = folder / template
            if path.is_file():
                return path.read_text("utf-8"), str(path), lambda: True
        raise TemplateNotFound(template)


def _environment(work: Work, language: str) -> Environment:
    locale = _locale(language)
    catalogue = Catalogues(work.generation).of(str(locale.language))

    def number(value: Decimal | int) -> str:
        return str(format_decimal(value, locale=locale, decimal_quantization=False))

    def money(amount: Money) -> str:
        return placeholders.money(work, amount, language)

    def translated(text: str, /, **values: object) -> Markup:
        said = text.told(catalogue, shown) if isinstance(text, Message) else catalogue.gettext(text)
        html = Markup(str(escape(said)))  # noqa: S704  # escaped here
        return html % values if values else html

    def discount(given: Money | Percent | None) -> str:
        return "" if given is None else f"{number(given.value)} %" if isinstance(given, Percent) else money(given)

    made = Environment(
        loader=_Loader(work),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        bytecode_cache=_bytecode_of(str(locale)),
    )
    made.globals.update(_=translated)
    made.filters.update(
        money=money, number=number, discount=discount, day=lambda date: placeholders.day(work, date, language)
    )
    return made


@functools.lru_cache(maxsize=16)
def _bytecode_of(_locale: str) -> Bytecode:
    """What was compiled for a language: what filters make of constants becomes part of it."""
    return Bytecode()


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale(SOURCE_LOCALE)


def _styles() -> Markup:
    name = str(read_manifest().get("print.css", ""))
    return _styles_of(BUNDLE_FOLDER / name) if name else Markup()


@functools.lru_cache(maxsize=4)
def _styles_of(path: Path) -> Markup:
    """The style sheet of papers, with its typeface at our own addresses."""
    text = path.read_text("utf-8").replace('url("./', 'url("crmhost:/font/')
    return Markup(text)  # noqa: S704  # our own file
