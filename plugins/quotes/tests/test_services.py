"""Writing quotes: what is taken, what may change, what comes of them, the bin, permissions."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.api import SYSTEM, Conflict, Forbidden, Invalid, NotFound, Stale, contacts, links, settings
from crmhost.testing import Host
from plugins.quotes import accepting, mass, queries, services, states, templating, versions
from plugins.quotes.models import KIND, Quote, Version

from .conftest import line, seen, sent, write


def test_a_quote_is_worth_its_lines_and_valid_for_the_days_of_the_settings(site: Host) -> None:
    """Its value is the total of its lines, else what was typed; it ends thirty days after its date unless told otherwise."""
    quote = seen(site, write(site, lines=[line(5_000, "2")], date="2026-03-01"))
    assert (quote.value, quote.state, str(quote.valid_until)) == (10_000, "draft", "2026-03-31")
    assert seen(site, write(site, lines=[], value="99.50")).value == 9_950
    with site.work() as work, work.begin():
        settings.set_many(work, {"quotes.valid_days": 0})
    assert seen(site, write(site)).valid_until is None


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"title": " "}, "title"), ({"title": "x" * 201}, "title"), ({"contact_id": 999_999}, "contact_id"),
    ({"valid_until": "2020-01-01"}, "valid_until"), ({"date": "soon"}, "date"), ({"currency": "EURO"}, "currency"),
    ({"status": "Sold"}, "status"), ({"status": "accepted"}, "status"), ({"colour": "red"}, "colour"),
    ({"lines": [line(1) | {"quantity": "x"}]}, "lines.0.quantity"), ({"lines": "x"}, "lines"), ({"value": "-1"}, "value"),
    ({"owner_id": 999_999}, "owner_id"), ({"content": 7}, "content"), ({"company_id": 7}, "company_id"), ({"tags": 7}, "tags"),
]  # fmt: skip


def test_what_can_not_be_is_refused_at_its_field(site: Host) -> None:
    """Each mistake is named where it stands, and nothing is written."""
    contact = site.make.contact()
    for given, field in WRONG:
        with site.work() as work:
            with pytest.raises(Invalid) as caught, work.begin():
                services.create(work, {"title": "Table", "contact_id": contact} | given)
            assert field in caught.value.errors, given
            assert work.session.scalar(select(Quote.id)) is None


def test_text_is_made_harmless(site: Host) -> None:
    """Scripts in the text of a quote, and in what a placeholder brings, never reach a page."""
    contact = site.make.contact(first_name="<script>alert(1)</script>")
    number, _token, _digest = sent(
        site, contact=contact, content="<p onclick=x>{{ contact.first_name }}</p><script>x</script>"
    )
    with site.work() as work:
        html = versions.shown(work, number)[1].html
    assert "<script" not in html
    assert "onclick" not in html
    assert "&lt;script&gt;" in html


def test_what_nothing_is_known_of_is_never_sent(site: Host) -> None:
    """No content, nobody to send it to, an unknown placeholder, a last day that is over: each is said, and it stays a draft."""
    unknown = write(site, content="<p>{{ quote.colour }} ##NONSENSE##</p>")
    for number, field in (
        (write(site, content=""), "content"),
        (unknown, "content"),
        (write(site, date="2020-01-01", valid_until="2020-02-01"), "valid_until"),
    ):
        with site.work() as work, pytest.raises(Invalid) as caught, work.begin():
            versions.send(work, number)
        assert field in caught.value.errors
        assert seen(site, number).state == "draft"
    assert "quote.colour" in str(_refused(site, unknown))


def _refused(site: Host, number: int) -> dict[str, Any]:
    with site.work() as work, pytest.raises(Invalid) as caught, work.begin():
        versions.send(work, number)
    return dict(caught.value.errors)


def test_the_client_sees_what_was_sent_until_it_is_sent_again(site: Host) -> None:
    """A change waits for the next sending; sending again what did not change makes no new version."""
    number, token, first = sent(site)
    assert sent(site, number)[1:] == (token, first)
    with site.work() as work, work.begin():
        services.update(work, number, {"lines": [line(100)], "title": "Chairs"}, version=seen(site, number).version)
    with site.work() as work:
        assert versions.shown(work, number)[1].value == 125_000
        assert "€1,250.00" in versions.shown(work, number)[1].html
    _number, _token, second = sent(site, number)
    with site.work() as work:
        assert (versions.shown(work, number)[1].title, versions.number_of(work, seen(site, number))) == ("Chairs", 2)
    with site.work() as work, work.begin(), pytest.raises(Conflict, match="changed since"):
        accepting.accept(work, number, digest=first, name="Ada")
    with site.work() as work, work.begin(), pytest.raises(Stale):
        services.update(work, number, {"notes": "x"}, version=1)
    assert first != second


def test_what_was_accepted_stays_and_a_copy_is_a_draft(site: Host) -> None:
    """Its text, lines and customer can't be changed any more, its notes can; it is not binned; a copy is of today."""
    number, _token, digest = sent(site, tags=["VIP"])
    with site.work() as work, work.begin():
        accepting.accept(work, number, digest=digest, name="Ada Park")
    for change in ({"content": "<p>Other</p>"}, {"lines": [line(1)]}, {"title": "Other"}):
        with site.work() as work, work.begin(), pytest.raises(Invalid, match="stays as it is"):
            services.update(work, number, change)
    with site.work() as work, work.begin(), pytest.raises(Invalid, match="accepted"):
        services.delete(work, [number])
    with site.work() as work, work.begin(), pytest.raises(Invalid, match="accepted already"):
        versions.send(work, number)
    with site.work() as work, work.begin():
        services.update(work, number, {"notes": "Called"})
        copy = services.duplicate(work, number)
        assert (copy.state, copy.value, copy.date, services.tags_of(work, copy)) == (
            "draft",
            125_000,
            work.today,
            ["VIP"],
        )


