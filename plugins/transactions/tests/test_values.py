"""What contacts and companies are worth: the sums of the specification, to the cent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from crmhost.api import Money
from plugins.transactions import api, mass, services
from plugins.transactions.tests.conftest import Books


def _eur(amount: int) -> dict[str, int]:
    return {"EUR": amount} if amount else {}


def test_only_what_is_included_counts_and_refunds_subtract(books: Books) -> None:
    """V2, V7, V8, V9, V13: completed sales add, refunds take off, cancelled and failed ones do nothing, nobody's data mix."""
    ada, ben = books.crm.make.contact(), books.crm.make.contact()
    sale = books.add(10_000, contact_id=ada)
    assert books.total(ada) == {"EUR": 10_000}
    books.add(2_000, contact_id=ada, type="Refund")
    assert books.total(ada) == {"EUR": 8_000}
    books.add(-500, contact_id=ada, type="Credit note")
    assert books.total(ada) == {"EUR": 7_500}
    for status in ("Cancelled", "Deleted", "Failed", "Pending"):
        books.add(5_000, contact_id=ada, status=status)
    books.add(9_900, contact_id=ada, type="For sale")
    assert books.total(ada) == {"EUR": 7_500}
    books.add(5_000, contact_id=ben, status="succeeded")
    assert (books.total(ada), books.total(ben)) == ({"EUR": 7_500}, {"EUR": 5_000})
    with books.crm.work() as work, work.begin():
        mass.to_bin(work, [sale])
    assert books.total(ada) == {"EUR": -2_500}
    with books.crm.work() as work, work.begin():
        mass.restore(work, [sale])
        services.update(work, sale, {"contact_id": ben})
    assert (books.total(ada), books.total(ben)) == ({"EUR": -2_500}, {"EUR": 15_000})


def test_currencies_are_never_added(books: Books) -> None:
    """Each currency stands apart, with its own digits."""
    ada = books.crm.make.contact()
    books.add(10_000, "EUR", contact_id=ada)
    books.add(1_200, "JPY", contact_id=ada)
    books.add(1_234, "KWD", contact_id=ada)
    assert books.total(ada) == {"EUR": 10_000, "JPY": 1_200, "KWD": 1_234}


def test_the_statuses_that_count_can_be_chosen(books: Books) -> None:
    """V14: only Completed counts: Succeeded 100 gives nothing, Completed 30 gives 30, in value and days alike."""
    ada = books.crm.make.contact()
    books.add(10_000, contact_id=ada, status="Succeeded")
    books.add(3_000, contact_id=ada, status="Completed")
    assert books.total(ada) == {"EUR": 13_000}
    books.set(included_statuses="completed")
    assert books.total(ada) == {"EUR": 3_000}
    with books.crm.work() as work:
        assert sum(api.months(work).sums["EUR"]) == 3_000
    refused = books.crm.cli("settings", "set", "transactions.included_statuses", "Compleet")
    assert refused.exit_code == 1
    assert "Completed" in refused.output


def test_taxes_discounts_and_fees_count_as_the_settings_say(books: Books) -> None:
    """Each can be taken off or added, and every figure follows."""
    ada = books.crm.make.contact()
    books.add(12_000, contact_id=ada, tax=20, discount="5.00", fee={"amount": 300, "currency": "EUR"})
    assert books.total(ada) == {"EUR": 12_000}
    books.set(count_taxes="no")
    assert books.total(ada) == {"EUR": 10_000}
    books.set(count_discounts="no")
    assert books.total(ada) == {"EUR": 10_500}
    books.set(count_fees="yes")
    assert books.total(ada) == {"EUR": 10_200}


@pytest.mark.parametrize(
    ("paid", "by_hand", "total"),
    [
        pytest.param(None, 0, 0, id="V1 unpaid, nothing came"),
        pytest.param(10_000, 0, 10_000, id="V3 attached"),
        pytest.param(4_000, 0, 4_000, id="V4 attached, a part"),
        pytest.param(15_000, 0, 15_000, id="V5 attached, too much"),
        pytest.param(None, 10_000, 10_000, id="paid, no transaction"),
        pytest.param(10_000, 10_000, 10_000, id="paid and attached counts once"),
    ],
)
def test_the_value_beside_an_invoice(billed: Books, paid: int | None, by_hand: int, total: int) -> None:
    """An invoice whose payment is recorded by an attached transaction counts once; an unpaid one does not count."""
    assert billed.invoices
    ada = billed.crm.make.contact()
    billed.invoices.INVOICES[1] = billed.invoices.Invoice(1, ada, 10_000, by_hand)
    with billed.crm.work() as work, work.begin():
        api.recompute(work, "contact", [ada])
    if paid is not None:
        number = billed.add(paid)
        assert billed.total(ada) == _eur(by_hand) or by_hand == 0
        billed.change(number, invoice_id=1)
    assert {key: amount for key, amount in billed.total(ada).items() if amount} == _eur(total)
    with billed.crm.work() as work:
        (value,) = api.values_of(work, "contact", [ada])[ada]
        assert (value.invoiced, value.paid) == (10_000, by_hand if paid is None else paid)


