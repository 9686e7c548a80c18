"""What several parts of a page ask is asked in one statement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import String, cast, event, func, literal, null, select, text

from crmhost.api import Contact, Read, Work, contacts, statuses
from crmhost.testing import Host

NUMBER = Read(("test.number",), select(func.count(Contact.id)))
NAMES = Read(
    ("test.names",), select(Contact.first_name, cast(null(), String), func.sum(Contact.id)).group_by(Contact.first_name)
)
BROKEN = Read(("test.broken",), select(literal(1)).where(text("no_such_column = 1")))


def test_reads_share_one_statement_and_fail_alone(host: Callable[..., Host]) -> None:
    """Texts, whole numbers and nothing come back as they are; one that can't be asked takes no other with it."""
    site = host()
    ids = {name: site.make.contact(first_name=name) for name in ("Ada", "Grace")}
    seen: list[str] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *told: seen.append(str(told[2])))
    with site.work("Admin") as work:
        seen.clear()
        work.ahead([NUMBER, NAMES, NUMBER])
        assert work.rows(NUMBER) == [(2,)]
        assert sorted(work.rows(NAMES)) == [(name, None, number) for name, number in ids.items()]
        assert len([one for one in seen if one.startswith("SELECT")]) == 1
    with site.work("Admin") as work:
        work.ahead([NUMBER, BROKEN])
        assert work.rows(NUMBER) == [(2,)]


def test_short_lists_are_read_once_in_a_change_too(host: Callable[..., Host]) -> None:
    """While something is written, a list is read again only when its table was written, or a part was taken back."""
    site = host()
    seen: list[str] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *told: seen.append(str(told[2])))

    def names(work: Work) -> list[str]:
        return [status.name for status in statuses.all_statuses(work)]

    with site.work() as work, work.begin():
        first = names(work)
        seen.clear()
        contacts.create(work, {"first_name": "Ada"})
        assert names(work) == first
        assert not [one for one in seen if "FROM statuses_status" in one]
        with suppress(RuntimeError), work.part():
            statuses.add(work, "Partner")
            assert names(work) == [*first, "Partner"]
            raise RuntimeError
        assert names(work) == first
        statuses.add(work, "Friend").name = "Best friend"
        assert names(work) == [*first, "Best friend"]
