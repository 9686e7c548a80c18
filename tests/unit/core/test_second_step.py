"""The second step of signing in: codes of an authenticator app, recovery codes, browsers that are trusted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyotp
import pytest
from sqlalchemy import event, insert, text

from crmhost.core.notifications.models import Notification
from crmhost.core.settings import services as settings
from crmhost.core.users import browsers, entering, second
from crmhost.core.users import services as users
from crmhost.core.users.models import Browser, RecoveryCode, SignInAttempt, UserSession
from crmhost.errors import Conflict, CrmError, Forbidden, Invalid
from crmhost.testing import PASSWORD, Clock, Host
from crmhost.work.tables import AuditEntry

HERE = "a browser that is known by this"
ELSEWHERE = "another browser, also long enough"


@pytest.fixture
def site(host: Callable[..., Host], clock: Clock) -> Host:
    clock.freeze()
    return host()


def set_up(site: Host, number: int) -> tuple[pyotp.TOTP, list[str]]:
    """Switches the second step on; gives the app and the recovery codes. The clock goes on, so that the next code is fresh."""
    with site.work() as work:
        with work.begin():
            second.begin(work, users.get(work, number))
        app = pyotp.TOTP(second.secret(work, users.get(work, number)))
        with work.begin():
            codes = second.confirm(work, users.get(work, number), app.at(site.clock()))
    site.clock.move(seconds=30)
    return app, codes


def first(site: Host, browser: str = HERE, password: str = PASSWORD) -> entering.SignedIn:
    with site.work() as work:
        return entering.sign_in(work, "ann@example.com", password, "192.0.2.1", "Firefox/1 Linux", browser=browser)


def then(site: Host, ticket: str, code: str, *, browser: str = HERE, trust: bool = False) -> str:
    with site.work() as work:
        return entering.second_step(work, ticket, code, "192.0.2.1", "Firefox/1", browser=browser, trust=trust).token


def test_after_the_password_a_code_is_asked_for(site: Host) -> None:
    """The password alone opens no session; the code of the app does, once, and the secret stands encrypted."""
    number = site.make.user("Read only", "ann@example.com")
    app, codes = set_up(site, number)
    step = first(site)
    assert (step.token, len(codes)) == ("", 10)
    code = app.at(site.clock())
    for wrong in ("", "x", "000000 000000", "\ud800", "１２３４５６", code[:5], "9" * 5_000):
        with pytest.raises(Invalid, match="wrong"):
            then(site, step.ticket, wrong)
        with site.work() as work, work.begin():
            work.session.query(SignInAttempt).delete()
    assert then(site, step.ticket, f" {code[:3]} {code[3:]} ")
    with pytest.raises(entering.TicketGone):
        then(site, step.ticket, code)
    with pytest.raises(Invalid, match="used already"):
        then(site, first(site).ticket, code)
    with site.work() as work:
        assert work.session.query(UserSession).count() == 1
        user = users.get(work, number)
        assert second.secret(work, user) not in user.totp_secret
        line = work.session.query(AuditEntry).filter_by(action="user.signed_in").one()
        assert line.after == {"address": "192.0.2.1", "second_step": "app"}


def test_clocks_may_differ_by_one_step(site: Host, clock: Clock) -> None:
    """The code before and the one after are taken, the ones beyond are not; an older one no longer, once a newer was used."""
    app, _ = set_up(site, site.make.user("Read only", "ann@example.com"))

    def code(steps: int) -> str:
        return app.at(clock() + dt.timedelta(seconds=30 * steps))

    for steps in (-2, 2):
        with pytest.raises(Invalid):
            then(site, first(site).ticket, code(steps))
    assert then(site, first(site).ticket, code(1))
    for steps in (-1, 0, 1):
        with pytest.raises(Invalid):
            then(site, first(site).ticket, code(steps))
    clock.move(minutes=16)
    assert then(site, first(site).ticket, code(-1))


def test_codes_cant_be_guessed(site: Host, clock: Clock) -> None:
    """Five wrong ones in a quarter of an hour, twenty in a day: then even the right one does not help, and the user is told."""
    number = site.make.user("Read only", "ann@example.com")
    app, codes = set_up(site, number)
    for _quarter in range(4):
        ticket = first(site).ticket
        for _ in range(5):
            with pytest.raises(Invalid):
                then(site, ticket, "000000" if app.at(clock()) != "000000" else "000001")
        with pytest.raises(entering.TooManyAttempts):
            then(site, ticket, app.at(clock()))
        with pytest.raises(entering.TooManyAttempts):
            then(site, first(site).ticket, codes[0])
        clock.move(minutes=16)
    with pytest.raises(entering.TooManyAttempts) as caught:
        then(site, first(site).ticket, app.at(clock()))
    assert caught.value.minutes > 60
    clock.move(hours=24)
    assert then(site, first(site).ticket, app.at(clock()))
    with site.work() as work:
        assert work.session.query(AuditEntry).filter_by(action="user.locked_out").count() >= 4
        told = work.session.query(Notification).filter_by(user_id=number, kind="users.codes_failed").all()
        assert told


def test_many_tries_at_once_are_as_many(site: Host, clock: Clock) -> None:
    """Twenty at the same moment are no way past the limit, nor is the same right code twice."""
    app, _ = set_up(site, site.make.user("Read only", "ann@example.com"))
    ticket, code = first(site).ticket, app.at(clock())
    wrong = "000000" if code != "000000" else "000001"

    def outcome(function: Callable[[], object]) -> str:
        try:
            return "in" if function() else ""
        except CrmError as error:
            return type(error).__name__

    with ThreadPoolExecutor(8) as pool:
        guesses = list(pool.map(outcome, [lambda: then(site, ticket, wrong)] * 20))
        assert sorted(guesses) == ["Invalid"] * 5 + ["TooManyAttempts"] * 15
        passwords = list(pool.map(outcome, [lambda: first(site, password="a wrong password")] * 20))
        assert sorted(passwords) == ["Invalid"] * 5 + ["TooManyAttempts"] * 15
        clock.move(minutes=16)
        code = app.at(clock())
        tickets = [first(site).ticket for _ in range(3)]
        assert sorted(pool.map(outcome, [partial(then, site, ticket, code) for ticket in tickets])) == [
            "TicketGone",
            "TicketGone",
            "in",
        ]
        ticket = first(site).ticket
        clock.move(seconds=30)
        again = list(pool.map(outcome, [partial(then, site, ticket, app.at(clock()))] * 6))
        assert again.count("in") == 1


def test_a_recovery_code_works_once(site: Host) -> None:
    """In any case and spacing; new ones end the old ones; only their hashes are stored, and the user is told of the use."""
    number = site.make.user("Read only", "ann@example.com")
    _, codes = set_up(site, number)
    assert then(site, first(site).ticket, codes[0].upper().replace("-", " "))
    with pytest.raises(Invalid):
        then(site, first(site).ticket, codes[0])
    with site.work() as work:
        assert second.codes_left(work, number) == 9
        assert not {row.code_hash for row in work.session.query(RecoveryCode)} & set(codes)
        with work.begin():
            new = second.new_recovery_codes(work, users.get(work, number))
        assert work.session.query(Notification).filter_by(kind="users.recovery_code").count() == 1
    with pytest.raises(Invalid):
        then(site, first(site).ticket, codes[1])
    assert then(site, first(site).ticket, new[0])


def test_a_ticket_is_worth_little(site: Host, clock: Clock) -> None:
    """It is over after ten minutes, with a new password, and when the user is disabled; nobody else's code fits it."""
    number = site.make.user("Read only", "ann@example.com")
    app, _ = set_up(site, number)
    tickets = []
    late = first(site).ticket
    clock.move(minutes=11)
    tickets.append(late)
    with site.work("Admin") as work:
        before = first(site).ticket
        with work.begin():
            users.set_password(work, number, "another password of ann")
        tickets.append(before)
        step = first(site, password="another password of ann")
        with work.begin():
            users.disable(work, number)
        tickets.append(step.ticket)
    for ticket in (*tickets, "", "x"):
        with pytest.raises(entering.TicketGone):
            then(site, ticket, app.at(clock()))


