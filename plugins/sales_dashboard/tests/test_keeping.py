"""What is kept: checked by a command, quick to read, and in step whatever happens at the same time."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event, select, update

from crmhost.testing import Host
from plugins.sales_dashboard import figures, summing, verifying
from plugins.sales_dashboard.models import Bought, Buyers, Sum
from plugins.sales_dashboard.tests.shops import Shop
from plugins.transactions import services

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
def test_what_is_kept_is_read_by_indexes(host: Callable[..., Host]) -> None:
    """While nothing is out of date no figure reads all transactions or all that customers bought; a few statements answer."""
    shop = Shop(host("transactions", "sales_dashboard"))
    ada = shop.crm.make.contact()
    for day in ("2026-02-05", "2026-03-04", "2026-03-05"):
        shop.sell(day, 10_000, ada)
    _clean(shop)
    said: list[tuple[str, object]] = []
    with shop.crm.work() as work:

        def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
            said.append((statement, parameters))

        event.listen(shop.crm.site.engine, "before_cursor_execute", note)
        figures.totals(work, SPANS, "EUR")
        assert sum("sales_dashboard_" in one[0] or "transactions_" in one[0] for one in said) <= 7
        for dimension in figures.DIMENSIONS:
            figures.parts(work, dimension, SPANS[0], "EUR")
        figures.best_customers(work, SPANS[0], "EUR")
        figures.cohorts(work, "EUR", [dt.date(2026, 2, 1)])
        event.remove(shop.crm.site.engine, "before_cursor_execute", note)
        for statement, parameters in said:
            if "sales_dashboard_" in statement and statement.lstrip().startswith(("SELECT", "WITH")):
                rows = work.session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
                plan = [str(row[3]) for row in rows]
                for table in ("transactions_transaction", "transactions_line", "sales_dashboard_bought"):
                    assert not any(step.startswith(f"SCAN {table}") for step in plan), (statement, plan)
        assert list(verifying.differences(work)) == []
        assert work.session.scalar(select(Bought.customer).limit(1)) == ada
