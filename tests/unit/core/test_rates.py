"""Exchange rates: storing them by day, and converting money exactly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.api import Forbidden, Invalid, Money, rates
from crmhost.core.rates.services import times
from crmhost.money import digits_of
from crmhost.testing import Host

CODES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"])
RATES = st.decimals(min_value="0.000000000001", max_value="999999999", places=12)
DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 2, 15))


@given(st.integers(-(10**13), 10**13), CODES, CODES, RATES)
def test_converting_is_exact(amount: int, currency: str, base: str, rate: Decimal) -> None:
    """Minor units times the rate, in the digits of both currencies, is what fractions say; a half goes away from zero."""
    exact = Fraction(amount, 10 ** digits_of(currency)) * Fraction(rate) * 10 ** digits_of(base)
    nearest = int(abs(exact) + Fraction(1, 2))
    assert times(Money(amount, currency), rate, base) == (nearest if exact >= 0 else -nearest)


@given(st.dictionaries(DAYS, RATES, max_size=8), DAYS, st.integers(1, 20))
def test_a_rate_holds_until_the_next(known: dict[dt.date, Decimal], day: dt.date, holds: int) -> None:
    """The rate of a day is its own, else the newest before it that is not too old; else there is none."""
    found = rates.Converter("EUR", holds, {"USD": sorted(known.items())}).rate("USD", day)
    fitting = [one for one in known if 0 <= (day - one).days < holds]
    assert found == ((max(fitting), known[max(fitting)]) if fitting else None)


def test_rates_are_stored_checked_and_removed(host: Callable[..., Host]) -> None:
    """One rate a day, exact, written over; what is wrong is said by field, and by row; nothing is converted without a rate."""
    crm = host()
    day = dt.date(2026, 3, 1)
    with crm.work("Admin") as work, work.begin():
        assert rates.put(work, [("usd", day, "0.9213"), ("JPY", "2026-03-01", Decimal("0.006113"))]) == 2
        assert rates.put(work, [("USD", day, "0,9213"), ("USD", day, "0.95")]) == 1
        made = rates.converter(work)
        found = made.convert(Money(10_000, "USD"), dt.date(2026, 3, 7))
        assert found == rates.Converted(Money(9_500, "EUR"), Decimal("0.95"), day)
        assert made.convert(Money(1_000, "JPY"), day) == rates.Converted(Money(611, "EUR"), Decimal("0.006113"), day)
        for amount, when in ((Money(1, "USD"), dt.date(2026, 3, 8)), (Money(1, "GBP"), day), (Money(1, "EUR"), day)):
            assert made.convert(amount, when) is None
        for wrong, field in (
            (("EUR", day, "1"), "currency"), (("XXL", day, "1"), "currency"), (("USD", "2026-02-30", "1"), "day"),
            (("USD", day, "0"), "rate"), (("USD", day, "-1"), "rate"), (("USD", day, 0.5), "rate"), (("USD", day, "NaN"), "rate"),
            (("USD", day, "1e-13"), "rate"),
        ):  # fmt: skip
            with pytest.raises(Invalid) as refused:
                rates.put(work, [wrong])
            assert list(refused.value.errors) == [field], wrong
        with pytest.raises(Invalid, match="Row 2"):
            rates.put(work, [("GBP", day, "1.1"), ("GBP", day, "x")])
        gbp = rates.stored(work, "GBP", day)
        usd = rates.stored(work, "USD", day)
        assert gbp is None
        assert usd is not None
        assert rates.remove(work, [usd.id, 10**6]) == 1
        assert rates.converter(work).currencies == ["JPY"]
    with crm.work("Read only") as work, work.begin(), pytest.raises(Forbidden):
        rates.put(work, [("USD", day, "1")])
    assert [len(ids) for name, ids in crm.events() if name == rates.CHANGED] != []


def test_the_page_takes_and_shows_rates(host: Callable[..., Host]) -> None:
    """A rate is added in the reader's writing, a wrong one is kept and explained, rows are deleted, the use is set."""
    crm = host("csv_tools")
    client = crm.client(locale="fr")
    added = client.post("/settings/currencies/add", data={"currency": "usd", "day": "2026-03-01", "rate": "0,9213"})
    assert added.status_code == 303
    page = client.get("/settings/currencies/").text
    assert "0,9213" in page
    wrong = client.post("/settings/currencies/add", data={"currency": "EUR", "day": "2026-03-01", "rate": "x"})
    assert (wrong.status_code, 'value="x"' in wrong.text) == (422, True)
    assert client.post("/settings/currencies/use", data={"shown": "y", "holds": "0"}).status_code == 422
    assert client.post("/settings/currencies/use", data={"holds": "1"}).status_code == 303
    with crm.work() as work:
        assert rates.converter(work).currencies == []
        stored = rates.stored(work, "USD", dt.date(2026, 3, 1))
        assert stored is not None
    assert client.get("/settings/currencies/?currency=GBP&count=1").status_code == 200
    assert "USD" not in client.get("/settings/currencies/?currency=GBP").text.partition("crm-bar")[2]
    written = crm.cli("export", "rates")
    assert written.output.splitlines()[-1] == "2026-03-01,USD,0.9213"
    client.post("/settings/currencies/", data={"do": "delete", "ids": str(stored.id)})
    with crm.work() as work:
        assert rates.stored(work, "USD", dt.date(2026, 3, 1)) is None
    assert crm.client("Read only").get("/settings/currencies/").status_code == 403
    assert crm.faults() == []


def test_rates_come_from_files(host: Callable[..., Host], tmp_path: Path) -> None:
    """A file brings rates, a row that can't be taken says why and keeps none of the others out; twice changes nothing."""
    crm = host("csv_tools")
    file = tmp_path / "rates.csv"
    file.write_text("Date,Currency,Rate\n2026-03-01,USD,0.92\n2026-03-02,USD,0.93\n2026-03-02,EUR,1\n", "utf-8")
    for _time in range(2):
        done = crm.cli("import", "rates", str(file))
        assert "1 refused" in done.output, done.output
        crm.run_jobs()
        with crm.work() as work:
            assert len(rates.converter(work).currencies) == 1
            one = rates.stored(work, "USD", dt.date(2026, 3, 2))
            assert one is not None
            assert (one.rate, one.source) == ("0.93", "import")
