"""Lists: selection, keys, search as one types, the palette, order by hand, generations."""

import threading

from flask import request
from playwright.sync_api import Page, expect

from tests.pointer import drop, lift, movable

from .conftest import Site

LIST = """<input type="search" data-key="/" aria-label="Search these contacts"><a href="/new" data-key="n">Add contact</a>
<div data-selection data-rows><table><thead><tr><th><input type="checkbox" data-select-all aria-label="All"></th></tr></thead><tbody>{rows}</tbody></table>
<div class="crm-bulk" data-bulk hidden><span data-bulk-count data-one="{{count}} selected" data-many="{{count}} selected" data-total="12,408"></span>
<button type="button" data-select-everything>Select all 12,408</button><button type="button" data-select-clear>Clear</button>
<input type="hidden" name="everything" data-everything-field></div></div>"""
ROW = '<tr data-row><td><input type="checkbox" data-select name="ids" value="{0}" aria-label="Select {0}"></td><td><a href="/c/{0}">Contact {0}</a></td></tr>'


def show_list(site: Site, page: Page) -> None:
    site.page("/", LIST.format(rows="".join(ROW.format(number) for number in range(1, 6))))
    page.goto("/")


def test_selection_counts_and_reaches_all(site: Site, page: Page) -> None:
    """Shift selects a range, the bar counts, all of the page offers all that match, clearing hides the bar."""
    show_list(site, page)
    page.get_by_label("Select 2").click()
    page.get_by_label("Select 4").click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("3 selected")
    expect(page.get_by_label("All", exact=True)).to_have_js_property("indeterminate", True)
    expect(page.get_by_role("button", name="Select all 12,408")).to_be_hidden()
    page.get_by_label("All", exact=True).click()
    page.get_by_role("button", name="Select all 12,408").click()
    expect(page.locator("[data-bulk-count]")).to_have_text("12,408 selected")
    expect(page.locator("[name=everything]")).to_have_value("1")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".crm-bulk")).to_be_hidden()
    expect(page.locator("[name=everything]")).to_have_value("")


def test_keys_move_select_and_open(site: Site, page: Page) -> None:
    """j, k, x and Enter work on rows, / goes to the search field where they are letters again, ? lists the keys."""
    show_list(site, page)
    site.page("/c/2", "<h1>Contact two</h1>")
    for key in "jjjk":
        page.keyboard.press(key)
    page.keyboard.press("x")
    expect(page.get_by_label("Select 2")).to_be_checked()
    page.keyboard.press("/")
    page.keyboard.type("jn")
    expect(page.get_by_role("searchbox")).to_have_value("jn")
    page.get_by_role("searchbox").blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Add contact")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Contact two")).to_be_visible()


def test_a_row_that_opens_by_a_button_has_keys_too(site: Site, page: Page) -> None:
    """Where opening a row changes something, j goes to its button and Enter presses it."""
    row = '<li data-row><form method="post" action="/open/{0}"><button data-row-open>Row {0}</button></form></li>'
    site.page("/", f"<ul data-rows>{row.format(1)}{row.format(2)}</ul>")
    site.page("/open/2", "<h1>Opened</h1>")
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="Row 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Opened")).to_be_visible()


def test_keys_work_as_soon_as_a_dialog_is_closed(site: Site, page: Page) -> None:
    """A key counts in the very moment a dialog closes, while the browser still has the focus inside of it."""
    show_list(site, page)
    page.keyboard.press("j")
    page.keyboard.press("?")
    page.evaluate("""() => {
        const dialog = document.querySelector("dialog");
        const inside = dialog.querySelector("button");
        dialog.close();
        inside.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, cancelable: true }));
    }""")
    expect(page.locator("[data-row].at")).to_contain_text("Contact 2")


def test_key_of_a_closed_menu_works(site: Site, page: Page) -> None:
    """An action that lies in a menu has its key all the same, after what is in sight."""
    site.page(
        "/",
        '<button popovertarget="m">New</button><div class="crm-pop" id="m" popover><a class="item" href="/new" data-key="c">Add</a></div>',
    )
    site.page("/new", "<h1>Add contact</h1>")
    page.goto("/")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Add contact")).to_be_visible()


def test_search_as_one_types_keeps_the_address(site: Site, page: Page) -> None:
    """Typing replaces the list alone, writes the address without empty fields, and sends each text once."""
    form = '<form method="get" action="/contacts/" data-live-search="#list"><input type="search" name="q"><input name="tag" value=""></form>'
    site.page("/contacts/", f'{form}<div id="list">All</div>')
    page.clock.install(time=0)
    page.goto("/contacts/")
    # However slowly the machine passes keys on, this is who types fast.
    page.clock.pause_at(3_600)
    site.page("/contacts/", f'{form}<div id="list">Found</div>')
    page.get_by_role("searchbox").press_sequentially("ver")
    page.clock.resume()
    expect(page.locator("#list")).to_have_text("Found")
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page).to_have_url(f"{site.address}/contacts/?q=ver")
    assert [asked["q"] for asked in site.asked_for("/contacts/")[1:]] == [["ver"]]


def test_a_list_that_is_slow_shows_its_outline(site: Site, page: Page) -> None:
    """From 150 ms on, until the new rows are there; also for who wants no motion."""
    form = '<form method="get" action="/contacts/" data-live-search="#list"><input type="search" name="q"></form>'
    site.page("/contacts/", f'{form}<div id="list" data-outline>All</div>')
    page.emulate_media(reduced_motion="reduce")
    page.goto("/contacts/")
    held = threading.Event()
    found = site.document(f'{form}<div id="list" data-outline>Found</div>')
    site.answer("/contacts/", lambda: held.wait(20) and found)
    page.get_by_role("searchbox").fill("v")
    part = page.locator("#list.crm-outline[aria-busy=true]")
    expect(part).to_be_attached()
    drawn = part.evaluate("one => getComputedStyle(one, '::after').backgroundImage")
    assert drawn.startswith("repeating-linear-gradient")
    held.set()
    expect(page.locator("#list")).to_have_text("Found")
    expect(part).to_have_count(0)


