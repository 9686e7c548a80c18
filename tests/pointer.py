"""Dragging with the pointer as a person does: looking where the thing is before letting go of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def drop(page: Page, x: float, y: float, arrived: Locator) -> None:
    """Carries what is held to (x, y) in pixels of the view, and lets go once ``arrived`` is shown there.

    A list makes room at its own pace and takes no notice of the pointer while things in it still glide.
    """
    page.mouse.move(x, y, steps=10)
    for nudge in range(40):
        if arrived.is_visible():
            break
        page.mouse.move(x + 1 + nudge % 4, y, steps=2)
        page.wait_for_timeout(50)
    page.mouse.up()
