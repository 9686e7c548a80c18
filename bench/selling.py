"""Gives a site transactions, invoices and quotes quickly: demo data through the services, then many like them by SQL.

What is copied has what lists, contacts and charts read: rows, tags, the kept sums of contacts and days. What it lacks, nothing
that is measured here reads: lines of transactions, search texts, audit.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, insert, literal, select

from crmhost.core.contacts.models import Contact, Tagging
from crmhost.core.rows import chunks, insert_rows, table
from crmhost.core.text import fold
from crmhost.db import WRITES
from crmhost.site import Site
from crmhost.work.unit import Work

from . import fill as filling

#: Contacts of the site, and how many of them are made through the services.
CONTACTS, SEEDS = 20_000, 300
#: Transactions of the two contacts whose pages are compared.
SOME, MANY = 5, 5_000
#: One invoice and one quote for so many transactions; a small site has as many of each as transactions.
PAPERS, FEW = 20, 1_000
DAYS = 1_000
BATCH = 10_000


def fill(site: Site, number: int) -> None:
    """Brings an empty site to ``number`` transactions, and to invoices and quotes that go with them."""
    from plugins.invoices.models import Invoice
    from plugins.quotes.models import Quote
    from plugins.transactions.models import Transaction

    dice = random.Random(1)
    filling.fill(site, CONTACTS, SEEDS)
    some, many = buyers(site)
    _buy(site, some, SOME)
    if number > 2 * MANY:
        _buy(site, many, MANY)
    _copy(site, Transaction, number, lambda row, place: _transaction(row, place, some, dice))
    papers = max(min(FEW, number), number // PAPERS)
    _copy(site, Invoice, papers, lambda row, place: _invoice(row, place, some, dice))
    _copy(site, Quote, papers, lambda row, _place: _moved(row, some, dice))
    _tag(site)
    _sum(site)
    filling.analyse(site)


def buyers(site: Site) -> tuple[int, int]:
    """The contacts with :data:`SOME` and with :data:`MANY` transactions, who have nothing else."""
    with site.engine.connect() as connection:
        last = connection.scalar(select(func.max(Contact.id))) or 0
    return last - 1, last


def sold(site: Site) -> int:
    """How many transactions the site has."""
    from plugins.transactions.models import Transaction

    with site.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Transaction)) or 0


def _buy(site: Site, contact: int, number: int) -> None:
    """Transactions of one contact, through the services: with their journal, search texts and audit."""
    from plugins.transactions import fields, storing

    for places in chunks(range(number), 500):
        with site.work() as work, work.begin():
            known = fields.Known(work)
            rows = []
            for place in places:
                at = (work.now - dt.timedelta(hours=5 * place)).replace(microsecond=0)
                given = {"ref": f"C{contact}-{place}", "name": "Annual plan", "total": "480.00", "date": at}
                row = fields.prepare(work, {**given, "contact_id": contact}, known, None)
                rows.append({**row, "counted_contact_id": contact})
            storing.add_all(work, rows, "api")


def _copy(site: Site, model: Any, number: int, vary: Callable[[dict[str, Any], int], dict[str, Any]]) -> None:
    """Rows like those that are there, until there are ``number``."""
    dice = random.Random(number)
    with site.work() as work:
        found = work.session.execute(select(table(model)).where(model.deleted_at.is_(None)))
        seeds = [{name: value for name, value in row._mapping.items() if name != "id"} for row in found]
        for places in chunks(range(len(seeds), number), BATCH):
            with work.begin():
                insert_rows(work.session, model, [_like(dice.choice(seeds), place, vary) for place in places])


def _like(row: dict[str, Any], place: int, vary: Callable[[dict[str, Any], int], dict[str, Any]]) -> dict[str, Any]:
    return {**row, **vary(row, place)}


def _transaction(row: dict[str, Any], place: int, people: int, dice: random.Random) -> dict[str, Any]:
    ref, contact = f"B-{place:07d}", dice.randrange(1, people)
    at = row["at"] - dt.timedelta(seconds=dice.randrange(DAYS * 86_400))
    found = {"ref": ref, "ref_key": fold(ref), "at": at, "day": at.date(), "created_at": at, "updated_at": at}
    return {
        **found, "contact_id": contact, "counted_contact_id": contact, "invoice_id": None, "idempotency_key": None,
    }  # fmt: skip


def _invoice(row: dict[str, Any], place: int, people: int, dice: random.Random) -> dict[str, Any]:
    number = f"B-{place:07d}" if row["number"] else None
    back = dt.timedelta(days=dice.randrange(DAYS))
    found = _moved(row, people, dice) | {"date": row["date"] - back, "due_date": row["due_date"] - back}
    return {**found, "number": number, "number_key": fold(number or ""), "recurrence_id": None, "origin": None}


def _moved(row: dict[str, Any], people: int, dice: random.Random) -> dict[str, Any]:
    """The same of another contact, on another day."""
    back = dt.timedelta(days=dice.randrange(DAYS))
    found = {"contact_id": dice.randrange(1, people), "date": row["date"] - back}
    return {**found, "created_at": row["created_at"] - back, "updated_at": row["updated_at"] - back}


def _tag(site: Site) -> None:
    """Gives one transaction in eight a tag that there is."""
    from plugins.transactions.models import KIND, Transaction

    links, one = table(Tagging), table(Transaction)
    names = [column.name for column in links.columns]
    with site.engine.execution_options(**{WRITES: True}).begin() as connection:
        tag = connection.scalar(select(func.min(links.c.tag_id)).where(links.c.object_type == KIND))
        have = select(links.c.object_id).where(links.c.object_type == KIND)
        given = {"tag_id": literal(tag), "object_type": literal(KIND), "object_id": one.c.id}
        some = select(*(given[name] for name in names)).where(one.c.id % 8 == 0, one.c.id.not_in(have))
        connection.execute(insert(links).from_select(names, some))


def _sum(site: Site) -> None:
    """Sums up anew what is kept of contacts and days."""
    from plugins.transactions import values
    from plugins.transactions.models import Transaction

    with site.work() as work:
        for some in chunks(list(work.session.scalars(select(Contact.id).order_by(Contact.id)))):
            with work.begin():
                values.recompute(work, "contact", some)
        for days in chunks(_days(work, Transaction), 100):
            with work.begin():
                values.recompute_days(work, days)


def _days(work: Work, model: Any) -> list[dt.date]:
    return list(work.session.scalars(select(model.day).distinct().order_by(model.day)))
