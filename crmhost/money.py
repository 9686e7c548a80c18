"""Money: whole minor units of one currency, so that no sum is ever rounded by accident.

Digits of a currency are those of ISO 4217, which payment providers count in too; what a locale likes to show may differ.
Rounding is commercial (half away from zero), at one place: where a share or a product becomes minor units.
"""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from .messages import Message

if TYPE_CHECKING:
    from babel import Locale

__all__ = [
    "LARGEST",
    "CurrencyMismatch",
    "Money",
    "allocate",
    "digits_of",
    "in_words",
    "known_currency",
    "of_text",
    "read",
    "read_decimal",
    "round_half_up",
    "share",
    "total",
]

#: Amounts below this are taken from outside; sums of a million of them still fit a column of the database.
LARGEST = 10**12
#: ISO 4217, table A.1: currencies whose minor unit is not a hundredth.
_NONE = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_FOUR = ("CLF", "UYW")
_DIGITS = dict.fromkeys(_NONE, 0) | dict.fromkeys(_THREE, 3) | dict.fromkeys(_FOUR, 4)
_CODE = re.compile(r"[A-Z]{3}")
_CODE_BEFORE_OR_AFTER = re.compile(r"\s*([A-Za-z]{3})\b|.*\b([A-Za-z]{3})\s*$", re.S)
_BLANKS = re.compile(r"[\s\u00a0\u202f'’]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.I)
_SMALLEST = Message("Give the amount as a whole number of the smallest unit, such as 1250 for 12.50.")


class CurrencyMismatch(ValueError):
    """Two currencies were to be added or compared."""


@dataclasses.dataclass(frozen=True, order=False)
class Money:
    """An amount of one currency.

    :param amount: in minor units: 1250 is 12.50 EUR, or 1,250 JPY.
    :param currency: ISO 4217 code, in capitals.
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int):
            raise TypeError(f"an amount of money is a whole number of minor units, not {self.amount!r}")
        if not _CODE.fullmatch(self.currency):
            raise ValueError(f"“{self.currency}” is not an ISO 4217 code")

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in a currency."""
        return cls(0, currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in the main unit, with all digits of the currency."""
        return Decimal(self.amount).scaleb(-digits_of(self.currency))

    def json(self) -> dict[str, Any]:
        """As the API gives it."""
        return {"amount": self.amount, "currency": self.currency}

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} can't be added or compared")
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        """The same in every language: “12.50 EUR”; pages show ``crmhost.web.api.money``."""
        return f"{self.decimal:f} {self.currency}"


def digits_of(currency: str) -> int:
    """Digits after the point of a currency (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, 2)


def known_currency(code: str) -> bool:
    """Whether three letters are a currency of ISO 4217."""
    import pycountry

    return bool(_CODE.fullmatch(code)) and pycountry.currencies.get(alpha_3=code) is not None


# --- rounding and dividing --------------------------------------------------------------------------------------------


def round_half_up(exact: Decimal) -> int:
    """The nearest whole number; a half goes away from zero."""
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share(amount: int, percent: Decimal) -> int:
    """So many per cent of an amount in minor units, rounded half up."""
    return round_half_up(amount * percent / 100)


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Parts of an amount by weight whose sum is the amount: what rounding leaves goes, unit by unit, to the largest remainders.

    :param weights: none below zero; when all are zero, the first part takes everything.
    :raises ValueError: when there is no weight, or one below zero.
    """
    if not weights or min(weights) < 0:
        raise ValueError("weights are needed, none of them below zero")
    whole = sum(weights)
    if whole == 0:
        return [amount, *[0] * (len(weights) - 1)]
    sign = -1 if amount < 0 else 1
    parts, remainders = zip(*(divmod(abs(amount) * weight, whole) for weight in weights), strict=True)
    found = list(parts)
    for index in sorted(range(len(found)), key=lambda i: (-remainders[i], i))[: abs(amount) - sum(found)]:
        found[index] += 1
    return [sign * part for part in found]


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts that are all of one currency.

    :raises CurrencyMismatch: when one is of another.
    """
    found = Money.zero(currency)
    for one in amounts:
        found += one
    return found


def in_words(amount: Money, locale: Locale) -> str:
    """An amount as people of a language write it, with all digits of its currency: “1 234,56 €”."""
    pattern = copy.copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits_of(amount.currency),) * 2
    return str(pattern.apply(amount.decimal, locale, currency=amount.currency, currency_digits=False))


# --- from outside -----------------------------------------------------------------------------------------------------


def read(raw: Any, currency: str) -> Money | None:
    """Money as a form, the API or a file gives it; ``None`` for nothing.

    :param raw: ``{"amount": minor units, "currency": code}``, a number or text in the main unit, with or without the code:
        ``"12.50"``, ``"EUR 1.234,50"``.
    :param currency: taken when none is given with it.
    :raises ValueError: with a sentence, when it can't be taken.
    """
    if isinstance(raw, Money):
        return raw
    if raw is None:
        return None
    if isinstance(raw, Mapping):
        amount, given = raw.get("amount"), _code(raw.get("currency") or currency)
        if isinstance(amount, bool) or not isinstance(amount, int):
            raise ValueError(_SMALLEST)
        return _checked(amount, given)
    return of_text(raw, currency)


def of_text(raw: Any, currency: str) -> Money | None:
    """Money of a number or a text in the main unit; see :func:`read`."""
    given = currency
    if isinstance(raw, str):
        code = _CODE_BEFORE_OR_AFTER.match(raw)
        if code:
            given = code[1] or code[2]
            raw = raw.replace(given, "", 1)
    wrong = Message("This must be an amount of money, such as 12.50.")
    number = read_decimal(raw, wrong)
    if number is None and given != currency:
        # A word of three letters alone is no amount, though many are the code of a currency.
        raise ValueError(wrong)
    given = _code(given)
    if number is None:
        return None
    digits = digits_of(given)
    scaled = number.scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise ValueError(Message("%(currency)s has %(digits)s digits after the point.", currency=given, digits=digits))
    return _checked(int(scaled), given)


def _code(given: Any) -> str:
    code = given.strip().upper() if isinstance(given, str) else ""
    if not known_currency(code):
        raise ValueError(
            Message(
                "“%(value)s” is not a currency: give the three letters of ISO 4217, such as EUR.", value=str(given)[:20]
            )
        )
    return code


def _checked(amount: int, currency: str) -> Money:
    if abs(amount) >= LARGEST * 10 ** digits_of(currency) // 100:
        raise ValueError(Message("This amount is too large."))
    return Money(amount, currency)


def read_decimal(raw: Any, wrong: str) -> Decimal | None:
    """A number as programs and people write it, with a point or a comma; ``None`` for a blank text.

    :param wrong: the sentence for what is none.
    :raises ValueError: with that sentence.
    """
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float, Decimal)):
        raise ValueError(wrong)
    text = _BLANKS.sub("", str(raw))
    if not text:
        return None
    marks = [text.rfind(","), text.rfind(".")]
    if min(marks) >= 0:
        text = text.replace("," if marks[0] < marks[1] else ".", "")
    text = text.replace(",", ".")
    try:
        number = Decimal(text) if len(text) <= 40 and _NUMBER.fullmatch(text) else None
    except InvalidOperation:
        number = None
    if number is None:
        raise ValueError(wrong)
    return number
