"""The forms of other fees and goals."""

from __future__ import annotations

from typing import Any, ClassVar

from crmhost.api import Work, money, rates
from crmhost.web.api import (
    ChoiceField,
    DayField,
    NumberField,
    Section,
    TextField,
    VersionedForm,
    gettext,
    lazy_text,
)

from .entered import Fee, Goal
from .metrics import COUNTS, LABELS, METRICS

_CODE = {"maxlength": 3, "autocomplete": "off"}


class FeeForm(VersionedForm):
    """An other fee."""

    name = TextField(lazy_text("What for"), render_kw={"maxlength": 200, "autocomplete": "off"})
    amount = NumberField(lazy_text("Amount"))
    currency = TextField(lazy_text("Currency"), render_kw=_CODE)
    day = DayField(lazy_text("Date"), description=lazy_text("The first one, when it recurs."))
    every = ChoiceField(lazy_text("How often"))
    until = DayField(
        lazy_text("Until"), description=lazy_text("The last day on which it may fall; empty while nobody knows.")
    )
    sections: ClassVar[list[Section]] = [
        Section("fee", "", {"name": 3, "amount": 2, "currency": 1, "day": 2, "every": 2, "until": 2})
    ]

    def offer(self, work: Work, fee: Fee | None) -> None:
        """Fills the choices, and shows the amount with the digits of its currency."""
        self.every.offer(every_choices())
        currency = fee.currency if fee is not None else rates.base_currency(work)
        self.amount.places = money.digits_of(currency)

    def values(self) -> dict[str, Any]:
        """The fields as the service takes them."""
        return {name: self[name].data for name in ("name", "amount", "currency", "day", "every", "until")}


def every_choices() -> list[tuple[str, str]]:
    """How often a fee falls."""
    return [
        ("", gettext("Once")),
        ("month", gettext("Every month")),
        ("quarter", gettext("Every quarter")),
        ("year", gettext("Every year")),
    ]


def filled(fee: Fee) -> dict[str, Any]:
    """What the form shows of a fee."""
    data = {name: getattr(fee, name) for name in ("name", "currency", "day", "every", "until")}
    return {**data, "amount": fee.money.decimal, "version": str(fee.version)}


class GoalForm(VersionedForm):
    """A goal."""

    metric = ChoiceField(lazy_text("Figure"))
    every = ChoiceField(lazy_text("In each"))
    target = NumberField(
        lazy_text("Goal"), description=lazy_text("For discounts and fees: what they shall not exceed.")
    )
    currency = TextField(
        lazy_text("Currency"), render_kw=_CODE, description=lazy_text("Of money; customers have none.")
    )
    sections: ClassVar[list[Section]] = [Section("goal", "", {"metric": 2, "every": 1, "target": 2, "currency": 1})]

    def offer(self, goal: Goal | None) -> None:
        """Fills the choices, and shows the goal with the digits of its currency."""
        self.metric.offer((name, gettext(LABELS[name])) for name in METRICS)
        self.every.offer((("month", gettext("month")), ("quarter", gettext("quarter")), ("year", gettext("year"))))
        if goal is not None:
            self.target.places = money.digits_of(goal.currency) if goal.currency else 0

    def values(self) -> dict[str, Any]:
        """The fields as the service takes them."""
        return {name: self[name].data for name in ("metric", "every", "target", "currency")}


def filled_goal(goal: Goal) -> dict[str, Any]:
    """What the form shows of a goal."""
    target = goal.target if goal.metric in COUNTS else money.Money(goal.target, goal.currency).decimal
    values = {"metric": goal.metric, "every": goal.every, "target": target, "currency": goal.currency}
    return {**values, "version": str(goal.version)}
