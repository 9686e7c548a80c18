"""What a preview of a segment costs at a million contacts with a million transactions: five conditions, all or any of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, literal, select

from crmhost.core.conditions import services as conditions
from crmhost.core.contacts.models import Contact, Tag
from crmhost.db import WRITES
from crmhost.site import Site

from . import sites
from .fill import analyse, fill
from .pages import LARGE
from .report import Report, medians_ms
from .sites import Place

#: Milliseconds that a preview may take at a million contacts, by match and database.
ALLOWED = {"all": {"SQLite": 1_000, "PostgreSQL": 1_000}, "any": {"SQLite": 2_500, "PostgreSQL": 1_000}}
#: A preview may take so many times as long as reading every contact once, measured in turn. PostgreSQL reads with several
#: processes, but sums up the transactions of each contact with one.
READS = {"SQLite": 4.0, "PostgreSQL": 6.0}
FIRST = 5


def main(databases: str = "both") -> int:
    """Runs the measurement; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            sites.set_up(place)
            site = place.site()
            try:
                fill(site, LARGE)
                sell(site)
                failed += measure(place, site)
            finally:
                site.close()
    return failed


def measure(place: Place, site: Site) -> int:
    """Previews against reading all contacts, on one database."""
    report = Report(f"Preview of a segment by five conditions at {LARGE:,} contacts, {place.label} (median)")
    for match, allowed in ALLOWED.items():
        found: list[int] = []

        def preview(match: str = match, found: list[int] = found) -> None:
            with site.work() as work:
                asked = conditions.question(work, conditions.read(work, document(site, match)))
                number = asked.count()
                asked.first(FIRST, number)
                found.append(number)

        taken, read = medians_ms(preview, lambda: _read_all(site), runs=5, warm_up=1)
        ratio, most, limit = taken / read, READS[place.label], allowed[place.label]
        said = f"{taken:.0f} ms for {found[-1]:,} (at most {limit:,})"
        report.figure(f"{match} of them, and the first {FIRST}", said, must=taken < limit)
        report.figure(
            f"  {match}, against reading everybody once", f"{ratio:.2f} x (at most {most:.0f})", must=ratio <= most
        )
    return report.failed


def document(site: Site, match: str) -> dict[str, Any]:
    """A status, a tag, not another tag, the number of transactions, a custom field."""
    with site.engine.connect() as connection:
        names = list(connection.scalars(select(Tag.name).order_by(Tag.id).limit(2)))
    return {
        "match": match,
        "conditions": [
            {"type": "status", "operator": "equals", "value": "Customer"},
            {"type": "tag", "operator": "has", "value": names[0]},
            {"type": "tag", "operator": "has_not", "value": names[1]},
            {"type": "transaction_count", "operator": "gte", "value": 2},
            {"type": "custom.tier", "operator": "any_of", "value": ["Gold", "Silver"]},
        ],
    }


def _read_all(site: Site) -> None:
    with site.engine.connect() as connection:
        connection.execute(select(func.count()).select_from(Contact).where(Contact.notes == "nothing")).scalar()


def sell(site: Site) -> None:
    """Gives every second contact up to four transactions: more in all than there are contacts. Only what is kept of them is
    written, which is all that a segment reads.
    """
    from plugins.transactions.models import Value

    contact, amount = Contact.__table__, Contact.id % 9_000 + 100
    values: dict[str, Any] = {
        "object_type": literal("contact"), "object_id": contact.c.id, "currency": literal("EUR"),
        "transactions": amount, "refunded": literal(0), "invoiced": literal(0), "paid": literal(0), "total": amount,
        "number": contact.c.id // 2 % 4 + 1, "first_at": contact.c.created_at, "last_at": contact.c.created_at,
    }  # fmt: skip
    with site.engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(delete(Value.__table__))
        some = select(*values.values()).where(contact.c.id % 2 == 0)
        connection.execute(insert(Value.__table__).from_select(list(values), some))
    analyse(site)
