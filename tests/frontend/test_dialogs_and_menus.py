"""Menus, dialogs, questions, notices, the drawer and the theme."""

import json

from playwright.sync_api import Page, expect

from .conftest import Site

MENU = """<button id="opener" popovertarget="m" aria-haspopup="menu">Open</button>
<div class="crm-pop" id="m" popover role="menu">
<button class="item" role="menuitem">Alpha</button><button class="item" role="menuitem">Beta</button>
<button class="item" role="menuitem">Gamma</button></div>"""


def test_menu_opens_under_its_button_and_moves_by_keys(site: Site, page: Page) -> None:
    """A menu lies under its button, arrow keys and letters move in it, Escape gives the focus back."""
    site.page("/", MENU)
    page.goto("/")
    page.get_by_role("button", name="Open").press("Enter")
    expect(page.get_by_role("menuitem", name="Alpha")).to_be_focused()
    button, menu = page.locator("#opener").bounding_box(), page.locator("#m").bounding_box()
    assert menu["y"] >= button["y"] + button["height"]
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Gamma")).to_be_focused()
    page.keyboard.press("b")
    expect(page.get_by_role("menuitem", name="Beta")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#m")).to_be_hidden()
    expect(page.locator("#opener")).to_be_focused()


def test_menu_fetches_what_is_new_when_it_is_opened(site: Site, page: Page) -> None:
    """The bell's menu asks for its content when it is opened first, once; arrow keys reach what came."""
    menu = MENU.replace(
        "<div ", '<div hx-get="/news" hx-trigger="toggle once" hx-target="#news" hx-swap="innerHTML" ', 1
    )
    site.page("/", menu.replace("</div>", '<div id="news">Loading</div></div>'))
    site.answer("/news", lambda: '<button class="item" role="menuitem">News</button>')
    page.goto("/")
    assert site.asked_for("/news") == []
    for _ in range(2):
        page.locator("#opener").press("Enter")
        expect(page.get_by_role("menuitem", name="News")).to_be_visible()
        expect(page.get_by_role("menuitem", name="Alpha")).to_be_focused()
        page.keyboard.press("End")
        expect(page.get_by_role("menuitem", name="News")).to_be_focused()
        page.keyboard.press("Escape")
    assert len(site.asked_for("/news")) == 1


def test_question_holds_a_click_until_it_is_answered(site: Site, page: Page) -> None:
    """A button with data-confirm does nothing when the person cancels, and its work once when they agree."""
    site.page(
        "/",
        '<form method="post" action="/gone"><button data-confirm="Delete Amélie?" data-confirm-tone="danger">Delete</button></form>',
    )
    site.page("/gone", "<h1>Gone</h1>")
    page.goto("/")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete Amélie?").get_by_role("button", name="Cancel").click()
    assert site.asked_for("/gone") == []
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Gone")).to_be_visible()
    assert len(site.asked_for("/gone")) == 1


def test_question_may_want_a_word(site: Site, page: Page) -> None:
    """The red button stays off until the word is typed."""
    site.page(
        "/",
        '<form method="post" action="/gone"><button data-confirm="Erase?" data-confirm-word="ERASE">Erase</button></form>',
    )
    site.page("/gone", "<h1>Gone</h1>")
    page.goto("/")
    page.get_by_role("button", name="Erase").click()
    expect(page.get_by_role("button", name="Continue")).to_be_disabled()
    page.get_by_label("Type ERASE to continue").first.fill("ERASE")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Gone")).to_be_visible()


def test_dialog_opens_and_closes(site: Site, page: Page) -> None:
    """data-dialog opens a dialog of the page; data-close and the scrim close it."""
    site.page(
        "/",
        '<button data-dialog="d">Reason</button><dialog class="crm-dialog" id="d"><button data-close>Close</button></dialog>',
    )
    page.goto("/")
    page.get_by_role("button", name="Reason").click()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#d")).to_be_hidden()
    page.get_by_role("button", name="Reason").click()
    page.mouse.click(5, 5)
    expect(page.locator("#d")).to_be_hidden()


def test_notice_by_header_offers_undo(site: Site, page: Page) -> None:
    """An answer to htmx may put up a notice whose Undo posts with the token."""
    site.page("/", '<button hx-post="/archive" hx-swap="none">Archive</button>')
    site.page("/undo", "<h1>Back</h1>")
    told = {"HX-Trigger": json.dumps({"crm:toast": {"text": "Archived", "undo": "/undo"}})}
    site.answer("/archive", lambda: ("", 200, told))
    page.goto("/")
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("Archived")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Back")).to_be_visible()
    assert site.asked_for("/undo")[0]["csrf_token"] == ["token-1"]


def test_theme_is_chosen_and_kept(site: Site, page: Page) -> None:
    """The choice shows at once, sits in the cookie for the server, and "system" takes it back."""
    site.page("/", '<button data-theme-choice="dark">Dark</button><button data-theme-choice="system">System</button>')
    page.goto("/")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert {cookie["name"]: cookie["value"] for cookie in page.context.cookies()} == {"crm_theme": "dark"}
    page.get_by_role("button", name="System").click()
    expect(page.locator("html")).not_to_have_attribute("data-bs-theme", "dark")


def test_drawer_on_a_phone(site: Site, page: Page) -> None:
    """The side menu slides in, keeps the focus, and Escape gives it back to the button."""
    site.page(
        "/",
        '<div class="crm-frame"><nav class="crm-side" id="side"><a href="/x">Contacts</a></nav>'
        '<div class="crm-main"><button class="only-phone" data-drawer="side" aria-expanded="false">Menu</button></div></div>',
    )
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Contacts")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Contacts")).to_be_hidden()
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
