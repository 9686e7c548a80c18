"""Events: fanned out by state, delivered in order per object, kept for what is broken, retried, given up."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from crmhost.errors import Conflict, RetryLater
from crmhost.work import events
from crmhost.work.tables import Delivery, OutboxEvent, Subscriber

from .errands import MakeHost, effects, errand_host, failing, told


def _delivered(host: object) -> list[str]:
    return [key for key in effects(host) if key.startswith("event:")]  # type: ignore[arg-type]


def test_an_event_reaches_its_subscriber_once(host: MakeHost) -> None:
    """Each event leaves one trace under its id; nothing is delivered twice, and nothing is told of what was rolled back."""
    made = errand_host(host)
    told(made, 1, 2, 3)
    made.run_jobs()
    made.run_jobs()
    assert _delivered(made) == ["event:1:1", "event:2:2", "event:3:3"]


def test_an_event_committed_out_of_order_is_not_missed(host: MakeHost) -> None:
    """A row with a lower id that becomes visible after a higher one was fanned out is delivered all the same."""
    made = errand_host(host)
    told(made, 1)
    with made.site.engine.begin() as connection:
        row = {"name": "errand.told", "ids": [90], "data": {}, "actor": "", "at": made.clock()}
        connection.execute(insert(OutboxEvent), [{**row, "id": 1000}])
    made.run_jobs()
    with made.site.engine.begin() as connection:
        connection.execute(insert(OutboxEvent), [{**row, "id": 500, "ids": [91]}])
    made.run_jobs()
    assert _delivered(made) == ["event:1:1", "event:1000:90", "event:500:91"]


def test_a_failing_event_holds_back_its_object_alone(host: MakeHost) -> None:
    """Later events of the same object wait until it is delivered, those of others go on; the order per object holds."""
    made = errand_host(host)
    (first, second) = told(made, 1, 2)
    failing()[f"event:{first}"] = ValueError("not yet")
    with made.work() as work, work.begin():
        work.tell("errand.told", [first], {"again": "1"})
        work.tell("errand.told", [second, first], {"again": "2"})
        work.tell("errand.told", [second], {"again": "3"})
    made.run_jobs()
    assert _delivered(made) == ["event:2:2"]
    failing().clear()
    made.clock.move(minutes=1)
    made.run_jobs()
    assert _delivered(made) == ["event:2:2", "event:1:1", "event:3:1", "event:4:2", "event:4:1", "event:5:2"]


def test_an_event_is_given_up_and_can_be_retried(host: MakeHost) -> None:
    """After ten failures it is a dead letter with its reason; retried, it is delivered, and only a dead letter can be."""
    made = errand_host(host)
    (number,) = told(made, 1)
    failing()[f"event:{number}"] = ValueError("never")
    for _ in range(events.ATTEMPTS):
        made.run_jobs()
        made.clock.move(hours=7)
    with made.work("Admin") as work:
        (dead,) = events.failed(work)
        assert (dead.event, list(dead.ids), dead.plugin) == ("errand.told", [number], "errand")
        assert "ValueError: never" in dead.error
    failing().clear()
    with made.work("Admin") as work, work.begin():
        events.retry(work, dead.id)
        with pytest.raises(Conflict):
            events.retry(work, dead.id)
    made.run_jobs()
    assert _delivered(made) == [f"event:1:{number}"]


def test_a_handler_may_put_an_event_off(host: MakeHost) -> None:
    """RetryLater counts as no failure."""
    made = errand_host(host)
    (number,) = told(made, 1)
    failing()[f"event:{number}"] = RetryLater(60)
    made.run_jobs()
    with made.site.sessions() as session:
        assert session.scalars(select(Delivery.failures)).all() == [0]
    made.clock.move(seconds=61)
    made.run_jobs()
    assert len(_delivered(made)) == 1


def test_what_is_told_while_a_plugin_is_off_is_not_kept_but_for_a_suspended_one_it_is(host: MakeHost) -> None:
    """A plugin that an admin switched off starts anew; one that was suspended, or could not start, gets all it missed."""
    from crmhost.host import lifecycle

    made = errand_host(host)
    made.run_jobs()
    made.disable("errand")
    made.run_jobs()
    with made.work() as work, work.begin():
        work.tell("errand.told", [1])
    made.run_jobs()
    made.enable("errand")
    made.run_jobs()
    assert _delivered(made) == []
    lifecycle.suspend(made.site, "errand", "for the test", "")
    made.run_jobs()
    with made.work() as work, work.begin():
        work.tell("errand.told", [2])
    made.run_jobs()
    made.enable("errand")
    made.run_jobs()
    assert _delivered(made) == ["event:2:2"]


def test_one_worker_delivers_to_a_subscriber_at_a_time(host: MakeHost) -> None:
    """A lease that another holds is respected until it runs out."""
    made = errand_host(host)
    told(made, 1)
    with made.site.engine.begin() as connection:
        events.enlist(connection, made.generation, ())
        (name,) = connection.scalars(select(Subscriber.name).where(Subscriber.name.startswith("errand"))).all()
        assert events.lease(connection, name, "other", made.clock(), made.clock.move(seconds=0))
        assert not events.lease(connection, name, "me", made.clock.move(seconds=-1), made.clock())
        assert events.lease(connection, name, "me", made.clock.move(seconds=2), made.clock())


@pytest.mark.parametrize(
    ("pattern", "event", "wanted"),
    [
        ("contact.created", "contact.created", True),
        ("contact.*", "contact.created", True),
        ("*", "invoice.paid", True),
        ("contact.*", "contacts.created", False),
        ("contact.created", "contact.created_again", False),
    ],
)
def test_patterns(pattern: str, event: str, wanted: bool) -> None:
    """An event's name, all of one kind, or every event."""
    assert events.wants(pattern, event) is wanted


def test_old_events_are_pruned(host: MakeHost) -> None:
    """Those delivered to all, after a week; what waits or was given up stays."""
    made = errand_host(host)
    (first, second) = told(made, 1, 2)
    failing()[f"event:{second}"] = ValueError("no")
    made.run_jobs()
    made.clock.move(days=8)
    with made.work() as work, work.begin():
        assert events.prune(work) == 1
    assert made.events() == [("errand.told", [second])]
    assert first