def test_quotes_go_to_the_bin_come_back_and_are_erased(site: Host) -> None:
    """The link of one in the bin opens nothing; after the days of the settings the job takes it away."""
    number, token, _digest = sent(site)
    with site.work() as work, work.begin():
        assert mass.to_bin(work, [number]) == 1
    with site.work() as work, pytest.raises(NotFound):
        versions.shown(work, links.find(work, KIND, token).object_id)
    with site.work() as work, work.begin():
        assert mass.restore(work, [number]) == 1
        assert mass.to_bin(work, [number]) == 1
    site.clock.move(days=400)
    with site.work() as work, work.begin():
        assert services.empty_bin(work) == 1
        assert work.session.scalar(select(Version.id)) is None
        with pytest.raises(NotFound):
            links.find(work, KIND, token)


def test_a_quote_expires_in_the_night_after_its_last_day(site: Host) -> None:
    """The job marks it once; sent again with a later day it is open again."""
    number, _token, digest = sent(site)
    site.clock.move(days=31)
    with site.work() as work:
        assert states.has_late(work)
    with site.work() as work, work.begin(), pytest.raises(Conflict, match="last day"):
        accepting.accept(work, number, digest=digest, name="Ada")
    with site.work() as work, work.begin():
        assert (states.expire(work), states.expire(work)) == (1, 0)
    assert seen(site, number).state == "expired"
    with site.work() as work, work.begin():
        services.update(work, number, {"valid_until": work.today + dt.timedelta(days=3)})
    assert seen(site, number).state == "sent"