def test_what_is_attached_to_an_invoice_is_its_contacts(billed: Books) -> None:
    """V2, V10, V11: not attached it adds; attached it counts to the invoice's contact, also when its own is another; a new owner
    takes it along, and without the invoice it is what was received."""
    assert billed.invoices
    invoices = billed.invoices.INVOICES
    ada, ben = billed.crm.make.contact(), billed.crm.make.contact()
    invoices[1] = billed.invoices.Invoice(1, ada, 10_000)
    number = billed.add(10_000, contact_id=ben)
    assert (billed.total(ada), billed.total(ben)) == ({}, {"EUR": 10_000})
    with billed.crm.work() as work, work.begin():
        api.attach(work, number, 1)
        assert api.paid_of_invoices(work, [1, 2]) == {1: Money(10_000, "EUR")}
    assert (billed.total(ada), billed.total(ben)) == ({"EUR": 10_000}, {})
    invoices[1].contact_id = ben
    with billed.crm.work() as work, work.begin():
        api.invoice_owner_changed(work, 1, ben, None)
        api.recompute(work, "contact", [ada, ben])
    assert (billed.total(ada), billed.total(ben)) == ({}, {"EUR": 10_000})
    del invoices[1]
    with billed.crm.work() as work, work.begin():
        api.detach_all(work, [1])
    assert billed.total(ben) == {"EUR": 10_000}


def test_a_payment_told_twice_counts_once(books: Books) -> None:
    """The same key gives the transaction that is there."""
    ada = books.crm.make.contact()
    for number in (1, 2):
        with books.crm.work() as work, work.begin():
            given = {"ref": f"P{number}", "name": "Payment", "total": 100, "contact_id": ada}
            services.create(work, given, source="stripe_sync", key="evt_1")
    assert books.total(ada) == {"EUR": 10_000}


def test_merging_moves_the_value_and_undoing_brings_it_back(books: Books) -> None:
    """The contact that stays is worth both; after undoing each is worth its own; who is erased leaves the sums without a name."""
    from crmhost.api import contacts, merging

    ada, ben = books.crm.make.contact(), books.crm.make.contact()
    books.add(1_000, contact_id=ada)
    number = books.add(2_000, contact_id=ben, description="For Ben")
    with books.crm.work() as work, work.begin():
        merge = merging.merge(work, ada, [ben]).id
    assert (books.total(ada), books.total(ben)) == ({"EUR": 3_000}, {})
    with books.crm.work() as work, work.begin():
        merging.undo(work, merge)
    assert (books.total(ada), books.total(ben)) == ({"EUR": 1_000}, {"EUR": 2_000})
    with books.crm.work() as work, work.begin():
        contacts.erase(work, ben)
    assert books.total(ben) == {}
    with books.crm.work() as work:
        left = services.get(work, number)
        assert (left.total, left.contact_id, left.name, left.description) == (2_000, None, "", "")
        assert sum(api.months(work).sums["EUR"]) == 3_000
    assert books.crm.faults() == []


def test_two_at_once_leave_the_right_value(books: Books) -> None:
    """Units of work that change transactions of one contact at the same time each see what the others stored."""
    ada = books.crm.make.contact()
    numbers = [books.add(1_000, contact_id=ada) for _ in range(6)]

    def change(place: int) -> None:
        amount = {"amount": 1_000 * (place + 1), "currency": "EUR"}
        with books.crm.work() as work, work.begin():
            services.update(work, numbers[place], {"total": amount})
            services.create(
                work, {"ref": f"X{place}", "name": "Extra", "status": "Completed", "total": amount, "contact_id": ada}
            )

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(change, range(6)))
    assert books.total(ada) == {"EUR": 42_000}
    with books.crm.work() as work:
        assert sum(api.months(work).sums["EUR"]) == 42_000
