"""Pages of other fees: the list, one of them, the bin."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, NotFound, Stale, Work, keyset, rates
from crmhost.web.api import (
    RecordRows,
    Table,
    TableColumn,
    TableFilter,
    bin_table,
    both_versions,
    bulk_delete,
    bulk_erase,
    bulk_restore,
    current_work,
    day,
    day_column,
    gettext,
    link_cell,
    list_page,
    money_column,
    ngettext,
    redirect,
    render_template,
    requires,
    text_column,
    toast,
    url_for,
    writing,
)

from . import fees
from .entered import Fee
from .forms import FeeForm, every_choices, filled

_ROWS = RecordRows(fees.LIST, lambda _work, rows: rows)


def add_fees(blueprint: Blueprint) -> None:
    """Adds the pages."""
    may = requires(fees.PERMISSION)
    add = blueprint.add_url_rule
    add("/fees/", "fees", may(index), methods=["GET", "POST"])
    add("/fees/bin", "fees_bin", may(binned), methods=["GET", "POST"])
    add("/fees/new", "new_fee", may(fee), methods=["GET", "POST"])
    add("/fees/<int:fee_id>", "fee", may(fee), methods=["GET", "POST"])
    add("/fees/<int:fee_id>/end", "end_fee", may(end), methods=["POST"])
    add("/fees/<int:fee_id>/delete", "delete_fee", may(delete), methods=["POST"])
    add("/fees/<int:fee_id>/restore", "restore_fee", may(restore), methods=["POST"])


def index() -> Any:
    """All other fees."""
    work = current_work()
    return list_page("sales_dashboard/fees.html", _table(work), work)


def binned() -> Any:
    """Deleted fees."""
    work = current_work()
    return list_page("sales_dashboard/fees_bin.html", _bin(work), work)


def _columns() -> list[TableColumn]:
    often = dict(every_choices())
    return [
        text_column("name", gettext("What for"), _name, sort="name", css="", fixed=True),
        money_column("amount", gettext("Amount"), lambda row: row.money),
        text_column("every", gettext("How often"), lambda row: often[row.every], css="c-no"),
        day_column("day", gettext("Date"), lambda row: row.day, sort="day"),
        text_column("until", gettext("Until"), _until, css="c-when"),
    ]


def _name(row: Fee) -> Any:
    return link_cell(row.name, "" if row.deleted_at else url_for("sales_dashboard.fee", fee_id=row.id))


def _until(row: Fee) -> str:
    if not row.every:
        return ""
    return day(row.until) if row.until else str(gettext("no end"))


def _table(_work: Work) -> Table:
    often = [(value or "once", label) for value, label in every_choices()]
    return Table(
        id="sales-fees",
        label=gettext("Other fees"),
        all_label=gettext("All fees"),
        columns=_columns(),
        fetch=_ROWS.fetch,
        count=_ROWS.count,
        ids=_ROWS.ids,
        sort="-day",
        filters=[
            TableFilter(id="every", label=gettext("How often"), kind="choices", choices=often, quick=True),
            TableFilter(id="day_from", label=gettext("From day"), kind="day"),
            TableFilter(id="day_to", label=gettext("Until day"), kind="day"),
            TableFilter(id="currency", label=gettext("Currency")),
        ],
        row_name=lambda row: row.name,
        card=("name", "amount", (("every", "day"), ("until",))),
        bulk=[bulk_delete(fees.to_bin, fees.restore, _moved)],
        empty=(
            gettext("No other fees yet"),
            gettext(
                "What selling costs besides the fees of transactions: the shop's rent, a payment provider's monthly fee. "
                "Add them, and net revenue is what is really left."
            ),
            url_for("sales_dashboard.new_fee"),
            gettext("Add fee"),
        ),
    )


def _bin(_work: Work) -> Table:
    return bin_table(
        _ROWS,
        id="sales-fees-bin",
        columns=_columns(),
        row_name=lambda row: row.name,
        card=("name", "amount", (("every", "day"),)),
        bulk=[bulk_restore(fees.restore, _back), bulk_erase(fees.erase, gettext("Delete these fees for good?"))],
        text=gettext("Deleted fees stay here and can be restored. They count nowhere."),
        url=url_for("sales_dashboard.fees"),
        label=gettext("To the fees"),
    )


def _moved(number: int) -> str:
    return str(ngettext("%(num)d fee went to the bin.", "%(num)d fees went to the bin.", number))


def _back(number: int) -> str:
    return str(ngettext("%(num)d fee was restored.", "%(num)d fees were restored.", number))


def fee(fee_id: int | None = None) -> Any:
    """One fee, or a new one."""
    work = current_work()
    found = fees.get(work, fee_id) if fee_id is not None else None
    fresh = {"day": work.today, "currency": rates.base_currency(work), "every": ""}
    form = FeeForm(data=filled(found) if found is not None else fresh)
    if found is not None:
        form.remember(filled(found))
    form.offer(work, found)
    if form.validate_on_submit():
        try:
            with writing() as work:
                name = fees.save(work, fee_id, form.values(), version=keyset.valid_id(form.version.data)).name
        except Stale:
            now = fees.get(current_work(), fee_id or 0)
            return both_versions(form, filled(now), name=now.name, back=url_for("sales_dashboard.fee", fee_id=now.id))
        except CrmError as error:
            form.take(error)
            found = fees.get(current_work(), fee_id) if fee_id is not None else None
        else:
            toast(gettext("“%(name)s” was saved.", name=name))
            return redirect(url_for("sales_dashboard.fees"), 303)
    html = render_template(
        "sales_dashboard/fee.html", form=form, fee=found, falls=_falls(found), today=current_work().today
    )
    return html, 422 if form.is_submitted() else 200


def _falls(fee: Fee | None) -> list[dt.date]:
    """The next days on which a fee that recurs falls."""
    if fee is None or not fee.every:
        return []
    today = current_work().today
    span = today, dt.date(min(today.year + 4, 2199), 12, 31)
    return [when for when, _place in zip(fees.days_of(fee, span), range(3), strict=False)]


def end(fee_id: int) -> Any:
    """Has it fall no more after today."""
    with writing() as work:
        name = fees.end(work, fee_id, max(work.today, fees.get(work, fee_id).day)).name
    toast(gettext("“%(name)s” falls no more.", name=name))
    return redirect(url_for("sales_dashboard.fee", fee_id=fee_id), 303)


def delete(fee_id: int) -> Any:
    """Move it to the bin."""
    with writing() as work:
        name = fees.get(work, fee_id).name
        fees.to_bin(work, [fee_id])
    toast(
        gettext("“%(name)s” went to the bin.", name=name),
        undo_url=url_for("sales_dashboard.restore_fee", fee_id=fee_id),
    )
    return redirect(url_for("sales_dashboard.fees"), 303)


def restore(fee_id: int) -> Any:
    """Bring it back from the bin."""
    with writing() as work:
        number = fees.restore(work, [fee_id])
    if not number:
        raise NotFound("fee", fee_id)
    return redirect(url_for("sales_dashboard.fee", fee_id=fee_id), 303)
