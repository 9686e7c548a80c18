"""Every order of the list, and the files of a record, are served by an index on both databases."""

from __future__ import annotations

from sqlalchemy import event, text

from crmhost.api import Work, keyset
from crmhost.testing import plans
from plugins.files import queries
from plugins.files.models import Entry
from plugins.files.tests.conftest import Shelf


def _plans(work: Work, action: object) -> list[str]:
    """The plans of the queries that an action makes on files."""
    seen: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "FROM files_entry" in statement:
            seen.append((statement, parameters))

    engine = work.session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        action()  # type: ignore[operator]
    finally:
        event.remove(engine, "before_cursor_execute", note)
    connection = work.session.connection()
    sqlite = engine.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_sort = off")
    return [plan for statement, parameters in seen for plan in plans(connection, statement, parameters)]


def test_every_order_has_its_index(shelf: Shelf) -> None:
    """Forwards and backwards, with a filter and without; nothing is sorted or read from end to end."""
    for number in range(40):
        with shelf.crm.work() as work, work.begin():
            work.session.add(
                Entry(object_type="contact", object_id=shelf.ann, contact_id=shelf.ann, name=f"{number}", name_key=f"{number}",
                      size=number, media_type="text/plain", created_at=work.now, updated_at=work.now)
            )  # fmt: skip
    with shelf.crm.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    with shelf.crm.work("Admin") as work:
        found: list[str] = []
        for sort in queries.ORDERS:
            for sign in ("", "-"):
                for filters in ({}, {"kind": ["Report"]}):
                    chosen = queries.matching(work, "", filters)
                    found += _plans(
                        work,
                        lambda chosen=chosen, by=sign + sort: keyset.page(
                            work.session, chosen, queries.ORDERS, by, limit=20
                        ),
                    )
        found += _plans(work, lambda: work.session.scalars(queries.of_record("contact", shelf.ann).limit(5)).all())
    assert len(found) >= 13
    bad = ("USE TEMP B-TREE FOR ORDER BY", "Seq Scan on files_entry", "SCAN files_entry\n")
    assert [plan for plan in found if any(word in plan for word in bad)] == []
