"""The fields of a transaction as forms, the API and imports give them: cleaned and checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from crmhost.api import Invalid, Message, Money, Work, money, record_fields, texts

from . import kinds, settings
from .models import KIND, Status, Transaction, Type

AMOUNTS = ("total", "fee", "tax", "discount", "shipping")
#: Columns whose old and new values stand in changes and in the audit log.
COLUMNS = (
    "ref", "name", "type_id", "status_id", "currency", *AMOUNTS, "at", "day", "description", "payment_method", "contact_id",
    "counted_contact_id", "company_id", "counted_company_id", "invoice_id", "source", "custom",
)  # fmt: skip
REFERENCES = ("contact_id", "company_id", "invoice_id")
LONGEST = {"ref": 120, "name": 200, "payment_method": 80, "source": 60, "description": 20_000}
MOST_LINES = 200
#: Fields that a transaction shares with other kinds of records.
_SHARED = ("custom", "tags", "external_ids")
_OWN = (*AMOUNTS, *REFERENCES, *LONGEST, "currency", "date", "type", "status", "lines")
_EARLIEST, _LATEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


class Known:
    """What fields refer to by name, read once for any number of transactions."""

    def __init__(self, work: Work) -> None:
        self.types: list[Type] = kinds.types(work)
        self.statuses: list[Status] = kinds.statuses(work)
        self.currency = str(work.settings.get("site.currency") or "EUR")
        if not self.types or not self.statuses:
            raise Invalid(
                "This site has no types or statuses of transactions yet: add one under Settings > Transactions."
            )

    def type_of(self, given: object) -> Type:
        """The type with this id or name. :raises Invalid: when there is none."""
        return kinds.find_among(self.types, given, "type")

    def status_of(self, given: object) -> Status:
        """The status with this id or name. :raises Invalid: when there is none."""
        return kinds.find_among(self.statuses, given, "status")

    def sign(self, type_id: int) -> int:
        """Whether a type adds, subtracts or does nothing."""
        return next((kind.sign for kind in self.types if kind.id == type_id), 0)


def prepare(
    work: Work, given: Mapping[str, Any], known: Known, current: Transaction | None, *, required: bool = False
) -> dict[str, Any]:
    """The fields as they will be stored: columns, and ``tags``, ``external_ids``, ``lines``. Only those that were given.

    :param given: ``ref``, ``name``, ``type``, ``status``, ``date``, ``currency``, ``total``, ``fee``, ``tax``, ``discount``,
        ``shipping`` (see :func:`crmhost.money.read`; a total that is left empty follows from the lines), ``description``,
        ``payment_method``, ``contact_id``, ``company_id``, ``invoice_id`` (which are looked up elsewhere), ``tags``, ``lines``,
        ``source``, ``external_ids``, ``custom``, ``custom.KEY``.
    :param current: the one that is changed, ``None`` for a new one.
    :param required: whether custom fields that have to be filled in are asked for.
    :raises Invalid: sentences by field.
    """
    cleaned = record_fields.clean(
        {name: value for name, value in given.items() if name in _SHARED or name.startswith("custom.")},
        work.timezone,
        work.now,
    )
    for name in given:
        if name not in _OWN and name not in _SHARED and not name.startswith("custom."):
            shown = texts.shorten(texts.clean_line(str(name)), 60)
            cleaned.refuse(name, Message("A transaction has no field “%(field)s”.", field=shown))
    for name, longest in LONGEST.items():
        if name in given:
            record_fields.text(
                cleaned, name, given[name], longest, lines=name == "description", folded=name in ("ref", "name")
            )
    for name in REFERENCES:
        if name in given:
            record_fields.reference(cleaned, name, given[name])
    if given.get("type") not in (None, ""):
        _kind(cleaned, "type_id", known.type_of, given["type"])
    if given.get("status") not in (None, ""):
        _kind(cleaned, "status_id", known.status_of, given["status"])
    if given.get("date") not in (None, ""):
        _date(work, cleaned, given["date"])
    _money(cleaned, given, known, current)
    record_fields.take_custom(work, cleaned, KIND, current.custom if current else None, required=required)
    values = cleaned.values
    if current is None:
        values.setdefault("type_id", known.types[0].id)
        values.setdefault("status_id", known.statuses[0].id)
    for name in ("ref", "name"):
        if not values.get(name) and name not in cleaned.errors and (current is None or name in values):
            cleaned.refuse(name, _MISSING[name])
    if cleaned.errors:
        raise Invalid(cleaned.errors)
    _subtracting(values, known, current)
    return values


_MISSING = {"ref": "Give the transaction a reference.", "name": "Give the transaction a name."}


def derived(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that follow from others."""
    return {f"{name}_key": texts.fold(values[name])[: LONGEST[name]] for name in ("ref", "name") if name in values}


def day_of(work: Work, at: dt.datetime) -> dt.date:
    """The day of an instant in the site's zone."""
    return at.astimezone(work.timezone).date()


# --- one field each --------------------------------------------------------------------------------------------------


