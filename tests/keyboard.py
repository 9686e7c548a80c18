"""Keys as a person presses them: on a page that listens by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def loaded(page: Page) -> None:
    """Waits until the page is whole, before a key, click or choice that its scripts listen to; what it says is there before.

    To be called once something of the page is there to be seen: a link or form that leads to it is not waited for.
    """
    page.wait_for_load_state("load")


def press(page: Page, key: str) -> None:
    """Presses a key once the page is whole: one until then is lost."""
    loaded(page)
    page.keyboard.press(key)