def test_only_who_may_and_only_of_own_contacts(site: Host) -> None:
    """Roles and limits hold in the services: a limited user sees the quotes of their contacts and no others."""
    theirs = write(site)
    with site.work("Read only") as work, work.begin():
        assert services.get(work, theirs).id == theirs
        for call in (lambda: services.update(work, theirs, {}), lambda: services.delete(work, [theirs]),
                     lambda: versions.send(work, theirs), lambda: templating.save(work, {"name": "x"}),
                     lambda: mass.note(work, [theirs], "accepted")):  # fmt: skip
            with pytest.raises(Forbidden):
                call()
    with site.work("Quotes manager", only_assigned=True) as work, work.begin():
        mine = contacts.create(work.as_actor(SYSTEM), {"first_name": "Ada", "assigned_to": work.actor.user_id}).id
        own = services.create(work, {"title": "Mine", "contact_id": mine})
        assert [quote.id for quote in work.session.scalars(queries.matching(work))] == [own.id]
        assert mass.to_bin(work, [theirs]) == 0
        with pytest.raises(NotFound):
            services.get(work, theirs)
        with pytest.raises(Invalid, match="contact"):
            services.create(work, {"title": "Nobody's"})


def test_lists_filter_and_add_up(site: Host) -> None:
    """By status, tag, contact, days and value; sums by currency say what is open and what was accepted."""
    first, _token, digest = sent(site, tags=["VIP"], date="2026-03-01", valid_until="2099-01-01")
    second = write(site, lines=[], value="10", title="Écharpe")
    with site.work() as work, work.begin():
        accepting.accept(work, first, digest=digest, name="Ada")
    with site.work() as work:
        for filters, found in (
            ({"status": ["Accepted"]}, [first]), ({"status": ["draft", "sent"]}, [second]), ({"tag": ["vip"]}, [first]),
            ({"date_to": ["2026-03-01"]}, [first]), ({"value_min": ["10.01"]}, [first]), ({"value_max": ["10"]}, [second]),
            ({"currency": ["usd"]}, []), ({"contact_id": [str(seen(site, second).contact_id)]}, [second]),
        ):  # fmt: skip
            assert (
                list(work.session.scalars(queries.matching(work, "", filters).with_only_columns(Quote.id))) == found
            ), filters
        assert [one.id for one in work.session.scalars(queries.matching(work, "echar"))] == [second]
        sums = queries.sums(work, queries.matching(work))
        assert {name: [str(money) for money in amounts] for name, amounts in sums.items()} == {
            "total": ["1260.00 EUR"], "accepted": ["1250.00 EUR"], "open": ["0.00 EUR"],
        }  # fmt: skip
        for wrong in (
            {"status": ["sold"]},
            {"date_from": ["x"]},
            {"value_min": ["x"]},
            {"colour": ["x"]},
            {"contact_id": ["x"]},
        ):
            with pytest.raises(Invalid):
                queries.matching(work, "", wrong)


def test_templates_come_along_as_rows_and_are_kept_by_name(site: Host) -> None:
    """Ready-made ones can be changed and deleted; two of one name are refused; a new quote may begin with one."""
    with site.work() as work, work.begin():
        ready = templating.all_of(work)
        assert {row.name for row in ready} >= {"Services", "Project", "Goods"}
        assert all("contact.full_name" in row.content and "site.name" in row.content for row in ready)
        changed = templating.save(work, {"name": "Work", "content": "<p>Hi</p><script>x</script>"}, ready[0].id)
        assert changed.content == "<p>Hi</p>"
        with pytest.raises(Conflict):
            templating.save(work, {"name": "WORK"})
        with pytest.raises(Invalid):
            templating.save(work, {"name": " "})
        with pytest.raises(Stale):
            templating.save(work, {"name": "Work"}, ready[0].id, version=1)
        settings.set_many(work, {"quotes.template": str(changed.id)})
    assert seen(site, write(site, content=None)).content == ""
    with site.work() as work, work.begin():
        quote = services.create(work, {"title": "By default"})
        assert quote.content == "<p>Hi</p>"
        templating.delete(work, ready[0].id)
        assert services.create(work, {"title": "Still"}).content == ""
