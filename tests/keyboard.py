"""Keys as a person presses them: on a page that listens by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def press(page: Page, key: str) -> None:
    """Presses a key once the page is whole: what it says is to be read before its scripts run, and a key until then is lost."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)
