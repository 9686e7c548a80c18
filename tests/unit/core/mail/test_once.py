"""No mail goes twice: a worker that is killed, a connection that breaks, two workers, limits that several workers share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.load import Start
from crmhost.core.mail import pace
from crmhost.core.mail import services as mail
from crmhost.core.mail.accounts import Account
from crmhost.testing import Clock, Host
from tests.peers import smtp
from tests.unit.core.mail.conftest import set_up, stored, write

ONE = pytest.mark.database("sqlite")


def test_a_worker_that_is_killed_sends_no_mail_twice(
    site: Host, peer: smtp.Peer, clock: Clock, forked: Start, tmp_path: Path
) -> None:
    """Killed between handing over and writing that down: nobody knows, so a person decides, and is asked to."""
    config = site.site.config
    environment = {
        **os.environ,
        "CRMHOST_HOME": str(config.home),
        "CRMHOST_DATABASE_URL": config.database_url,
        "CRMHOST_SECRET_KEY": config.secret_key,
    }
    number = write(site, to="ann@example.org")
    started: list[Any] = []
    peer.on_data = lambda taken: smtp.kill_who_sends(started[0].pid)(taken)
    started.append(forked(["-m", "crmhost", "jobs", "run", "--until-idle"], environment, tmp_path / "worker.log"))
    assert started[0].wait(timeout=60) == -9
    assert len(peer.taken) == 1
    assert stored(site, number).state == "sending"
    peer.on_data = None
    clock.move(hours=1)
    site.run_jobs()
    unknown = stored(site, number)
    assert unknown.state == "unknown"
    assert "worker ended" in unknown.answers[-1]["text"]
    clock.move(days=3)
    site.run_jobs()
    assert len(peer.taken) == 1
    assert ("mail.unknown", [number]) in site.events()
    with site.work("Contacts manager") as work, work.begin():
        mail.mark_arrived(work, number)
    assert stored(site, number).state == "sent"
    site.run_jobs()
    assert len(peer.taken) == 1


@ONE
def test_a_connection_that_breaks_before_the_answer_leaves_it_unknown(site: Host, peer: smtp.Peer) -> None:
    """The server may have the mail: it is not tried again until a person says so."""
    number = write(site, to="ann@example.org")
    peer.cuts = True
    site.run_jobs()
    broken = stored(site, number)
    assert broken.state == "unknown"
    assert "broke after the mail was handed over" in broken.answers[-1]["text"]
    peer.cuts = False
    site.run_jobs()
    assert stored(site, number).attempts == 1
    with site.work("Contacts manager") as work, work.begin():
        mail.send_again(work, number)
    site.run_jobs()
    assert stored(site, number).state == "sent"


@ONE
def test_several_mails_go_by_one_limit(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Those over the limit of a minute wait for it, without counting as failed, and all go."""
    clock.freeze()
    set_up(site, peer, per_minute=2)
    numbers = [write(site, to=f"ann{place}@example.org") for place in range(5)]
    site.run_jobs()
    assert len(peer.taken) == 2
    for _ in range(4):
        clock.move(seconds=66)
        site.run_jobs()
    assert {stored(site, number).state for number in numbers} == {"sent"}
    assert {stored(site, number).attempts for number in numbers} == {1}
    assert len(peer.taken) == 5
    assert [taken.recipients[0][3] for taken in peer.taken] == list("01234")


@ONE
def test_those_who_wait_do_not_all_ask_at_once(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Each comes back about when its turn is."""
    clock.freeze()
    set_up(site, peer, per_minute=2)
    for place in range(12):
        write(site, to=f"ann{place}@example.org")
    site.run_jobs()
    due = sorted((job.due_at - clock()).total_seconds() for job in site.jobs("mail.send") if job.state == "due")
    assert len(due) == 10
    assert due[0] <= 66
    assert due[-1] >= 240


def test_a_limit_holds_in_every_stretch_of_its_length(host: Callable[..., Host], clock: Clock) -> None:
    """However the mails are spread; the wait that is told is enough, and a unit with room does not help another."""
    site = host()
    clock.freeze()
    account = Account(None, "", "a@example.com", limits={"minute": 3, "hour": 10})
    sent: list[float] = []
    for step in range(60):
        with site.work() as work, work.begin():
            wait = pace.take(work, account)
        if wait == 0:
            sent.append(clock().timestamp())
        else:
            assert wait <= 3600 * 13 / 12
        clock.move(seconds=7 + step % 5)
    for length, most in ((60, 3), (3600, 10)):
        assert all(len([at for at in sent if start <= at < start + length]) <= most for start in sent)
    assert len(sent) == 10
    with site.work() as work, work.begin():
        wait = pace.take(work, account)
    clock.move(seconds=wait)
    with site.work() as work, work.begin():
        assert pace.take(work, account) == 0


@pytest.mark.parametrize("once", [False, True])
def test_mails_share_a_connection_as_long_as_the_server_likes(site: Host, peer: smtp.Peer, *, once: bool) -> None:
    """One connection carries what goes out together; where the server ends it, the next mail goes by another, at once."""
    peer.once = once
    numbers = [write(site, to=f"person{number}@example.org") for number in range(3)]
    site.run_jobs()
    assert sorted(taken.recipients[0] for taken in peer.taken) == [f"person{number}@example.org" for number in range(3)]
    assert len({taken.client for taken in peer.taken}) == (3 if once else 1)
    assert [(stored(site, number).state, stored(site, number).attempts) for number in numbers] == [("sent", 1)] * 3


@ONE
@pytest.mark.parametrize(("said", "state", "connections"), [("550 no", "failed", 1), ("421 later", "queued", 2)])
def test_a_refused_mail_is_no_hindrance_to_the_next(
    site: Host, peer: smtp.Peer, said: str, state: str, connections: int
) -> None:
    """The connection is used again after a refusal, and given up after “421”."""
    peer.answer("RCPT first@example.org", said)
    first, second = (write(site, to=f"{name}@example.org") for name in ("first", "second"))
    site.run_jobs()
    assert [taken.recipients for taken in peer.taken] == [["second@example.org"]]
    assert (stored(site, first).state, stored(site, second).state) == (state, "sent")
    assert len(peer.clients) == connections
