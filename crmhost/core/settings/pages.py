"""Which settings stand on which page: a page for each plugin, and those of the core."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import cast

from ...contributions import Setting
from ...host.generation import Generation
from ...messages import Message

#: Page of the settings plugin itself.
GENERAL = "general"
#: The page of lists that people may change; the statuses plugin serves it.
FIELD_OPTIONS = "field_options"


@dataclasses.dataclass(frozen=True)
class SettingsPage:
    """A page of settings.

    :param label: English text.
    """

    id: str
    label: str
    settings: Sequence[Setting]


def page_of(setting: Setting) -> str:
    """Id of the page that a setting stands on."""
    if setting.page:
        return setting.page
    return GENERAL if setting.plugin == "settings" else setting.plugin


def settings_pages(generation: Generation) -> dict[str, SettingsPage]:
    """The pages with their settings, by id; a page whose plugin is off is not there."""
    shown: dict[str, list[Setting]] = {}
    for setting in cast("tuple[Setting, ...]", generation.contributions("settings")):
        if not setting.hidden:
            shown.setdefault(page_of(setting), []).append(setting)
    labels = {GENERAL: Message("General"), FIELD_OPTIONS: Message("Field options")}
    pages = {}
    for name, settings in shown.items():
        plugin = generation.by_id.get(name)
        label = labels.get(name) or (plugin.manifest.name if plugin else name.replace("_", " ").capitalize())
        pages[name] = SettingsPage(name, label, settings)
    return pages
