"""What a page of figures was asked for: period, comparison, currency, the part it is narrowed to; and addresses that keep it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from crmhost.api import Invalid, Message, Work, keyset, rates, texts, users
from crmhost.web.api import url_for

from . import figures, periods
from .figures import DIMENSIONS, METRICS, Narrowed
from .periods import Period
from .settings import COMPARE, PERIOD

#: Preference of a user: what they looked at last.
REMEMBERED = "sales_dashboard.view"
#: The currency of an address for everything in the base currency.
ALL = "all"
#: Letters of a value of an address: as many as a product may have in its title.
_LONGEST = 300
#: Dimensions whose keys are ids.
_NUMBERED = ("tag", "type", "owner")


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a page shows.

    :param currency: empty for everything in the base currency.
    :param shown: the currency that amounts are in; ``base`` that of the site.
    :param metric: the figure of the large chart.
    :param currencies: those that there are, the site's first.
    :param where: the one part that figures are narrowed to.
    :param problem: why what was asked for could not be taken; the usual is shown instead.
    """

    work: Work
    period: Period
    currency: str
    shown: str
    base: str
    metric: str
    currencies: tuple[str, ...]
    where: Narrowed | None = None
    problem: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What leads here again."""
        given = {**self.period.query(), "currency": self.currency or ALL, "chart": self.metric}
        if len(self.currencies) < 2:
            given.pop("currency")
        if self.where is not None:
            given |= {"by": self.where.dimension, "key": self.where.key}
        return given

    def url(self, endpoint: str, /, **changes: Any) -> str:
        """The address of a page for the same period; changes that are ``None`` go out of it."""
        given = {**self.query, **changes}
        return url_for(
            f"sales_dashboard.{endpoint}", **{name: value for name, value in given.items() if value is not None}
        )

    @property
    def kept(self) -> dict[str, str]:
        """What is remembered for the next time."""
        given = {name: text for name, text in self.query.items() if name not in ("date", "by", "key", "from", "to")}
        return given if self.period.kind != "custom" else {name: given[name] for name in given if name != "period"}

    @property
    def words(self) -> str:
        """The period in words."""
        return periods.in_words(self.period.span, self.work.locale)

    @property
    def past_words(self) -> str:
        """What it is compared with, in words; empty for nothing."""
        return periods.in_words(self.period.past, self.work.locale) if self.period.past else ""


def read(work: Work, args: Mapping[str, str], metric: str = "", *, narrowed: bool = False) -> Asked:
    """What an address asks for; what it leaves out is what the actor looked at last.

    :param metric: of the page, when it has one of its own.
    :param narrowed: whether the page can be narrowed to one part, and says so; others show all.
    """
    given = {name: texts.clean_line(text)[:_LONGEST] for name, text in args.items() if texts.clean_line(text)}
    kept = _remembered(work)
    usual = {"period": str(work.settings.get(PERIOD)), "compare": str(work.settings.get(COMPARE)), **kept}
    if given.keys() & {"period", "from", "to"}:
        # Another period has its own usual parts.
        usual.pop("grain", None)
    known = tuple(figures.currencies(work))
    problem = ""
    try:
        period = periods.read(given, work.today, usual)
        where = _where(given) if narrowed else None
        currency = _currency(given.get("currency") or "", known)
    except Invalid as error:
        problem, where = error.message, None
        plain = {"period": str(work.settings.get(PERIOD)), "compare": str(work.settings.get(COMPARE))}
        period, currency = periods.read({}, work.today, plain), None
    if currency is None:
        wished = kept.get("currency", "")
        currency = "" if wished == ALL and len(known) > 1 else wished if wished in known else known[0]
    chart = metric or given.get("chart") or kept.get("chart") or METRICS[0]
    return Asked(
        work=work,
        period=period,
        currency=currency,
        shown=currency or rates.base_currency(work),
        base=rates.base_currency(work),
        metric=chart if chart in METRICS else METRICS[0],
        currencies=known,
        where=where,
        problem=problem,
    )


def remember(work: Work, args: Mapping[str, str]) -> None:
    """Keeps what the actor looks at for the next time."""
    users.set_preference(work, REMEMBERED, read(work, args).kept)


def is_new(asked: Asked) -> bool:
    """Whether the actor looks at something else than the last time."""
    known = _remembered(asked.work)
    return not asked.problem and asked.work.actor.user_id is not None and {**known, **asked.kept} != known


def _remembered(work: Work) -> dict[str, str]:
    kept = users.preference(work, REMEMBERED)
    names = ("period", "grain", "compare", "currency", "chart")
    known = {"period": periods.KINDS, "grain": periods.GRAINS, "compare": periods.AGAINST}
    found = {name: str(kept[name]) for name in names if name in kept} if isinstance(kept, dict) else {}
    return {name: text for name, text in found.items() if name not in known or text in known[name]}


def _currency(text: str, known: tuple[str, ...]) -> str | None:
    """``None`` when none was asked for."""
    if text.lower() == ALL:
        return ""
    if text and text.upper() not in known:
        raise Invalid({"currency": [Message("There are no transactions in “%(currency)s”.", currency=text[:20])]})
    return text.upper() or None


def _where(given: Mapping[str, str]) -> Narrowed | None:
    if "by" not in given:
        return None
    if given["by"] not in DIMENSIONS:
        raise Invalid({"by": ["Choose one of the breakdowns."]})
    key = given.get("key", "")
    if key and given["by"] in _NUMBERED and keyset.valid_id(key) is None:
        raise Invalid({"key": ["Choose one of the parts of the breakdown."]})
    return Narrowed(given["by"], key)
