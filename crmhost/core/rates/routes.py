"""Settings > Currencies: the rates by day, adding one, and how they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy import func, select

from ...errors import CrmError
from ...web.forms import DayField, Form, IntegerField, Section, SwitchField, TextField
from ...web.i18n import day, field_number, parse_number
from ...web.request import current_work, requires, writing
from ...web.tables import Bulk, BulkDone, Table, TableColumn, TableCount, TableFilter, TablePage, TableQuery
from ...web.tables.pages import list_page
from ...web.templating import link
from ...web.toasts import toast
from ...work.unit import Work
from .. import keyset
from ..settings import services as settings
from . import services
from .models import Rate

blueprint = Blueprint("rates", __name__, url_prefix="/settings/currencies")
_ORDERS = {"day": (Rate.day, Rate.id)}


class RateForm(Form):
    """A rate of a day."""

    currency = TextField(lazy_gettext("Currency"), render_kw={"maxlength": 3, "autocomplete": "off"})
    day = DayField(lazy_gettext("Day"))
    rate = TextField(lazy_gettext("Rate"), render_kw={"inputmode": "decimal", "autocomplete": "off"})
    sections: ClassVar[list[Section]] = [Section("rate", "", {"currency": 2, "day": 2, "rate": 2})]


class UseForm(Form):
    """How rates are used."""

    shown = SwitchField(lazy_gettext("Show sums in the base currency where there is a rate"))
    holds = IntegerField(
        lazy_gettext("Days that a rate holds"),
        description=lazy_gettext("1: a rate is good for its own day alone. 7 also covers weekends and holidays."),
    )
    sections: ClassVar[list[Section]] = [Section("use", "", {"shown": 6, "holds": 3})]


def _chosen(query: TableQuery) -> str:
    return (query.filters.get("currency") or [""])[0].strip().upper()[:3]


def _fetch(work: Work, query: TableQuery) -> TablePage:
    wanted = select(Rate).where(Rate.base == services.base_currency(work))
    if _chosen(query):
        wanted = wanted.where(Rate.currency == _chosen(query))
    found = keyset.page(
        work.session, wanted, _ORDERS, query.sort or "-day", after=query.after, before=query.before, limit=query.limit
    )
    return TablePage(found.rows, found.next, found.previous)


def _count(work: Work, query: TableQuery) -> TableCount:
    wanted = select(func.count()).select_from(Rate).where(Rate.base == services.base_currency(work))
    return TableCount(
        work.session.scalar(wanted.where(Rate.currency == _chosen(query)) if _chosen(query) else wanted) or 0
    )


def _remove(work: Work, ids: Sequence[int], _values: Mapping[str, str]) -> BulkDone:
    return BulkDone(services.remove(work, ids))


def _said(number: int) -> str:
    return str(ngettext("%(num)d rate was deleted.", "%(num)d rates were deleted.", number))


def table(work: Work) -> Table:
    """The list of rates."""
    base = services.base_currency(work)
    return Table(
        id="rates",
        label=_("Exchange rates"),
        columns=[
            TableColumn(id="day", label=_("Day"), cell=lambda row: day(row.day), sort="day", css="c-when", fixed=True),
            TableColumn(id="currency", label=_("Currency"), cell=lambda row: row.currency, css="c-when"),
            TableColumn(
                id="rate",
                label=_("One unit in %(currency)s", currency=base),
                cell=lambda row: field_number(row.exact, max(0, -int(row.exact.as_tuple().exponent))),
                align="end",
                css="c-money",
            ),
            TableColumn(id="source", label=_("Source"), cell=lambda row: row.source, css="c-when"),
        ],
        fetch=_fetch,
        count=_count,
        sort="-day",
        filters=[TableFilter(id="currency", label=_("Currency"), quick=True)],
        row_name=lambda row: f"{row.currency} {row.day.isoformat()}",
        card=("currency", "rate", (("day", "source"),)),
        bulk=[
            Bulk(
                id="delete",
                label=_("Delete"),
                icon="trash",
                danger=True,
                confirm=_("Delete these rates?"),
                detail=_("Sums that were made of them are made anew; money without a rate is shown apart."),
                run=_remove,
                said=_said,
            )
        ],
        export="rates",
        empty=(
            _("No rates yet"),
            _(
                "Without rates, each currency is shown apart. Add a rate above, or import a file with day, currency and rate."
            ),
            link("csv_tools.imports"),
            _("Import rates"),
        ),
    )


@blueprint.route("/", methods=["GET", "POST"])
@requires("settings.edit")
def index() -> ResponseReturnValue:
    """The rates, newest first, with a form for one more."""
    work = current_work()
    return _page(RateForm(formdata=None, data={"day": work.today}), _use_form(work))


def _use_form(work: Work) -> UseForm:
    stored = {"shown": bool(work.settings.get(services.SHOWN)), "holds": work.settings.get(services.HOLDS)}
    return UseForm(formdata=None, data=stored)


def _page(form: RateForm, use: UseForm) -> ResponseReturnValue:
    work = current_work()
    return list_page(
        "rates/index.html", table(work), work, form=form, use=use, base=services.base_currency(work),
        imports=link("csv_tools.imports"),
    )  # fmt: skip


@blueprint.post("/add")
@requires("settings.edit")
def add() -> ResponseReturnValue:
    """Store a rate."""
    form = RateForm()
    try:
        rate = parse_number(form.rate.data) if form.rate.data else None
    except ValueError as error:
        form.add_problem("rate", str(error))
    else:
        if form.validate():
            try:
                with writing() as work:
                    services.put(work, [(form.currency.data, form.day.data, rate)])
            except CrmError as error:
                form.take(error)
    if form.problems:
        return render_template("rates/add.html", form=form, base=services.base_currency(current_work())), 422
    toast(_("The rate was saved. Sums that it concerns follow in a moment."))
    return redirect(url_for("rates.index"), 303)


@blueprint.post("/use")
@requires("settings.edit")
def use() -> ResponseReturnValue:
    """Store how rates are used."""
    form = UseForm()
    if form.validate():
        try:
            with writing() as work:
                settings.set_many(work, {services.SHOWN: bool(form.shown.data), services.HOLDS: form.holds.data})
        except CrmError as error:
            errors = getattr(error, "errors", {})
            if services.HOLDS in errors:
                errors["holds"] = errors.pop(services.HOLDS)
            form.take(error)
    if form.problems:
        return render_template("rates/add.html", form=form, base=services.base_currency(current_work())), 422
    toast(_("Saved."))
    return redirect(url_for("rates.index"), 303)
