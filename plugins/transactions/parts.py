"""Parts of other pages: the value of a contact, their transactions, the dashboard, hits of the palette, below the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from crmhost.api import (
    Contact,
    Hit,
    Invalid,
    Message,
    Read,
    RecordHit,
    Work,
    custom_fields,
    money,
    rates,
    search,
    texts,
)
from crmhost.web.api import (
    Chart,
    ChartReceipt,
    ChartSeries,
    chart_box,
    gettext,
    number,
    render_template,
    shown_custom_field,
    url_for,
)
from crmhost.web.api import money as shown_money

from . import cells, counting, kinds, queries, settings, values
from .converted import in_base
from .models import KIND, Day, Transaction, Value
from .owners import invoices
from .revenue import months

#: Transactions on the tab of a contact; the list has all.
SHOWN = 20


def details(work: Work, one: Transaction) -> str:
    """What is known of a transaction, for the box beside it."""
    fields = custom_fields.by_key(work, KIND) if one.custom else {}
    invoice = invoices(work, [one.invoice_id]).get(one.invoice_id) if one.invoice_id is not None else None
    custom = [
        (field.label, shown_custom_field(field, one.custom.get(key)))
        for key, field in fields.items()
        if one.custom.get(key) not in (None, "", [])
    ]
    row = cells.rows(work, [one], tagged=False)[0]
    base = in_base(work, -one.money("total") if row.sign < 0 else one.money("total"), one.day)
    return render_template("transactions/details.html", row=row, one=one, invoice=invoice, custom=custom, base=base)


# --- the value of contacts -------------------------------------------------------------------------------------------


def shown_value(rows: Sequence[Value | values.Worth]) -> str:
    """A value, each currency apart."""
    return " + ".join(shown_money(row.total, row.currency) for row in rows if row.total)


def value_reads(object_type: str) -> Callable[[Work, Any], Sequence[Read]]:
    """What the value of a contact or company is read by."""
    return lambda _work, record: [values.worth_read(object_type, record.id)]


def contact_value(work: Work, contact: Any) -> str | None:
    """What a contact is worth."""
    base = str(work.settings.get("site.currency") or "EUR")
    return shown_value(values.worth_of(work, "contact", contact.id)) or shown_money(0, base)


def contact_values(work: Work, ids: Sequence[int]) -> Mapping[int, str]:
    """What contacts are worth, for a column of their list."""
    return _shown_values(work, "contact", ids)


def _shown_values(work: Work, object_type: str, ids: Sequence[int]) -> dict[int, str]:
    shown = {key: shown_value(rows) for key, rows in values.values_of(work, object_type, ids).items()}
    return {key: text for key, text in shown.items() if text}


def value_counts(work: Work, model: Any) -> list[ColumnElement[bool]]:
    """Which values the list of contacts sorts by: those in the currency of the site."""
    return [model.object_type == "contact", model.currency == str(work.settings.get("site.currency") or "EUR")]


def _bound(work: Work, name: str, text: str) -> int:
    wrong = Message("“%(value)s” is not an amount such as 12.50.", value=text[:60])
    try:
        exact = money.read_decimal(text, wrong)
        if exact is None or abs(exact) > 10**13:
            raise ValueError(wrong)
    except ValueError as error:
        raise Invalid({name: [str(error)]}) from None
    return money.round_half_up(exact.scaleb(money.digits_of(str(work.settings.get("site.currency") or "EUR"))))


def worth_at_least(work: Work, text: str) -> ColumnElement[bool]:
    """Contacts that are worth so much or more, in the currency of the site."""
    rich = select(Value.object_id).where(*value_counts(work, Value), Value.total >= _bound(work, "value_min", text))
    return Contact.id.in_(rich)


def worth_at_most(work: Work, text: str) -> ColumnElement[bool]:
    """Contacts that are worth so much or less, in the currency of the site; those without any transaction are worth nothing."""
    bound = _bound(work, "value_max", text)
    if bound < 0:
        poor = select(Value.object_id).where(*value_counts(work, Value), Value.total <= bound)
        return Contact.id.in_(poor)
    rich = select(Value.object_id).where(*value_counts(work, Value), Value.total > bound)
    return Contact.id.not_in(rich)


# --- the tab of a contact, or of a company ---------------------------------------------------------------------------


def contact_tab(work: Work, contact: Any) -> str:
    """The newest transactions of a contact, and what they come to."""
    return _tab(work, "contact", contact.id)


def company_tab(work: Work, company: Any) -> str:
    """The newest transactions of a company, and what they come to."""
    return _tab(work, "company", company.id)


def company_values(work: Work, ids: Sequence[int]) -> Mapping[int, str]:
    """What companies are worth, for a column of their list."""
    return _shown_values(work, "company", ids)


def company_value(work: Work, company: Any) -> str | None:
    """What a company is worth."""
    return shown_value(values.worth_of(work, "company", company.id)) or None


def newest(work: Work, object_type: str, owner: int) -> list[cells.Row]:
    """The newest transactions of a contact or company, one more than are shown, in one question."""
    mine = work.visible(Transaction).where(values.OBJECTS[object_type] == owner)
    found = counting.judged(work, mine.order_by(Transaction.at.desc(), Transaction.id.desc()).limit(SHOWN + 1))
    return [cells.Row(each.one, each.type, each.status, each.counts, each.sign) for each in found]


def _tab(work: Work, object_type: str, owner: int) -> str:
    found = newest(work, object_type, owner)
    return render_template(
        "transactions/tab.html",
        rows=found[:SHOWN],
        more=len(found) > SHOWN,
        values=values.worth_of(work, object_type, owner),
        new=f"{url_for('transactions.new')}?{object_type}_id={owner}",
        all=f"{url_for('transactions.index')}?{object_type}_id={owner}",
        total=cells.total,
        ref=cells.ref,
        status=cells.status,
    )


# --- the dashboard ---------------------------------------------------------------------------------------------------


def total_figure(work: Work) -> tuple[str, str]:
    """How many transactions there are, and what they come to in the currency of the site."""
    base = str(work.settings.get("site.currency") or "EUR")
    if work.actor.only_assigned:
        mine = queries.matching(work)
        found, exact = queries.LIST.count(work, mine)
        summed = queries.sums(work, mine)
        amount = next((one.amount for one in summed[1] if one.currency == base), 0) if summed else None
        return number(found) + ("" if exact else "+"), "" if amount is None else shown_money(amount, base)
    rows = work.rows(_KEPT)
    amount = next((row[1] for row in rows if row[0] == base), 0)
    return number(sum(row[2] for row in rows)), shown_money(amount, base)


def total_reads(work: Work) -> Sequence[Read]:
    """What the figure is read by: the kept sums, for who sees all."""
    return () if work.actor.only_assigned else (_KEPT,)


_KEPT = Read(
    ("transactions.kept",),
    select(Day.currency, func.sum(Day.amount), func.sum(Day.number + Day.left_out)).group_by(Day.currency),
)


def revenue_widget(work: Work) -> str:
    """What came in each month, this one and the eleven before."""
    charts = revenue_charts(work)
    may = work.can("settings.edit")
    link = url_for("settings.plugin_page", page="transactions") if may else ""
    return render_template("transactions/revenue.html", charts=[chart_box(chart) for chart in charts], link=link)


def revenue_charts(work: Work) -> list[Chart]:
    """The chart of revenue, one for each currency."""
    from babel.dates import format_date

    found = months(work)
    names = [status.name for status in settings.included(work)]
    formula = gettext(
        "Sum of the transactions by their date, refunds taken off. These statuses count: %(names)s.",
        names=", ".join(names) or "–",
    )
    foreign = rates.converter(work).currencies
    if foreign:
        said = gettext(
            "Amounts in %(currencies)s stand at the rate stored for their day.", currencies=", ".join(foreign)
        )
        formula = f"{formula} {said}"
    charts = []
    for currency, sums in found.sums.items():
        whole = shown_money(sum(sums), currency)
        charts.append(
            Chart(
                id=f"transactions-revenue-{currency.lower()}",
                title=gettext("What came in each month?")
                if len(found.sums) == 1
                else gettext("What came in each month in %(currency)s?", currency=currency),
                kind="bar",
                heading=gettext("Month"),
                labels=[format_date(start, "MMM", locale=work.locale) for start in found.starts],
                titles=[format_date(start, "LLLL y", locale=work.locale) for start in found.starts],
                series=[ChartSeries(gettext("Revenue"), list(sums))],
                unit="money",
                currency=currency,
                running=gettext("so far"),
                figure=whole,
                summary=gettext("Revenue by month, %(sum)s in twelve months.", sum=whole),
                receipt=ChartReceipt(
                    formula=formula,
                    zone=str(work.timezone),
                    counted=found.counted,
                    left_out=[(gettext("other status or type"), found.left_out)],
                ),
                empty=gettext("Add a transaction, and its month will stand here."),
            )
        )
    return charts


# --- the palette, and below the settings -----------------------------------------------------------------------------


def find(work: Work, text: str, limit: int) -> Sequence[Hit]:
    """Transactions for the palette."""
    words = search.words(text)
    hits = search.hits(work, KIND, words, limit) if words else None
    named = Transaction.ref_key.startswith(texts.fold(text), autoescape=True)
    wanted = named if hits is None else Transaction.id.in_(hits)
    found = list(work.session.scalars(work.visible(Transaction).where(wanted).limit(limit)))
    return [
        Hit(
            title=one.title,
            url=url_for("transactions.page", transaction_id=one.id),
            meta=" · ".join((one.ref, shown_money(one.total, one.currency))),
            icon="cash",
        )
        for one in found
    ]


def picked(work: Work, text: str, limit: int) -> list[RecordHit]:
    """Transactions that fit what was typed where one is picked, the newest first."""
    found = queries.matching(work, text).order_by(Transaction.at.desc(), Transaction.id.desc()).limit(limit)
    return [
        RecordHit(
            id=one.id, title=one.title, note=f"{one.ref} · {shown_money(one.total, one.currency)}", also=[one.ref]
        )
        for one in work.session.scalars(found)
    ]


def titles(work: Work, ids: Sequence[int]) -> Mapping[int, str]:
    """Names of transactions that the actor may see."""
    found = work.visible(Transaction).where(Transaction.id.in_(list(ids)))
    return {one.id: one.title for one in work.session.scalars(found)}


def below_settings(work: Work, page: str) -> str:
    """The types, and the ready sets of statuses, below the settings of the transactions."""
    if page != "transactions":
        return ""
    return render_template("transactions/types.html", types=kinds.types(work))
