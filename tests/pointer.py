"""Putting things in order as a person does: looking whether they can be moved, and where one is before letting go of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


#: The script that moves things comes when their area is seen, and marks the area.
_MOVES = "grip => Object.keys(grip.closest('[data-sortable]')).some(key => key.startsWith('Sortable'))"


def movable(grip: Locator) -> Locator:
    """The grip, once what it holds can be moved, by the pointer or by keys."""
    grip.scroll_into_view_if_needed()
    grip.page.wait_for_function(_MOVES, arg=grip.element_handle())
    return grip


def lift(grip: Locator) -> None:
    """Takes hold of a thing by its grip."""
    movable(grip).hover()
    grip.page.mouse.down()


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
