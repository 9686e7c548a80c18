"""Clients who are signed in and try what is not theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import AuditEntry
from crmhost.testing import Clock, Host
from crmhost.web import guesses
from plugins.portal import arranging
from tests.clients import sign_in


@pytest.mark.database("sqlite")
def test_clients_who_guess_wait(host: Callable[..., Host], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """After many records that are not there a client gets none, after more nobody at the address; lists stay, and it passes."""
    clock.freeze()
    monkeypatch.setattr(guesses, "PER_PERSON", 5)
    monkeypatch.setattr(guesses, "PER_ADDRESS", 10)
    site = host("portal")
    with site.work() as work, work.begin():
        arranging.save_page(work, "How to find us", "<p>By train.</p>")
    people = [site.make.contact(email=f"{number}@example.com") for number in range(4)]
    *guessers, beside, elsewhere = [sign_in(site, number) for number in people]
    elsewhere.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    own = "/portal/p/how-to-find-us"
    guesser = guessers[0]
    codes = [guesser.get(f"/portal/p/{number}").status_code for number in range(6)]
    assert codes == [404] * 5 + [429]
    refused = guesser.get(own)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert "Wait 15 minutes" in refused.text
    assert [guesser.get(path).status_code for path in ("/portal/", "/portal/details/", "/portal/none")] == [
        200,
        200,
        404,
    ]
    assert [browser.get(own).status_code for browser in (beside, elsewhere)] == [200, 200]
    assert {guessers[1].get(f"/portal/p/{number}").status_code for number in range(5)} == {404}
    assert [browser.get(own).status_code for browser in (beside, elsewhere)] == [429, 200]
    clock.move(minutes=16)
    assert [browser.get(own).status_code for browser in (guesser, beside)] == [200, 200]
    with site.work() as work:
        told = select(AuditEntry.object_id, AuditEntry.actor_kind).where(AuditEntry.action == "portal.guessed")
        assert sorted(work.session.execute(told).all()) == [(str(number), "client") for number in people[:2]]
