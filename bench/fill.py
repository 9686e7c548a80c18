"""Makes a site large quickly: demo contacts through the services, then copies of their rows by SQL.

The copies carry everything that a contact made by the services carries: address, search text, history of the status, journal,
counts, values of custom fields. Tests compare a list of both kinds; here it is only about size.
"""

from __future__ import annotations

import datetime as dt
import random

from sqlalchemy import Connection, Table, bindparam, func, insert, literal, select, update

from crmhost import demo, statistics
from crmhost.core.contacts import days
from crmhost.core.contacts.models import Contact, ContactEmail, SearchDocument, Tagging
from crmhost.core.fields import index
from crmhost.core.fields import services as fields
from crmhost.core.fields.models import FieldValue
from crmhost.core.journal.models import JournalEntry
from crmhost.core.statuses import services as statuses
from crmhost.core.statuses.models import StatusChange, StatusCount
from crmhost.db import WRITES, metadata
from crmhost.site import Site

#: Contacts that are made through the services before they are copied.
SEEDS = 20_000
#: Custom fields that lists can filter and sort by: one in ten contacts has none.
FIELDS: tuple[dict[str, object], ...] = (
    {"key": "nickname", "label": "Nickname", "kind": "text"},
    {"key": "size", "label": "Size", "kind": "number"},
    {"key": "renewal", "label": "Renewal", "kind": "date"},
    {"key": "tier", "label": "Tier", "kind": "choice", "choices": ["Gold", "Silver", "Bronze"]},
)
_SYLLABLES = ("ba", "ko", "li", "mu", "ne", "ra", "so", "ti", "vu", "zan")


def fill(site: Site, number: int, seeds: int = SEEDS) -> None:
    """Brings the site to ``number`` contacts, the first ``seeds`` of them through the services."""
    while (have := count(site)) < min(number, seeds):
        # Demo data leaves out people who are there already, so it may take a second round.
        demo.load(site, contacts=min(number, seeds) - have, seed=have + 1)
        _give_values(site, after=have)
    while (have := count(site)) < number:
        with site.engine.execution_options(**{WRITES: True}).begin() as connection:
            _copy(connection, min(have, number - have))
    with site.work() as work, work.begin():
        days.rebuild(work)
        if "funnel_stay" in metadata.tables:
            from plugins.funnel import flows

            for status in statuses.all_statuses(work):
                flows.rebuild(work, status.id)
    analyse(site)


def analyse(site: Site) -> None:
    """Lets the database look at what it holds, as PostgreSQL does by itself in time, and a site on SQLite each hour."""
    statistics.gather(site.engine)
    if site.engine.dialect.name == "postgresql":
        with site.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _give_values(site: Site, after: int) -> None:
    """Gives the contacts that were just made custom fields, and makes these first."""
    dice = random.Random(after)
    with site.work() as work:
        known = {field.key for field in fields.definitions(work, "contact")}
        with work.begin():
            for field in FIELDS:
                if field["key"] not in known:
                    fields.add(work, field)
        bare = select(Contact.id).where(Contact.id > after, Contact.deleted_at.is_(None)).order_by(Contact.id)
        ids = list(work.session.scalars(bare))
        rows = [(key, _values(dice)) for key in ids if dice.random() < 0.9]
        table = Contact.__table__
        change = update(table).where(table.c.id == bindparam("key"))
        change = change.values(custom=bindparam("new", type_=table.c.custom.type))
        for start in range(0, len(rows), 1_000):
            some = rows[start : start + 1_000]
            with work.begin():
                work.session.connection().execute(change, [{"key": key, "new": custom} for key, custom in some])
                index.write(work, "contact", [(key, custom, None) for key, custom in some])


def _values(dice: random.Random) -> dict[str, object]:
    """Custom fields as they are stored."""
    day = dt.date(2020, 1, 1) + dt.timedelta(days=dice.randrange(4000))
    return {
        "nickname": "".join(dice.choice(_SYLLABLES) for _ in range(4)).capitalize(),
        "size": dice.randrange(1, 100_000) / 2,
        "renewal": day.isoformat(),
        "tier": dice.choice(["gold", "silver", "silver", "bronze", "bronze", "bronze"]),
    }


def count(site: Site) -> int:
    """How many contacts the site has."""
    with site.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Contact)) or 0


def _copy(connection: Connection, number: int) -> None:
    """Copies the first ``number`` contacts with all that hangs on them, under ids that follow the highest."""
    step = connection.scalar(select(func.max(Contact.id))) or 0
    last = connection.scalar(select(Contact.id).order_by(Contact.id).offset(number - 1).limit(1)) or 0
    mark = f".{step}"
    contact = Contact.__table__
    address = {"email": contact.c.email + mark, "email_key": contact.c.email_key + mark}
    _copy_rows(connection, contact, contact.c.id <= last, {"id": contact.c.id + step, **address})
    for model, column in ((ContactEmail, "contact_id"), (StatusChange, "contact_id"), (JournalEntry, "contact_id")):
        table = model.__table__
        values = {column: table.c[column] + step}
        if model is JournalEntry:
            values["object_id"] = table.c.object_id + step
        if model is ContactEmail:
            values |= {"email": table.c.email + mark, "email_key": table.c.email_key + mark}
        _copy_rows(connection, table, table.c[column] <= last, values, without=("id",))
    stays = metadata.tables.get("funnel_stay")
    if stays is not None:
        _copy_rows(
            connection, stays, stays.c.contact_id <= last, {"contact_id": stays.c.contact_id + step}, without=("id",)
        )
    documents = SearchDocument.__table__
    chosen = (documents.c.owner == "contact") & (documents.c.object_id <= last)
    values = {"object_id": documents.c.object_id + step, "text": documents.c.text + literal(f" {step}")}
    _copy_rows(connection, documents, chosen, values, without=("id",))
    values_of = FieldValue.__table__
    _copy_rows(
        connection, values_of, values_of.c.object_id <= last, {"object_id": values_of.c.object_id + step}, ("id",)
    )
    links = Tagging.__table__
    chosen = (links.c.object_type == "contact") & (links.c.object_id <= last)
    _copy_rows(connection, links, chosen, {"object_id": links.c.object_id + step})
    counts = select(contact.c.status_id, func.count()).where(contact.c.id > step).group_by(contact.c.status_id)
    connection.execute(insert(StatusCount).from_select(["status_id", "amount"], counts))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence('contacts_contact', 'id'), (SELECT max(id) FROM contacts_contact))"
        )


def _copy_rows(
    connection: Connection, table: Table, where: object, values: dict[str, object], without: tuple[str, ...] = ()
) -> None:
    names = [column.name for column in table.columns if column.name not in without]
    columns = [values.get(name, table.c[name]) for name in names]
    connection.execute(insert(table).from_select(names, select(*columns).where(where)))
