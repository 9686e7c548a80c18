"""Easy-access links: who holds the token opens one document, until the link is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import NotFound, links
from crmhost.core.links.models import Link, LinkOpening
from crmhost.core.links.services import KEEP, ONE_VISIT
from crmhost.testing import Host

Hosts = Callable[..., Host]
WEEK = dt.timedelta(days=7)


def _token(host: Host, object_id: int = 7, lasts: dt.timedelta | None = WEEK) -> str:
    with host.work() as work, work.begin():
        return links.token_of(work, "quote", object_id, lasts)


def _opens(host: Host, token: str, object_type: str = "quote") -> int | None:
    with host.work() as work:
        try:
            return links.find(work, object_type, token).object_id
        except NotFound:
            return None


def test_a_link_opens_one_document_until_it_is_over(host: Hosts) -> None:
    """By its token alone; not another kind of document, not after its time, not once it is revoked; it can be copied again."""
    site = host()
    site.clock.freeze()
    token = _token(site)
    assert _opens(site, token) == 7
    assert _token(site) == token
    assert _token(site, 8) != token
    for wrong in (token + "x", token[:-1], token.swapcase(), "", "\x00", "é" * 4000):
        assert _opens(site, wrong) is None
    assert _opens(site, token, "invoice") is None
    site.clock.move(days=6, hours=12)
    assert _opens(site, token) == 7
    fresh = _token(site)
    assert fresh != token
    site.clock.move(days=1)
    assert (_opens(site, token), _opens(site, fresh)) == (None, 7)
    with site.work() as work, work.begin():
        assert links.revoke(work, "quote", 7) == 2
    assert _opens(site, fresh) is None
    assert _opens(site, _token(site, 8)) == 8
    with site.work() as work, work.begin():
        links.drop(work, "quote", [7, 8])
        assert work.session.scalar(select(Link.id)) is None


def test_the_database_holds_no_token(host: Hosts) -> None:
    """Who reads the table can open nothing."""
    site = host()
    token = _token(site)
    with site.work() as work:
        row = work.session.scalars(select(Link)).one()
        assert token not in "".join(str(value) for value in vars(row).values())


def test_openings_are_counted_by_visit_and_forgotten(host: Hosts) -> None:
    """One visit is one, whoever reloads; the first one is told apart; after a year they go, and dead links with them."""
    site = host()
    site.clock.freeze()
    token = _token(site)

    def look(address: str) -> bool:
        with site.work() as work, work.begin():
            return links.opened(work, links.find(work, "quote", token), address, "Browser\n1.0")

    assert [look("192.0.2.1"), look("192.0.2.1"), look("192.0.2.2")] == [True, False, False]
    site.clock.move(seconds=ONE_VISIT.total_seconds() + 1)
    assert look("192.0.2.1") is False
    with site.work() as work:
        found = links.openings(work, "quote", 7)
        assert [one.address for one in found] == ["192.0.2.1", "192.0.2.2", "192.0.2.1"]
        assert found[0].agent == "Browser 1.0"
    site.clock.move(seconds=(KEEP + WEEK).total_seconds())
    with site.work() as work, work.begin():
        work.enqueue("links.prune")
    site.run_jobs()
    with site.work() as work:
        assert work.session.scalar(select(LinkOpening.id)) is None
        assert work.session.scalar(select(Link.id)) is None
    with pytest.raises(NotFound), site.work() as work:
        links.find(work, "quote", token)
