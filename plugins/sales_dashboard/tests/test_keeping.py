"""What is kept: checked by a command, quick to read, and in step whatever happens at the same time."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event, select, text, update

from crmhost.api import settings
from crmhost.testing import Host
from plugins.sales_dashboard import dimensions, figures, summing, verifying
from plugins.sales_dashboard.models import Bought, Buyers, Sum
from plugins.sales_dashboard.tests.shops import Shop
from plugins.transactions import services
from plugins.transactions.api import Transaction

BEGIN, END = dt.date(2026, 1, 20), dt.date(2026, 5, 20)
SPANS = [
    (BEGIN, END),
    (dt.date(2026, 2, 1), dt.date(2026, 2, 28)),
    (dt.date(2026, 3, 2), dt.date(2026, 3, 8)),
    (END, END),
]


def _clean(shop: Shop) -> None:
    with shop.crm.work() as work, work.begin():
        while summing.clean(work):
            pass
        summing.fold(work)


def test_the_command_finds_what_is_wrong_and_mends_it(shop: Shop) -> None:
    """Status 0 when all is right; 1 with a line for each sum, day and count that somebody changed by hand; --rebuild mends."""
    ada = shop.crm.make.contact()
    shop.sell("2026-03-05", 10_000, ada)
    shop.sell("2026-04-05", 500, ada)
    _clean(shop)
    assert shop.crm.cli("sales-dashboard", "verify").exit_code == 0
    with shop.crm.work() as work, work.begin():
        work.session.execute(update(Sum).where(Sum.dimension == "", Sum.grain == "day").values(gross=Sum.gross + 1))
        work.session.execute(update(Bought).values(gross=7))
        work.session.execute(update(Buyers).where(Buyers.grain == "week").values(amount=5))
    wrong = shop.crm.cli("sales-dashboard", "verify")
    assert wrong.exit_code == 1
    for told in ("all day 2026-03-05 EUR", f"bought {ada} EUR 2026-04-05", "buyers EUR week 2026-03-02"):
        assert told in wrong.output, wrong.output
    assert shop.crm.cli("sales-dashboard", "verify", "--rebuild").exit_code == 0
    shop.check(BEGIN, END)


def test_two_at_once_lose_nothing(shop: Shop) -> None:
    """Two units that sell to one customer on one day at once, and one that is given up half-way, leave all in step."""
    ada, crm = shop.crm.make.contact(), shop.crm
    failed: list[BaseException] = []

    def sell(ref: str, total: int, *, give_up: bool = False) -> None:
        given = {"ref": ref, "name": "Order", "status": "Completed", "date": "2026-03-05", "contact_id": ada}
        with crm.work() as work, work.begin():
            services.create(work, {**given, "total": {"amount": total, "currency": "EUR"}})
            if give_up:
                raise InterruptedError

    def other() -> None:
        try:
            for number in range(5):
                sell(f"B{number}", 10)
        except BaseException as error:  # told by the thread that waits
            failed.append(error)

    thread = threading.Thread(target=other)
    thread.start()
    for number in range(5):
        sell(f"A{number}", 1)
        _clean(shop)
    thread.join()
    assert failed == []
    with pytest.raises(InterruptedError):
        sell("C", 9, give_up=True)
    shop.check(BEGIN, END)
    with crm.work() as work:
        summing.make_anew(work)
        rows = work.session.execute(select(Buyers.currency, Buyers.grain, Buyers.start, Buyers.previous)).all()
    assert len(rows) == len(set(rows))
    shop.check(BEGIN, END)
    assert shop.ask((BEGIN, END))[0].gross == 55


@pytest.mark.database("sqlite")
def test_companies_that_are_switched_off_leave_the_rest_in_force(host: Callable[..., Host]) -> None:
    """Countries are then read from the transactions, all else is as it was; the look has it made anew. Pages say when all is."""
    shop = Shop(host("transactions", "sales_dashboard"))
    shop.sell("2026-03-05", 10_000, shop.crm.make.contact())
    _clean(shop)
    with shop.crm.work() as work, work.begin():
        settings.store(work, {summing.WITH_COMPANIES: True})
        work.session.execute(update(Sum).where(Sum.dimension == "country").values(gross=1))
    with shop.crm.work() as work:
        assert summing.in_force(work) == ("", "tag", "product", "source", "type")
    shop.check(BEGIN, END)
    with shop.crm.work() as work, work.begin():
        work.enqueue("sales_dashboard.look")
    shop.crm.run_jobs()
    with shop.crm.work() as work:
        assert len(summing.in_force(work)) == 7
    shop.check(BEGIN, END)
    client, said = shop.crm.client(), "is being made anew"
    assert said not in client.get("/sales-dashboard/").text
    with shop.crm.work() as work, work.begin():
        settings.store(work, {summing.FRESH: False})
    for page in ("", "metrics/gross_revenue", "customers", "tags", "cohorts", "goals/"):
        assert said in client.get(f"/sales-dashboard/{page}").text, page


def test_what_is_kept_is_read_by_indexes(host: Callable[..., Host]) -> None:
    """While nothing is out of date no figure reads all transactions or all that customers bought; a few statements answer."""
    shop = Shop(host("transactions", "sales_dashboard"))
    ada = shop.crm.make.contact()
    lines = [{"title": "Tea", "quantity": "1", "total": {"amount": 900, "currency": "EUR"}}]
    for day in ("2026-02-05", "2026-03-04", "2026-03-05"):
        shop.sell(day, 10_000, ada, lines=lines)
    _clean(shop)
    engine = shop.crm.site.engine
    lite = engine.dialect.name == "sqlite"
    if not lite:
        # PostgreSQL chooses by the size of the tables.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in _MANY:
                connection.execute(text(statement))
    said: list[tuple[str, object]] = []
    with shop.crm.work() as work:

        def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
            said.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        figures.totals(work, SPANS, "EUR")
        assert sum("sales_dashboard_" in one[0] or "transactions_" in one[0] for one in said) <= 7
        asked = len(said)
        figures.totals_by_currency(work, SPANS, ["CHF", "EUR", "GBP", "JPY", "USD"], customers=True)
        assert len(said) - asked <= 5
        for dimension in figures.DIMENSIONS:
            figures.parts(work, dimension, SPANS[0], "EUR")
        for dimension in dimensions.OF_PEOPLE:
            figures.customer_parts(work, dimension, SPANS[1], "EUR", "new_customers")
        figures.best_customers(work, SPANS[1], "EUR")
        figures.cohorts(work, "EUR", [dt.date(2026, 2, 1)])
        new = figures.first_sales(work, "EUR 2026-02-01")
        work.session.scalars(work.visible(Transaction).where(new).order_by(Transaction.at.desc()).limit(50)).all()
        event.remove(engine, "before_cursor_execute", note)
        for statement, parameters in said:
            if "sales_dashboard_" in statement and statement.lstrip().startswith(("SELECT", "WITH")):
                explain = "EXPLAIN QUERY PLAN " if lite else "EXPLAIN "
                rows = work.session.connection().exec_driver_sql(explain + statement, parameters)
                plan = [str(row[3] if lite else row[0]) for row in rows]
                for table in ("transactions_transaction", "transactions_line", "sales_dashboard_bought"):
                    whole = f"SCAN {table}" if lite else f"Seq Scan on {table}"
                    assert not any(whole in step for step in plan), "\n".join([statement, *plan])
        assert not lite or list(verifying.differences(work)) == []


_OTHERS = ", ".join(
    column.name
    for column in Transaction.__table__.columns
    if column.name not in ("id", "ref", "ref_key", "at", "day", "counted_contact_id")
)
#: Many transactions and what is kept of them, over five years; none of it is looked at but for its size.
_MANY = (
    f"""INSERT INTO transactions_transaction (ref, ref_key, at, day, {_OTHERS}) SELECT 'X' || n, 'x' || n,
    at - n * interval '4 hours', day - n / 6, {_OTHERS} FROM transactions_transaction, generate_series(1, 40000) AS n
    WHERE id = (SELECT min(id) FROM transactions_transaction)""",
    """INSERT INTO transactions_line (transaction_id, position, title, quantity, unit_price, total)
    SELECT id, 0, 'Tea', '1', 900, 900 FROM transactions_transaction""",
    """INSERT INTO sales_dashboard_bought (customer, currency, day, previous, month, first_month, again, gross)
    SELECT 1000 + n % 9000, 'EUR', date '2026-03-01' - n / 24, CASE WHEN n % 5 > 0 THEN date '2026-02-01' - n / 24 END,
    date '2026-03-01', date '2020-01-01' + n % 1000, false, 1 FROM generate_series(1, 40000) AS n""",
    "ANALYZE",
)