def test_a_trusted_browser_is_not_asked(site: Host, clock: Clock) -> None:
    """For 30 days, in that browser alone; not with a recovery code, and no longer after a new password or a reset."""
    number = site.make.user("Read only", "ann@example.com")
    app, codes = set_up(site, number)
    then(site, first(site).ticket, codes[0], trust=True)
    assert not first(site).token
    then(site, first(site).ticket, app.at(clock()), trust=True)
    assert first(site).token
    assert not first(site, browser=ELSEWHERE).token
    assert not first(site, browser="").token
    clock.move(days=31)
    assert not first(site).token
    then(site, first(site).ticket, app.at(clock()), trust=True)
    assert first(site).token
    with site.work("Admin") as work, work.begin():
        users.set_password(work, number, PASSWORD)
    assert not first(site).token
    with site.work() as work, work.begin():
        assert browsers.distrust(work, number) == 0


def test_a_new_browser_is_told_of(site: Host) -> None:
    """Not the first one ever, and none that was seen before; without the cookie each is new."""
    number = site.make.user("Read only", "ann@example.com")

    def told() -> int:
        with site.work() as work:
            return work.session.query(Notification).filter_by(user_id=number, kind="users.new_browser").count()

    first(site)
    first(site)
    assert told() == 0
    first(site, browser=ELSEWHERE)
    first(site, browser=ELSEWHERE)
    assert told() == 1
    first(site, browser="")
    assert told() == 2
    for n in range(60):
        first(site, browser=f"browser number {n:03} of the user")
    with site.work() as work:
        assert work.session.query(Browser).count() == browsers.MOST


