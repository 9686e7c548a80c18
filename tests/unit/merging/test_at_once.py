"""Two who merge the same contacts at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from crmhost.core.merging import services as merging
from crmhost.core.statuses import services as statuses
from crmhost.errors import Conflict
from crmhost.testing import Host


def test_one_of_two_merges_wins(host: Callable[..., Host]) -> None:
    """Crosswise or alike, one merge is done and the other hears why not; nobody ends as the tombstone of nobody."""
    site = host()
    pairs = [(site.make.contact(), site.make.contact()) for _ in range(6)]
    generation = site.generation

    def both(pair: tuple[int, int], crosswise: bool) -> list[object]:
        barrier = threading.Barrier(2)

        def run(number: int) -> object:
            winner, loser = pair[::-1] if number and crosswise else pair
            with site.site.work(generation=generation) as work:
                barrier.wait()
                try:
                    with work.begin():
                        return merging.merge(work, winner, [loser]).id
                except Conflict as error:
                    return error

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(run, range(2)))

    for place, pair in enumerate(pairs):
        found = both(pair, crosswise=place % 2 == 1)
        assert sorted(isinstance(item, Conflict) for item in found) == [False, True], found
    with site.site.engine.connect() as connection:
        lost = text(
            "SELECT count(*) FROM contacts_contact a JOIN contacts_contact b ON b.id = a.merged_into_id"
            " WHERE b.deleted_at IS NULL"
        )
        assert connection.scalar(lost) == len(pairs)
    with site.work() as work:
        assert sum(statuses.counts(work).values()) == len(pairs)


def test_a_merge_is_undone_once(host: Callable[..., Host]) -> None:
    """Of two who undo it at the same moment one hears that it was undone already."""
    site = host()
    one, two = site.make.contact(), site.make.contact()
    with site.work() as work, work.begin():
        number = merging.merge(work, one, [two]).id
    generation, barrier = site.generation, threading.Barrier(2)

    def run(_number: int) -> object:
        with site.site.work(generation=generation) as work:
            barrier.wait()
            try:
                with work.begin():
                    return merging.undo(work, number).id
            except Conflict as error:
                return error

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(run, range(2)))
    assert sorted(isinstance(item, Conflict) for item in found) == [False, True], found
