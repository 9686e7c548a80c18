"""The dashboard: figures, boxes in each user's own order, the set-up list."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from crmhost.core.contacts import bulk
from crmhost.core.journal import services as journal
from crmhost.core.settings import services as settings
from crmhost.testing import Host
from crmhost.web.dashboard import services
from crmhost.web.dashboard.routes import SPANS, ShownBox, _fitted
from crmhost.work.tables import AuditEntry
from tests.unit.web.conftest import Reader
from tests.unit.web.making import Maker, maker, stocked

__all__ = ["maker", "stocked"]

ONE = pytest.mark.database("sqlite")
ARRIVALS, CONTACTS, ACTIVITY = "dashboard.arrivals", "dashboard.contacts", "dashboard.activity"


def boxes(page: str) -> list[str]:
    """Keys of the boxes on a page, in order."""
    return re.findall(r'id="box-([\w.]+)"', page)


# --- what it shows ---------------------------------------------------------------------------------------------------


@ONE
def test_an_empty_site_teaches(reader: Reader) -> None:
    """Nothing is there yet, so each part says what it is for and what to do, and the set-up list stands open."""
    page = reader.get("/").text
    assert "Set up your CRM" in page
    assert "0 of 5 done" in page
    for label in ("Name your company", "Choose your statuses", "Invite the others", "Choose your extensions"):
        assert label in page
    assert "Nobody here yet" in page
    assert "Nothing happened yet" in page
    assert 'href="/contacts/new"' in page
    assert "<b>0</b>" in page
    assert 'style="' not in page


def test_figures_and_boxes_show_what_is_there(site: Host, reader: Reader) -> None:
    """The number of contacts with those of this month, the newest contacts, what happened lately."""
    site.make.contact(first_name="Ann", last_name="Older", created_at="2020-01-01")
    site.make.contact(first_name="Ben", last_name="<Newer>", email="ben@example.com")
    page = reader.get("/").text
    assert "<b>2</b>" in page
    assert "1 new this month" in page
    assert page.index("Ben &lt;Newer&gt;") < page.index("Ann Older")
    assert 'class="crm-time"' in page
    assert boxes(page) == [ARRIVALS, CONTACTS, ACTIVITY]


def test_an_import_is_one_line_of_the_activity(site: Host, reader: Reader) -> None:
    """With the number of contacts, whoever made it and however many rows it had; what came before is still there."""
    mine = site.actor("Contacts manager", only_assigned=True).user_id
    ann = site.make.contact(first_name="Ann")
    with site.work("Admin") as work, work.begin():
        journal.add(work, "contact", ann, "call", summary="Spoke before the import")
    for file, number in (("people.csv", 30), ("more 2026.csv", 12), ("one.csv", 1)):
        rows = [
            {
                "first_name": f"P{n}",
                "email": f"p{n}@{number}.example.com",
                "reason": f"Import of {file}, row {n + 2}",
                "assigned_to": mine if n < 2 else None,
            }
            for n in range(number)
        ]
        with site.work("Admin") as work, work.begin():
            assert {result.outcome for result in bulk.save_many(work, rows)} == {"added"}
    page = reader.get("/").text
    feed = page.partition('id="box-dashboard.activity"')[2]
    assert feed.count("Imported 30 contacts: Import of people.csv") == 1
    assert feed.count("Imported 12 contacts: Import of more 2026.csv") == 1
    assert feed.count("Import of") == 3
    assert "Imported: Import of one.csv, row 2" in feed
    assert "Spoke before the import" in feed
    feed = (
        Reader(site, "Contacts manager", only_assigned=True).get("/").text.partition('id="box-dashboard.activity"')[2]
    )
    assert "Imported 2 contacts: Import of people.csv" in feed
    assert "Spoke before" not in feed


def test_everybody_sees_their_own_part(site: Host) -> None:
    """A user limited to their own contacts counts those; without a permission its box and figure are not there."""
    mine = site.actor("Contacts manager", only_assigned=True).user_id
    site.make.contact(first_name="Mine", assigned_to=mine)
    site.make.contact(first_name="Foreign")
    page = Reader(site, "Contacts manager", only_assigned=True).get("/").text
    assert "<b>1</b>" in page
    assert "Foreign" not in page
    with site.work() as work, work.begin():
        from crmhost.core.users import services as users

        users.save_role(work, users.find_role(work, "Read only").id, "Read only", ["journal.view"])
    page = Reader(site, "Read only").get("/").text
    assert boxes(page) == [ACTIVITY]
    assert "View all" in page
    assert 'class="crm-total"' not in page


@ONE
def test_strangers_sign_in_first(site: Host) -> None:
    """Nothing of it is seen without signing in."""
    assert Reader(site, "").get("/").status_code == 302


@ONE
def test_queries_do_not_grow_with_contacts(site: Host, reader: Reader) -> None:
    """Thirty contacts cost as many queries as three."""

    def queries() -> int:
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(site.site.engine, "before_cursor_execute", listener)
        reader.get("/")
        event.remove(site.site.engine, "before_cursor_execute", listener)
        return len(seen)

    for number in range(3):
        site.make.contact(first_name=f"Early {number}", email=f"early{number}@example.com")
    queries()
    few = queries()
    for number in range(27):
        site.make.contact(first_name=f"Late {number}", email=f"late{number}@example.com")
    assert queries() == few


# --- what plugins bring ----------------------------------------------------------------------------------------------

WIDGETS = """
@hookimpl
def dashboard_widgets(self):
    return [
        api.Widget(id="good", title="A good box", render=lambda work: "<p>good content</p>", span=8, order=1),
        api.Widget(id="bad", title="A bad box", render=lambda work: 1 / 0, order=2),
        api.Widget(id="sql", title="A box with a wrong query", render=self.wrong, order=3),
        api.Widget(id="late", title="A late box", render=lambda work: "<p>late content</p>", lazy=True, order=4),
    ]

