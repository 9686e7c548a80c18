"""The sales dashboard in the REST API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from crmhost.api import Invalid, Message, Money, Work, money, rates
from crmhost.web.api import current_work, requires, rest

from . import figures, periods
from .asked import ALL
from .figures import METRICS, Totals
from .metrics import COUNTS, DEFINITIONS

blueprint = Blueprint(
    "sales_dashboard_api", __name__, url_prefix="/sales-dashboard", description="What was sold, and to how many."
)

#: Parts that one answer has at most.
MOST = 1_000


class FiguresQuery(Schema):
    """Which days, cut how, in which currency."""

    from_ = fields.String(
        data_key="from",
        load_default="",
        **rest.described("First day, such as 2026-03-01; the first of the month of `to` when left out."),
    )
    to = fields.String(load_default="", **rest.described("Last day, included; today when left out."))
    grain = fields.String(
        load_default="",
        validate=validate.OneOf(["", *periods.GRAINS], error="Choose day, week, month, quarter or year."),
        **rest.described(
            "What the series is cut into: day, week (from Monday on), month, quarter or year; left out: what fits."
        ),
    )
    tz = fields.String(
        load_default="",
        **rest.described("Time zone in which days begin, such as Europe/Paris; the site's when left out."),
    )
    currency = fields.String(
        load_default="",
        **rest.described(
            "ISO 4217; the site's when left out. Only transactions in it count. ALL: everything, in the site's currency at the "
            "rates of the days."
        ),
    )


class MoneyMetric(Schema):
    """A figure that is money, and what it was in the period before."""

    value = fields.Nested(rest.GivenMoney, required=True)
    previous = fields.Nested(rest.GivenMoney, required=True)


class NumberMetric(Schema):
    """A figure that is a number, and what it was in the period before."""

    value = fields.Integer(required=True)
    previous = fields.Integer(required=True)


def _named(name: str, of: type[Schema]) -> fields.Nested:
    return fields.Nested(of, required=True, **rest.described(str(DEFINITIONS[name])))


Metrics = Schema.from_dict(
    {name: _named(name, NumberMetric if name in COUNTS else MoneyMetric) for name in METRICS}, name="SalesMetrics"
)
Part = Schema.from_dict(
    {
        "from": fields.String(required=True),
        "to": fields.String(required=True),
        **{
            name: fields.Integer(required=True) if name in COUNTS else fields.Nested(rest.GivenMoney, required=True)
            for name in METRICS
        },
    },
    name="SalesPart",
)


class SpanSchema(Schema):
    """Days, both included."""

    from_ = fields.String(data_key="from", required=True)
    to = fields.String(required=True)


class FiguresSchema(Schema):
    """The seven figures of a period."""

    currency = fields.String(required=True)
    from_ = fields.String(data_key="from", required=True)
    to = fields.String(required=True)
    tz = fields.String(required=True)
    grain = fields.String(required=True)
    previous = fields.Nested(SpanSchema, required=True, **rest.described("The days of the period before."))
    metrics = fields.Nested(Metrics, required=True)
    series = fields.List(
        fields.Nested(Part), required=True, **rest.described("The same figures of each part, oldest first.")
    )
    sales = fields.Integer(required=True, **rest.described("How many sales count."))
    refunds = fields.Nested(rest.GivenMoney, required=True)
    taxes = fields.Nested(rest.GivenMoney, required=True)
    left_out = fields.Integer(
        required=True,
        **rest.described("Transactions of these days that do not count: by status or type, or without a rate."),
    )


@blueprint.get("")
@blueprint.arguments(FiguresQuery, location="query")
@blueprint.response(200, FiguresSchema)
@requires("sales_dashboard.view")
def read_figures(query: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the seven figures of a period

    Beside each stands what it was in the period before: whole months with as many months before, other days with as many days.
    """
    work = current_work()
    errors: dict[str, list[str]] = {}
    zone = _zone(work, query["tz"], errors)
    last = periods.day_of("to", query["to"], errors) or work.now.astimezone(zone).date()
    first = periods.day_of("from", query["from_"], errors) or last.replace(day=1)
    currency = _currency(work, query["currency"], errors)
    if not errors and first > last:
        errors["to"] = ["The last day lies before the first."]
    if not errors and (last - first).days >= periods.LONGEST:
        errors["from"] = ["That is too long: choose at most fifty years."]
    if errors:
        raise Invalid(errors)
    span = (first, last)
    grain = query["grain"] or periods.usual_grain(span)
    parts = periods.cut(span, grain)
    if len(parts) > MOST:
        raise Invalid({"grain": [Message("That gives more than %(most)s parts: choose a coarser one.", most=MOST)]})
    before = periods.compared("custom", span, last, "before")
    now, then, *some = figures.totals(work, [span, before, *parts], currency, str(zone))
    code = currency or rates.base_currency(work)
    return {
        "currency": code,
        "from_": first.isoformat(),
        "to": last.isoformat(),
        "tz": str(zone),
        "grain": grain,
        "previous": {"from_": before[0].isoformat(), "to": before[1].isoformat()},
        "metrics": {name: {"value": _value(now, name, code), "previous": _value(then, name, code)} for name in METRICS},
        "series": [
            {
                "from": start.isoformat(),
                "to": end.isoformat(),
                **{name: _value(one, name, code) for name in METRICS},
            }
            for (start, end), one in zip(parts, some, strict=True)
        ],
        "sales": now.sales,
        "refunds": Money(now.refunds, code).json(),
        "taxes": Money(now.taxes, code).json(),
        "left_out": now.left_out,
    }


def _value(totals: Totals, name: str, currency: str) -> Any:
    value = totals.metric(name)
    return value if name in COUNTS else Money(value, currency).json()


def _zone(work: Work, text: str, errors: dict[str, list[str]]) -> ZoneInfo:
    try:
        return ZoneInfo(text) if text else work.timezone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        errors["tz"] = [Message("“%(name)s” is no time zone such as Europe/Paris.", name=text[:60])]
        return work.timezone


def _currency(work: Work, text: str, errors: dict[str, list[str]]) -> str:
    code = text.strip().upper()
    if code in ("", ALL.upper()):
        return "" if code else rates.base_currency(work)
    if not money.known_currency(code):
        errors["currency"] = [Message("“%(code)s” is no currency such as EUR.", code=text[:20])]
    return code