def test_an_admin_takes_the_second_step_away(site: Host) -> None:
    """Who manages users and holds as much; it is audited. It can't be begun twice, and roles that need it are known by name."""
    number = site.make.user("CRM manager", "ann@example.com")
    set_up(site, number)
    with site.work("Admin") as work, work.begin():
        users.save_role(work, None, "People", ["users.edit"])
    with site.work("People") as work, pytest.raises(Forbidden), work.begin():
        second.reset(work, users.get(work, number))
    with site.work("Admin") as work:
        with pytest.raises(Conflict), work.begin():
            second.begin(work, users.get(work, number))
        with work.begin():
            second.reset(work, users.get(work, number))
        assert work.session.query(RecoveryCode).count() == 0
        assert work.session.query(AuditEntry).filter_by(action="user.second_step_reset").count() == 1
        with pytest.raises(Invalid), work.begin():
            settings.set_many(work, {second.ROLES: "Nobody"})
        with work.begin():
            settings.set_many(work, {second.ROLES: "crm MANAGER"})
            role = users.find_role(work, "CRM manager")
            users.save_role(work, role.id, "Manager", role.permissions)
        assert second.required_roles(work) == ["Manager"]
    assert first(site).token


def test_only_admins_decide_how_people_sign_in(site: Host) -> None:
    """Whoever may change settings can't lead the sign-in to a provider of their own, not even by going back to defaults."""
    with site.work("CRM manager") as work:
        for values in ({"users.openid_issuer": "https://id.example.com"}, {second.ROLES: None}):
            with pytest.raises(Invalid, match=r"users\.sign_in"), work.begin():
                settings.set_many(work, values)


def test_tries_are_counted_by_index(site: Host, clock: Clock) -> None:
    """However many failed lately, anywhere: what is asked at each sign-in reads no table from end to end."""
    with site.work() as work, work.begin():
        for n in range(3_000):
            row = {"key": f"address 198.51.100.{n}", "at": clock() - dt.timedelta(seconds=n)}
            work.session.execute(insert(SignInAttempt).values(row))
    with site.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    site.make.user("Read only", "ann@example.com")
    seen: list[tuple[str, object]] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *args: seen.append((args[2], args[3])))
    first(site)
    asked = [(words, values) for words, values in seen if "users_attempt" in words and not words.startswith("INSERT")]
    assert len(asked) >= 3
    with site.site.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite:
            connection.execute(text("SET enable_seqscan = off"))
        for words, values in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{words}", values)
            lines = [str(row[-1]) for row in plan]
            assert not [
                line for line in lines if "SCAN users_attempt" in line or "Seq Scan on users_attempt" in line
            ], words
