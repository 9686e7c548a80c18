"""What the journal of a contact tells of their transactions."""

from __future__ import annotations

from crmhost.api import JournalEntry, Money
from plugins.transactions import mass, services
from plugins.transactions.tests.conftest import Books


def told(books: Books, contact: int) -> list[tuple[str, str]]:
    """Type and sentence of the entries about transactions, the oldest first."""
    with books.crm.work() as work:
        mine = work.session.query(JournalEntry).filter(
            JournalEntry.contact_id == contact, JournalEntry.type.startswith("transactions.")
        )
        return [(entry.type.partition(".")[2], str(entry.summary)) for entry in mine.order_by(JournalEntry.id)]


def test_the_journal_tells_what_became_of_transactions(billed: Books) -> None:
    """Added, given another status one by one and by the list, attached; refunds as such; not what an import brings."""
    crm, ada = billed.crm, billed.crm.make.contact()
    first = billed.add(10_000, contact_id=ada, ref="A-1", status="Pending")
    billed.add(2_500, contact_id=ada, ref="A-2", type="Refund")
    billed.add(100, contact_id=ada, ref="A-3", source="import")
    nobody = billed.add(100, ref="A-4")
    billed.change(first, status="Completed", name="Other")
    with crm.work() as work, work.begin():
        assert mass.set_status(work, [first, nobody], "Failed")
    billed.change(first, description="No entry for this")
    assert billed.invoices is not None
    billed.invoices.INVOICES[7] = billed.invoices.Invoice(7, ada, 10_000)
    with crm.work() as work, work.begin():
        services.attach(work, first, 7)
    assert told(billed, ada) == [
        ("added", f"Transaction A-1 over {Money(10_000, 'EUR')}"),
        ("refunded", f"Refund A-2 over {Money(2_500, 'EUR')}"),
        ("status", "Transaction A-1: Completed"),
        ("status", "Transaction A-1: Failed"),
        ("attached", "Transaction A-1 is attached to the invoice INV-7"),
    ]
    page = crm.client().get(f"/contacts/{ada}").text
    assert "is attached to the invoice INV-7" in page