def _kind(cleaned: record_fields.Cleaned, column: str, find: Callable[[object], Type | Status], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        name = column.removesuffix("_id")
        cleaned.refuse(name, Message("“%(field)s” must be a name or a number.", field=name))
        return
    try:
        cleaned.values[column] = find(value).id
    except Invalid as error:
        for name, sentences in error.errors.items():
            for sentence in sentences:
                cleaned.refuse(name, sentence)


def _date(work: Work, cleaned: record_fields.Cleaned, value: object) -> None:
    try:
        at = record_fields.instant(value, work.timezone)
    except (ValueError, TypeError, OverflowError):
        at = None
    if at is None or not _EARLIEST <= at <= _LATEST:
        shown = texts.shorten(texts.clean_line(str(value)), 60)
        cleaned.refuse("date", Message("“%(shown)s” is not a date such as 2026-03-31.", shown=shown))
    else:
        cleaned.values["at"], cleaned.values["day"] = at, day_of(work, at)


def _money(cleaned: record_fields.Cleaned, given: Mapping[str, Any], known: Known, current: Transaction | None) -> None:
    """The amounts, all of one currency."""
    usual = current.currency if current else known.currency
    if given.get("currency") not in (None, ""):
        try:
            usual = Money(0, _code(given["currency"])).currency
        except ValueError as error:
            cleaned.refuse("currency", str(error))
            return
    found: dict[str, Money] = {}
    for name in AMOUNTS:
        if name in given:
            try:
                found[name] = money.read(given[name], usual) or Money.zero(usual)
            except ValueError as error:
                cleaned.refuse(name, str(error))
    currency = usual
    if given.get("currency") in (None, "") and found:
        currency = found.get("total", next(iter(found.values()))).currency
    lines = _lines(cleaned, given["lines"], currency) if "lines" in given else None
    if lines is not None:
        cleaned.values["lines"] = lines
        if lines and given.get("total") in (None, "") and (current is None or "total" in given):
            found["total"] = _of_lines(lines, found, currency, current)
    for name, amount in found.items():
        if amount and amount.currency != currency:
            said = Message("All amounts of a transaction are in one currency, here %(currency)s.", currency=currency)
            cleaned.refuse(name, said)
        elif name not in ("total",) and amount.amount < 0:
            cleaned.refuse(name, "This amount can't be below zero.")
        else:
            cleaned.values[name] = amount.amount
    if current is not None and currency != current.currency:
        for name in AMOUNTS:
            if name not in given and getattr(current, name):
                said = Message("Give this amount in %(currency)s too.", currency=currency)
                cleaned.refuse(name, said)
    if current is None or currency != current.currency:
        cleaned.values["currency"] = currency


def _code(value: object) -> str:
    code = texts.clean_line(str(value)).upper()
    if not money.known_currency(code):
        said = Message(
            "“%(value)s” is not a currency: give the three letters of ISO 4217, such as EUR.", value=code[:20]
        )
        raise ValueError(said)
    return code


def _of_lines(
    lines: Sequence[Mapping[str, Any]], found: Mapping[str, Money], currency: str, current: Transaction | None
) -> Money:
    """What lines come to, with what else was given."""
    amount = sum(line["total"] for line in lines)
    for name, sign in (("tax", 1), ("shipping", 1), ("discount", -1)):
        amount += sign * (found[name].amount if name in found else getattr(current, name, 0))
    return Money(amount, currency)


def _lines(cleaned: record_fields.Cleaned, value: object, currency: str) -> list[dict[str, Any]] | None:
    if value is None:
        value = []
    if not isinstance(value, (list, tuple)) or not all(isinstance(line, Mapping) for line in value):
        cleaned.refuse("lines", "Give the lines as a list of title, quantity, unit price and total.")
        return None
    if len(value) > MOST_LINES:
        cleaned.refuse("lines", Message("A transaction has at most %(most)s lines.", most=MOST_LINES))
        return None
    found = []
    for place, line in enumerate(value):
        try:
            found.append(_line(line, currency))
        except ValueError as error:
            cleaned.refuse("lines", Message("Line %(number)s: %(why)s", number=place + 1, why=error.args[0]))
    return found


def _line(line: Mapping[str, Any], currency: str) -> dict[str, Any]:
    if set(line) - {"title", "quantity", "unit_price", "total"}:
        raise ValueError(Message("a line has a title, a quantity, a unit price and a total."))
    title = line.get("title") or ""
    if not isinstance(title, str) or len(texts.clean_line(title)) > 300:
        raise ValueError(Message("give a title of at most 300 characters."))
    wrong = Message("the quantity must be a number such as 1.5.")
    quantity = money.read_decimal(line.get("quantity", "1") or "1", wrong)
    if quantity is None or abs(quantity) >= 10**9 or -quantity.as_tuple().exponent > 6:  # type: ignore[operator]  # it is finite
        raise ValueError(wrong)
    price = money.read(line.get("unit_price"), currency) or Money.zero(currency)
    total = money.read(line.get("total"), currency)
    if price.currency != currency or (total is not None and total.currency != currency):
        raise ValueError(
            Message("all amounts of a transaction are in one currency, here %(currency)s.", currency=currency)
        )
    worth = total.amount if total is not None else money.round_half_up(price.amount * quantity)
    if abs(worth) >= money.LARGEST * 100:
        raise ValueError(Message("this amount is too large."))
    text = f"{quantity.normalize() if quantity else Decimal(0):f}"
    return {"title": texts.clean_line(title), "quantity": text[:20], "unit_price": price.amount, "total": worth}


def _subtracting(values: dict[str, Any], known: Known, current: Transaction | None) -> None:
    """Makes the total of what subtracts positive: a refund of -20 and one of 20 are the same."""
    type_id = values.get("type_id") or (current.type_id if current else 0)
    total = values.get("total", current.total if current else 0)
    if total < 0 and known.sign(type_id) < 0:
        values["total"] = -total


def methods(work: Work, current: str = "") -> list[str]:
    """Payment methods to choose from, that of a transaction among them."""
    offered = settings.methods(work)
    return offered if not current or current in offered else [current, *offered]