@hookimpl
def dashboard_totals(self):
    return [
        api.Total(label="Good figure", value=lambda work: ("42", "of all"), endpoint="contacts.index"),
        api.Total(label="Bad figure", value=lambda work: ("only one",), endpoint="contacts.index"),
    ]

@hookimpl
def setup_steps(self):
    return [
        api.SetupStep(label="A good step", endpoint="contacts.index", done=lambda work: False),
        api.SetupStep(label="A bad step", endpoint="contacts.index", done=lambda work: 1 / 0),
        api.SetupStep(label="A step that leads nowhere", endpoint="nowhere.index", done=lambda work: False),
    ]

@staticmethod
def wrong(work):
    from sqlalchemy import text
    work.session.execute(text("SELECT missing FROM nowhere"))
"""


@pytest.fixture
def stage(stocked: Callable[..., Host], maker: Maker) -> Host:
    """A site with a plugin whose boxes are good, failing and late."""
    maker.plugin("staged", WIDGETS)
    host = stocked("staged")
    host.make.contact(first_name="Ann", last_name="Unharmed")
    host.faults()
    return host


def test_a_failing_part_harms_only_itself(stage: Host) -> None:
    """A box that raises, even with a wrong query, shows an apology; the rest of the page and what follows is unharmed."""
    page = Reader(stage).get("/").text
    assert "good content" in page
    assert page.count("this box does not work at the moment") == 2
    assert "staged failed here" in page
    assert "Ann Unharmed" in page
    assert "<b>42</b>" in page
    assert "This figure does not work at the moment." in page
    assert "A good step" in page
    assert "A bad step" not in page
    assert "A step that leads nowhere" not in page
    assert {fault.place for fault in stage.faults()} == {
        "widget bad",
        "widget sql",
        "total Bad figure",
        "step A bad step",
    }


@ONE
def test_staff_read_an_apology_only(stage: Host) -> None:
    """Whose plugin failed is said to those who manage extensions."""
    page = Reader(stage, "Read only").get("/").text
    assert "this box does not work at the moment" in page
    assert "staged failed here" not in page


@ONE
def test_a_late_box_is_fetched_after_the_page(stage: Host) -> None:
    """The page only says where it comes from; htmx gets the content, a browser without scripts a page of its own."""
    reader = Reader(stage)
    page = reader.get("/").text
    assert "late content" not in page
    assert 'hx-get="/dashboard/box/staged.late"' in page
    part = reader.get("/dashboard/box/staged.late", htmx=True).text
    assert part.strip() == "<p>late content</p>"
    whole = reader.get("/dashboard/box/staged.late").text
    assert "late content" in whole
    assert "<h1" in whole
    assert "at the moment" in reader.get("/dashboard/box/staged.bad", htmx=True).text
    assert reader.get("/dashboard/box/staged.nothing").status_code == 404


@ONE
def test_a_plugin_takes_its_parts_with_it(stage: Host) -> None:
    """When it is off, its boxes, figures and steps are gone, and the page stands."""
    reader = Reader(stage)
    stage.disable("staged")
    page = reader.get("/").text
    assert boxes(page) == [ARRIVALS, CONTACTS, ACTIVITY]
    assert "Good figure" not in page
    assert reader.get("/dashboard/box/staged.good").status_code == 404


# --- arranging -------------------------------------------------------------------------------------------------------


def test_each_user_arranges_their_own(stage: Host) -> None:
    """Boxes are moved by button and by dragging, hidden, shown and put back, and nobody else sees it."""
    reader, other = Reader(stage), Reader(stage, "CRM manager")
    first = boxes(reader.get("/").text)
    assert first == ["staged.good", "staged.bad", "staged.sql", "staged.late", ARRIVALS, CONTACTS, ACTIVITY]
    page = reader.get("/?arrange=1").text
    assert 'data-sort-url="/dashboard/arrange"' in page
    answer = reader.post("/dashboard/box/staged.bad/move", {"to": "earlier"})
    assert answer.status_code == 303
    assert "autofocus" in reader.get(answer.headers["Location"]).text
    assert boxes(reader.get("/").text)[:2] == ["staged.bad", "staged.good"]
    reader.post(f"/dashboard/box/{CONTACTS}/move", {"to": "later"})
    assert boxes(reader.get("/").text)[-2:] == [ACTIVITY, CONTACTS]
    dragged = [CONTACTS, "staged.late", ARRIVALS, "staged.sql", "made.up", "staged.bad", "staged.good", ACTIVITY]
    assert reader.post("/dashboard/arrange", {"order": dragged}, htmx=True).status_code == 204
    assert boxes(reader.get("/").text) == [key for key in dragged if key != "made.up"]
    reader.post("/dashboard/box/staged.bad/hide")
    assert "staged.bad" not in boxes(reader.get("/").text)
    assert "Hidden boxes" in reader.get("/?arrange=1").text
    reader.post("/dashboard/box/staged.bad/show")
    assert set(boxes(reader.get("/").text)) == set(first)
    assert boxes(other.get("/").text) == first
    reader.post("/dashboard/reset")
    assert boxes(reader.get("/").text) == first


@ONE
def test_boxes_of_a_plugin_that_was_off_come_back_to_their_place(stage: Host) -> None:
    """What was arranged before is kept, though others were moved meanwhile."""
    reader = Reader(stage)
    reader.post("/dashboard/arrange", {"order": [ACTIVITY, "staged.good", CONTACTS]})
    stage.disable("staged")
    reader.post("/dashboard/arrange", {"order": [CONTACTS, ACTIVITY, ARRIVALS]})
    assert boxes(reader.get("/").text) == [CONTACTS, ACTIVITY, ARRIVALS]
    stage.enable("staged")
    found = boxes(reader.get("/").text)
    assert found.index(CONTACTS) < found.index(ACTIVITY) < found.index("staged.good")


@ONE
def test_boxes_that_are_not_ones_own_are_refused(stage: Host, site: Host) -> None:
    """An unknown box is not found, and a forged form changes nothing."""
    reader = Reader(stage)
    for what in ("move", "hide", "show"):
        assert reader.post(f"/dashboard/box/no.such/{what}").status_code == 404
    reader.client.forges = True
    assert reader.post("/dashboard/box/staged.good/hide").status_code == 400
    assert "staged.good" in boxes(reader.get("/").text)


@ONE
def test_hiding_everything_says_how_to_go_back(reader: Reader) -> None:
    """The empty page leads to arranging."""
    for key in (ARRIVALS, CONTACTS, ACTIVITY):
        reader.post(f"/dashboard/box/{key}/hide")
    assert "You have hidden every box" in reader.get("/").text


@given(st.lists(st.sampled_from("abcdef")), st.lists(st.sampled_from("abcdefgh"), unique=True))
def test_woven_orders(first: list[str], second: list[str]) -> None:
    """Everything is there once, and what the first order says holds."""
    found = services.woven(first, second)
    assert sorted(found) == sorted({*first, *second})
    assert [key for key in found if key in first] == list(dict.fromkeys(first))


@given(st.lists(st.sampled_from(SPANS), max_size=12))
def test_rows_are_filled(spans: list[int]) -> None:
    """No box gets narrower, and a row that can be filled is."""
    fitted = [
        box.span for box in _fitted([ShownBox(str(number), "", span, "", None) for number, span in enumerate(spans)])
    ]
    assert all(span in SPANS and span >= before for span, before in zip(fitted, spans, strict=True))
    if spans == [6]:
        assert fitted == [12]


# --- the set-up list -------------------------------------------------------------------------------------------------


@ONE
def test_steps_tick_themselves(site: Host) -> None:
    """Each step is done when what it asks for is there; when all are, the list is gone."""
    reader = Reader(site)
    site.make.contact(first_name="Ann")
    with site.work("Admin") as work, work.begin():
        settings.set_many(work, {"site.name": "Atelier"})
    page = reader.get("/").text
    assert "2 of 5 set up." in page
    assert "Choose your statuses" in page
    site.make.contact(first_name="Ben", status="Customer")
    site.make.user("Read only")
    assert "4 of 5 set up." in reader.get("/").text
    with site.work("Admin") as work, work.begin():
        work.audit("plugin.enabled", "plugin", "x")
    assert "set up." not in reader.get("/").text


@ONE
def test_an_admin_hides_the_list_for_good(site: Host) -> None:
    """It is gone for everybody and audited; the toast brings it back; others may not."""
    reader, staff = Reader(site), Reader(site, "Read only")
    assert staff.post("/dashboard/steps/hide").status_code == 403
    assert "Add your first contacts" in Reader(site, "Contacts manager").get("/").text
    assert "Hide for good" not in Reader(site, "Contacts manager").get("/").text
    assert "Set up your CRM" not in staff.get("/").text
    assert reader.post("/dashboard/steps/hide").status_code == 303
    page = reader.get("/").text
    assert "Set up your CRM" not in page
    assert 'action="/dashboard/steps/show"' in page
    assert "Set up your CRM" not in Reader(site, "Contacts manager").get("/").text
    with site.site.sessions() as session:
        assert session.query(AuditEntry).filter_by(object_id="dashboard.setup_hidden").count() == 1
    reader.post("/dashboard/steps/show")
    assert "Set up your CRM" in reader.get("/").text