def test_palette_searches_and_opens(site: Site, page: Page) -> None:
    """Ctrl+K opens one field over everything; arrows move, Enter opens, hostile text stays text."""
    site.page("/", '<button class="crm-search" data-palette="/search">Search</button>')
    hits = '<div class="group">Contacts</div><a class="hit" href="/c/1">Amélie &lt;b&gt;</a><a class="hit" href="/c/2">Björn</a>'
    # Before something is typed nothing is there: what is chosen below is of the answer to it.
    site.answer("/search", lambda: hits if request.args["q"] else "")
    site.page("/c/2", "<h1>Björn</h1>")
    page.goto("/")
    page.keyboard.press("Control+k")
    with page.expect_response("**/search?q=a**"):
        page.get_by_role("combobox").fill("a&b=c")
    expect(page.get_by_role("option", selected=True)).to_have_text("Amélie <b>")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Björn")).to_be_visible()
    assert site.asked_for("/search")[-1]["q"] == ["a&b=c"]


def test_palette_waits_for_the_answer_to_what_was_typed(site: Site, page: Page) -> None:
    """Enter right after typing opens the first hit for the new text, never one of the old."""
    site.page("/", '<button class="crm-search" data-palette="/search">Search</button>')
    site.answer("/search", lambda: f'<a class="hit" href="/c/{request.args["q"] or "old"}">Hit</a>')
    site.page("/c/new", "<h1>The new one</h1>")
    page.goto("/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option")).to_have_attribute("href", "/c/old")
    page.get_by_role("combobox").fill("new")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The new one")).to_be_visible()


BOXES = """<div data-sortable="boxes" data-area="left" data-sort-url="/order">
<div data-id="a"><button data-grip>A</button></div><div data-id="b"><button data-grip>B</button></div><div data-id="c"><button data-grip>C</button></div></div>"""


def test_order_by_mouse_and_by_keyboard(site: Site, page: Page) -> None:
    """Both ways store the same thing: the item, its area and the new order."""
    site.page("/", BOXES)
    site.answer("/order", lambda: ("", 204))
    page.goto("/")
    with page.expect_response("**/order"):
        movable(page.get_by_role("button", name="A")).press(" ")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press(" ")
    with page.expect_response("**/order"):
        lift(page.get_by_role("button", name="A"))
        goal = page.get_by_role("button", name="B").bounding_box()
        assert goal is not None
        drop(page, goal["x"] + 5, goal["y"] + 2, page.locator('[data-id="a"]:first-child'))
    assert [asked["order"] for asked in site.asked_for("/order")] == [["b", "c", "a"], ["a", "b", "c"]]
    assert site.asked_for("/order")[0]["item"] == ["a"]
    assert site.asked_for("/order")[0]["area"] == ["left"]


def test_boxes_go_from_column_to_column(site: Site, page: Page) -> None:
    """By arrow keys and by dragging, also into a column that is empty."""
    side = BOXES.replace('data-area="left"', 'data-area="side" class="crm-boxes"')
    site.page("/", '<div data-sortable="boxes" data-area="main" data-sort-url="/order" class="crm-boxes"></div>' + side)
    site.answer("/order", lambda: ("", 204))
    page.goto("/")
    with page.expect_response("**/order"):
        movable(page.get_by_role("button", name="A")).press(" ")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press(" ")
    with page.expect_response("**/order"):
        page.get_by_role("button", name="A").press(" ")
        page.keyboard.press("ArrowRight")
        page.keyboard.press(" ")
    with page.expect_response("**/order"):
        lift(page.get_by_role("button", name="C"))
        page.mouse.move(40, 120, steps=3)
        empty = page.locator('[data-area="main"]')
        expect(empty).to_be_visible()
        spot = empty.bounding_box()
        assert spot is not None
        drop(page, spot["x"] + 30, spot["y"] + spot["height"] / 2, empty.locator('[data-id="c"]'))
    asked = site.asked_for("/order")
    assert [(one["area"], one["order"]) for one in asked] == [
        (["main"], ["a"]),
        (["side"], ["a", "b", "c"]),
        (["main"], ["c"]),
    ]


def test_order_that_is_refused_is_put_back(site: Site, page: Page) -> None:
    """When the server refuses, things lie where they lay, and the person is told."""
    site.page("/", BOXES)
    site.answer("/order", lambda: ("", 403))
    page.goto("/")
    movable(page.get_by_role("button", name="C")).press(" ")
    page.keyboard.press("ArrowUp")
    page.keyboard.press(" ")
    expect(page.locator(".crm-toast")).to_contain_text("put back")
    assert page.locator("[data-id]").evaluate_all("items => items.map(i => i.dataset.id)") == ["a", "b", "c"]


def test_other_generation_makes_the_next_page_a_full_load(site: Site, page: Page) -> None:
    """After an answer of another generation, a boosted link loads the page as a whole."""
    body = (
        '<button hx-get="/part" hx-target="#out">Part</button><p id="out"></p><a href="/next" hx-boost="true">Next</a>'
    )
    site.page("/", body, html='data-generation="1"')
    site.page("/next", "<h1>Next page</h1>", html='data-generation="2"')
    site.answer("/part", lambda: ("Fresh", 200, {"Crmhost-Generation": "2"}))
    page.goto("/")
    page.get_by_role("button", name="Part").click()
    expect(page.locator("#out")).to_have_text("Fresh")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", name="Next page")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-generation", "2")
