"""The field for the lines of a document: rows to fill in, discounts, shipping, and the totals that the server computes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from wtforms import Field
from wtforms.validators import StopValidation

from ...documents import Document, Percent, TaxRate, Totals, calculate, read
from ...documents.model import plain
from ...documents.reading import MOST_LINES
from ...errors import Invalid
from ...money import Money, digits_of

_CELLS = ("title", "text", "quantity", "unit_price", "discount")
_KEY = re.compile(r"[0-9]{1,6}\Z")
_BLANK = 3


@dataclasses.dataclass
class LineRow:
    """One row as it was typed; ``errors`` by cell. ``at`` is its place among the lines, ``None`` when it is blank."""

    key: str
    cells: Mapping[str, str]
    taxes: frozenset[str] = frozenset()
    errors: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    at: int | None = None

    @property
    def blank(self) -> bool:
        """Whether nothing was typed."""
        return not any(self.cells.get(name) for name in _CELLS)


class LinesField(Field):
    """The lines of a document with its discount and shipping; ``data`` is a :class:`~crmhost.api.documents.Document`.

    Mistakes stand at their cells and nothing typed is lost. ``fill`` it where currency and rates are known with the request only.
    Where scripts don't run, a button sends the form to have the totals computed; the form is then never valid.

    :param currency: of all amounts.
    :param rates: the taxes to choose from; those that the document has already stay to be chosen.
    :param hours: whether quantities are called hours when the document is new.
    :param prices_include_tax: whether prices have tax in them when the document is new.
    :param shipping: whether shipping can be given.
    :param plain: lines alone, of title, quantity and price: no text, discounts, taxes, shipping.
    """

    data: Document | None

    def __init__(
        self,
        label: str = "",
        *,
        currency: str = "EUR",
        rates: Iterable[TaxRate] = (),
        hours: bool = False,
        prices_include_tax: bool = False,
        shipping: bool = True,
        plain: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.with_shipping, self.plain = shipping and not plain, plain
        self.hours, self.included = hours, prices_include_tax
        self.rows: list[LineRow] = []
        self.whole: dict[str, str] = {"discount": "", "shipping": ""}
        self.shipping_taxes: frozenset[str] = frozenset()
        self.errors_of: dict[str, list[str]] = {}
        self.update = False
        self._sent: Any = None
        self.fill(currency, rates)

    def fill(self, currency: str, rates: Iterable[TaxRate], usual: Iterable[TaxRate] | None = None) -> None:
        """Sets the currency and the taxes to choose from, and reads what was sent by them.

        :param usual: those of a new line; the first one when left out.
        """
        self.currency = currency
        self.rates = list(rates)
        self.usual = self.rates[:1] if usual is None else list(usual)
        if self._sent is not None:
            self._take(self._sent)

    # --- what was stored, what was sent ---------------------------------------------------------------------------------

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:  # noqa: ARG002
        """Takes the document, and over it what was sent."""
        self.process_errors: list[str] = []
        self.data = self.object_data = data if isinstance(data, Document) else None
        self.raw_data = None
        if self.data is not None:
            self._show(self.data)
        if formdata is not None and f"{self.name}-sent" in formdata:
            self._sent = formdata
            self._take(formdata)

    def _show(self, document: Document) -> None:
        self.currency, self.hours, self.included = document.currency, document.hours, document.prices_include_tax
        self.rows = [
            LineRow(
                str(at),
                {
                    "title": line.title,
                    "text": line.text,
                    "quantity": self._number(line.quantity),
                    "unit_price": self._money(line.unit_price),
                    "discount": self._discount(line.discount),
                },
                frozenset(map(rate_value, line.taxes)),
                at=at,
            )
            for at, line in enumerate(document.lines)
        ]
        self.whole = {"discount": self._discount(document.discount), "shipping": self._money(document.shipping)}
        self.shipping_taxes = frozenset(map(rate_value, document.shipping_taxes))

    def _take(self, sent: Any) -> None:
        """Reads what was sent; the document stays ``None`` while something is wrong with it."""
        prefix = f"{self.name}-"
        found = (name.removeprefix(prefix).partition("-") for name in sent if name.startswith(prefix))
        keys = list(dict.fromkeys(key for key, dash, _cell in found if dash and _KEY.match(key)))[: MOST_LINES + 1]

        def text(name: str) -> str:
            return str(sent.get(prefix + name, "")).replace("\0", "")

        self.rows = [
            LineRow(
                key,
                {cell: text(f"{key}-{cell}").strip() for cell in _CELLS},
                frozenset(sent.getlist(f"{prefix}{key}-tax")[:20]),
            )
            for key in keys
        ]
        self.whole = {name: text(name).strip() for name in ("discount", "shipping")}
        self.shipping_taxes = frozenset(sent.getlist(f"{prefix}shipping-tax")[:20])
        self.hours, self.included = text("hours") == "1", text("included") == "1"
        self.update = bool(text("update"))
        wanted = [row for row in self.rows if not row.blank]
        for at, row in enumerate(wanted):
            row.at = at
        raw = {
            "lines": [
                {
                    **{cell: row.cells[cell] for cell in ("title", "text")},
                    "quantity": self._typed(row.cells["quantity"]) or None,
                    "unit_price": self._typed(row.cells["unit_price"]),
                    "discount": self._typed_discount(row.cells["discount"]),
                    "taxes": self._chosen(row.taxes),
                }
                for row in wanted
            ],
            "discount": self._typed_discount(self.whole["discount"]),
            "shipping": self._typed(self.whole["shipping"]) if self.with_shipping else None,
            "shipping_taxes": self._chosen(self.shipping_taxes) if self.with_shipping else (),
            "prices_include_tax": self.included,
            "hours": self.hours,
        }
        self.errors_of = {}
        try:
            self.data = read(raw, self.currency)
        except Invalid as refused:
            self.data = None
            for name, sentences in refused.errors.items():
                parts = name.split(".")
                if parts[0] == "lines" and len(parts) > 2:
                    wanted[int(parts[1])].errors.setdefault(parts[2], []).extend(map(_, sentences))
                else:
                    self.errors_of.setdefault(parts[0], []).extend(map(_, sentences))

    def _typed(self, text: str) -> str:
        """A number as programs write it; what is none is left for the reader to refuse."""
        from ..i18n import parse_number

        try:
            return f"{parse_number(text):f}" if text else ""
        except ValueError:
            return text

    def _typed_discount(self, text: str) -> str:
        return f"{self._typed(text[:-1].strip())}%" if text.endswith("%") else self._typed(text)

    def _chosen(self, values: Iterable[str]) -> list[TaxRate]:
        known = {rate_value(rate): rate for rate in self.offered}
        return [known[value] for value in known if value in values]

    @property
    def offered(self) -> list[TaxRate]:
        """The taxes to choose from: those of the site, and those that the document has."""
        held: list[TaxRate] = []
        if isinstance(self.object_data, Document):
            lists = [line.taxes for line in self.object_data.lines] + [self.object_data.shipping_taxes]
            held = [rate for some in lists for rate in some]
        return list(dict.fromkeys([*self.rates, *held]))

    # --- what is shown -----------------------------------------------------------------------------------------------------

    @property
    def shown_rows(self) -> list[LineRow]:
        """The rows, and blank ones after them for whoever has no scripts."""
        used = [row for row in self.rows if not row.blank] or []
        first = max((int(row.key) for row in self.rows), default=-1) + 1
        return [*used, *(self.blank_row(str(first + at)) for at in range(1 if used else _BLANK))]

    def blank_row(self, key: str) -> LineRow:
        """A row to be filled in; it has the usual tax."""
        return LineRow(key, dict.fromkeys(_CELLS, ""), frozenset(map(rate_value, self.usual)))

    def said(self, value: Any) -> str:
        """The lines as a person compares them with others: one below the other, and what they come to."""
        from ..i18n import money

        if not isinstance(value, Document):
            return "–"
        totals = calculate(value)
        lines = [
            f"{line.title}: {self._number(line.quantity)} × {money(line.unit_price)}"
            + (f" − {self._discount(line.discount)}" if line.discount else "")
            + "".join(f", {rate.name} {self._number(rate.percent)} %" for rate in line.taxes)
            for line in value.lines
        ]
        return "\n".join([*lines, f"{_('Total')}: {money(totals.total)}"])

    @property
    def totals(self) -> Totals | None:
        """What the lines come to; ``None`` while something is wrong with them."""
        return None if self.data is None else calculate(self.data)

    @property
    def offers(self) -> list[tuple[str, TaxRate]]:
        """The taxes to choose from, with the values that are sent."""
        return [(rate_value(rate), rate) for rate in self.offered]

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """:raises StopValidation: when a cell can't be taken, or when only the totals were wanted."""
        if self.update:
            raise StopValidation(_("The totals below are up to date: check them, then save."))
        if self.data is None and self._sent is not None:
            first = next((say for row in self.rows for some in row.errors.values() for say in some), "")
            more = [say for some in self.errors_of.values() for say in some]
            raise StopValidation(first or (more[0] if more else _("Correct the lines.")))

    def _number(self, number: Decimal) -> str:
        from ..i18n import field_number

        return field_number(number)

    def _money(self, amount: Money | None) -> str:
        from ..i18n import field_number

        return "" if amount is None else field_number(amount.decimal, digits_of(amount.currency))

    def _discount(self, discount: Money | Percent | None) -> str:
        if isinstance(discount, Percent):
            return f"{self._number(discount.value)} %"
        return self._money(discount)


def rate_value(rate: TaxRate) -> str:
    """A tax as a form sends it."""
    return f"{plain(rate.percent)} {rate.name}"


def rate_of(value: str) -> TaxRate | None:
    """The tax that :func:`rate_value` wrote; ``None`` for anything else."""
    percent, _blank, name = value.partition(" ")
    if not name or not re.fullmatch(r"\d{1,4}(\.\d{1,4})?", percent):
        return None
    return TaxRate(name[:60], Decimal(percent))
