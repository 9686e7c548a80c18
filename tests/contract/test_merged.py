"""Merging people of whom plugins hold something, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from crmhost.api import AuditEntry, merging
from crmhost.testing import Host
from tests.contract.rollup import exact
from tests.contract.world import World


def actions(host: Host) -> list[str]:
    """Actions in the audit log, oldest first."""
    with host.site.sessions() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize("on", [True, False])
def test_merged(world: World, on: bool) -> None:
    """After a merge the plugins' rows are the winner's, whether they are on or off, and the undo gives them back; those that are
    on are told, and the roll-up is exact."""
    host = world.host
    host.enable("probe_one", "probe_two")
    loser = host.make.contact()
    with host.work("Admin") as work, work.begin():
        from plugins.probe_two import services

        for contact, points in ((world.ada, 5), (loser, 7)):
            work.service("probe_one").give(contact, points)
            services.write(work, contact, f"note {points}")
            services.mark(work, contact, "gold")
            services.enlist(work, contact, "all")
        services.enlist(work, loser, "few")
    before = rows(host)
    if not on:
        host.disable("probe_one", "probe_two")
    with host.work("Admin") as work, work.begin():
        made = merging.merge(work, world.ada, [loser]).id
    assert (
        {contact for contact, *_ in rows(host)["score"]}
        == {contact for contact, _ in rows(host)["note"]}
        == {world.ada}
    )
    # One badge a contact: the loser keeps its own. One place on a list: the loser's went.
    assert rows(host)["badge"] == before["badge"]
    assert rows(host)["place"] == [(world.ada, "all"), (world.ada, "few")]
    if on:
        assert "12 probe-one-vital" in world.page(f"/contacts/{world.ada}")
        assert "probe_one.merged" in actions(host)
    with host.work("Admin") as work, work.begin():
        assert merging.undo(work, made).stayed == []
    assert rows(host) == before
    if on:
        assert "5 probe-one-vital" in world.page(f"/contacts/{world.ada}")
        assert actions(host)[-4:].count("probe_one.unmerged") == 1
    host.enable("probe_one", "probe_two")
    assert exact(world)
    assert host.faults() == []


def rows(host: Host) -> dict[str, list[tuple[object, ...]]]:
    """Whose the rows of the probes are."""
    wanted = {
        "score": "SELECT contact_id, points FROM probe_one_score ORDER BY id",
        "note": "SELECT contact_id, text FROM probe_two_note ORDER BY id",
        "badge": "SELECT contact_id, name FROM probe_two_badge ORDER BY contact_id",
        "place": "SELECT contact_id, list FROM probe_two_place ORDER BY contact_id, list",
    }
    with host.site.engine.connect() as connection:
        return {name: [tuple(row) for row in connection.execute(text(query))] for name, query in wanted.items()}
