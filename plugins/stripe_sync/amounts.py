"""Amounts of Stripe: whole numbers of a smallest unit that is Stripe's own in some currencies."""

from __future__ import annotations

from decimal import Decimal

from crmhost.api import Invalid, Message, Money, money

#: Currencies whose amounts are whole units there.
_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
#: Currencies with thousandths. All others have hundredths, ISK and UGX too, which know none elsewhere.
_THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_LARGEST = 10**15


def digits(currency: str) -> int:
    """Places behind the point that Stripe's amounts of a currency have."""
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THOUSANDTHS else 2


def currency_of(value: object) -> str:
    """A currency as it is called here.

    :raises Invalid: when it is none.
    """
    code = str(value or "").upper()
    if not money.known_currency(code):
        raise Invalid(Message("“%(code)s” is no currency.", code=code[:20]))
    return code


def amount(value: object, currency: str, what: str) -> Money:
    """An amount of Stripe's, such as ``2000`` for 20.00 USD; ``what`` names it where it is none.

    :raises Invalid: when it is no whole number, or none that the currency has coins for.
    """
    try:
        number = int(str(value if value is not None else 0))
    except ValueError:
        number = _LARGEST
    exact = Decimal(number).scaleb(money.digits_of(currency) - digits(currency))
    if abs(number) >= _LARGEST or exact != exact.to_integral_value():
        raise Invalid(Message("“%(value)s” is no amount (%(what)s).", value=str(value)[:40], what=what))
    return Money(int(exact), currency)
