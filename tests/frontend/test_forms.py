"""Nothing typed is lost: guard, drafts, lost sign-in, failures; choices and segments."""

from playwright.sync_api import Page, expect

from .conftest import Site

FORM = """<form method="post" action="/save" data-guard data-draft="contact-1">
<label>Name <input name="name"></label><label><input type="checkbox" name="vip" value="1"> VIP</label>
<label>Password <input type="password" name="secret"></label><button data-save>Save</button></form><a href="/other">Other</a>"""


def test_guard_asks_before_changes_are_left(site: Site, page: Page) -> None:
    """A link away from a changed form asks; staying keeps what was typed, leaving goes on."""
    site.page("/", FORM)
    site.page("/other", "<h1>Other page</h1>")
    page.goto("/")
    page.get_by_label("Name").fill("Amélie")
    page.get_by_role("link", name="Other").click()
    page.get_by_role("button", name="Keep editing").click()
    expect(page.get_by_label("Name")).to_have_value("Amélie")
    page.get_by_role("link", name="Other").click()
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Other page")).to_be_visible()


def test_control_enter_saves(site: Site, page: Page) -> None:
    """Ctrl+Enter sends the form one is in, without a question."""
    site.page("/", FORM)
    site.page("/save", "<h1>Saved</h1>")
    page.goto("/")
    page.get_by_label("Name").fill("Amélie")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Saved")).to_be_visible()
    assert site.asked_for("/save")[0]["name"] == ["Amélie"]


def test_draft_comes_back_and_goes_when_saved(site: Site, page: Page) -> None:
    """What was typed is offered when the form comes back empty, without the password, and forgotten once saved."""
    site.page("/", FORM)
    page.goto("/")
    page.get_by_label("Name").fill("Amélie")
    page.get_by_label("VIP").check()
    page.get_by_label("Password").fill("hidden")
    page.wait_for_function("() => sessionStorage.getItem('crm-draft:contact-1')?.includes('true')")
    assert "hidden" not in page.evaluate("sessionStorage.getItem('crm-draft:contact-1')")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_label("Name")).to_have_value("Amélie")
    expect(page.get_by_label("VIP")).to_be_checked()
    site.page("/done", "Saved", head='<meta name="draft-done" content="contact-1">')
    page.goto("/done")
    page.goto("/")
    expect(page.get_by_role("button", name="Bring it back")).to_have_count(0)


def test_lost_sign_in_loses_nothing(site: Site, page: Page) -> None:
    """A 401 opens a dialog; after the sign-in in another tab the same request goes out with the new token."""
    signed_in = []
    form = '<form hx-post="/note" hx-target="#out"><input name="note"><button>Add</button></form><p id="out"></p>'
    site.answer("/", lambda: site.document(form).replace("token-1", "token-2" if signed_in else "token-1"))
    site.answer("/note", lambda: "Noted" if signed_in else ("", 401, {"Crmhost-Login": "/login"}))
    site.page("/login", "<h1>Sign in</h1>")
    site.page("/in", "<h1>Dashboard</h1>", head='<meta name="signed-in" content="1">')
    page.goto("/")
    page.locator("input[name=note]").fill("Call back")
    page.get_by_role("button", name="Add").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in").click()
    signed_in.append(True)
    opened.value.goto("/in")
    expect(page.locator("#out")).to_have_text("Noted")
    assert [asked["note"] for asked in site.asked_for("/note")] == [["Call back"], ["Call back"]]
    assert page.locator("meta[name=csrf-token]").get_attribute("content") == "token-2"


def test_failure_leaves_the_page_as_it_is(site: Site, page: Page) -> None:
    """A 500 shows a notice, swaps nothing and keeps what was typed; a 422 brings the form with its errors."""
    site.page(
        "/", '<div id="box"><form hx-post="/save" hx-target="#box"><input name="a"><button>Save</button></form></div>'
    )
    site.answer("/save", lambda: ("<h1>Trace</h1>", 500))
    page.goto("/")
    page.locator("input").fill("kept")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".crm-toast")).to_contain_text("server reported an error")
    expect(page.locator("input")).to_have_value("kept")
    site.answer("/save", lambda: ('<p class="form-error">Too short</p>', 422))
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#box")).to_have_text("Too short")


def test_segments_write_their_field(site: Site, page: Page) -> None:
    """Pressing one of a few writes its value and shows its part."""
    site.page(
        "/",
        '<div class="crm-seg" data-seg><button type="button" value="draw" data-shows="a" aria-pressed="true">Draw</button>'
        '<button type="button" value="type" data-shows="b" aria-pressed="false">Type</button><input type="hidden" name="how" value="draw"></div>'
        '<p id="a">Pad</p><p id="b" hidden>Field</p>',
    )
    page.goto("/")
    page.get_by_role("button", name="Type").click()
    expect(page.locator("input[name=how]")).to_have_value("type")
    expect(page.locator("#b")).to_be_visible()
    expect(page.locator("#a")).to_be_hidden()


def test_choices_are_searched_on_the_server(site: Site, page: Page) -> None:
    """A field of choices asks the server as one types and takes several."""
    site.page(
        "/",
        '<label for="tags">Tags</label><select id="tags" name="tags" multiple data-choices data-choices-url="/tags.json"></select>',
    )
    site.answer("/tags.json", lambda: [{"value": "1", "text": "VIP"}, {"value": "2", "text": "Press <b>"}])
    page.goto("/")
    with page.expect_response("**/tags.json?q=press"):
        page.locator(".ts-control input").fill("press")
    page.get_by_role("option", name="Press <b>").click()
    assert page.locator("select").evaluate("select => [...select.selectedOptions].map(o => o.value)") == ["2"]
    assert ["press"] in [asked["q"] for asked in site.asked_for("/tags.json")]


PICKER = (
    '<form method="post" action="/save"><label for="who">Contact</label><input type="text" id="who" name="who" value="Ada King (#7)"'
    """ data-chosen='[{"value": "#7", "text": "Ada King"}]' data-choices="" data-choices-url="/people.json" """
    'data-choices-create="new:" aria-describedby="help"><small id="help">By name</small><button data-save>Save</button></form>'
)


def test_one_record_is_picked_by_keyboard(site: Site, page: Page) -> None:
    """What is chosen shows its name and sends its number; what is typed and not chosen is sent as it is; a new name on request."""
    site.page("/", PICKER)
    site.page("/save", "<h1>Saved</h1>")
    site.answer("/people.json", lambda: [{"value": "#9", "text": "Grace Hopper", "note": "g@example.com"}])
    field = page.get_by_role("combobox", name="Contact")

    def sent(*keys: str) -> list[str]:
        page.goto("/")
        expect(page.locator(".ts-control .item")).to_contain_text("Ada King")
        field.focus()
        page.keyboard.press("Backspace")
        for key in keys:
            page.keyboard.press(key) if key[0].isupper() else page.keyboard.type(key)
            if key == "phone":
                expect(page.get_by_role("option", name="Grace Hopper")).to_be_visible()
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("heading", name="Saved")).to_be_visible()
        return site.asked_for("/save")[-1]["who"]

    # Found by what is not shown of her.
    assert sent("phone", "Enter") == ["#9"]
    assert sent("nobody@example.com") == ["nobody@example.com"]
    assert sent("phone", "ArrowUp", "Enter") == ["new:phone"]
    assert sent() == [""]
    page.goto("/")
    expect(field).to_have_attribute("aria-describedby", "help")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Saved")).to_be_visible()
    assert site.asked_for("/save")[-1]["who"] == ["#7"]
