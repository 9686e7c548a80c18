"""What all contributions have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Self

from ..errors import PluginError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contribution:
    """Base of all contributions.

    :param plugin: id of the owner; filled in by the host.
    :param order: low numbers come first.
    """

    plugin: str = ""
    order: int = 100

    @classmethod
    def coerce(cls, plugin: str, value: object) -> Self:
        """This contribution from what a plugin returned: the dataclass itself or a mapping with its fields."""
        if isinstance(value, cls):
            return dataclasses.replace(value, plugin=plugin)
        if isinstance(value, Mapping):
            known = {field.name for field in dataclasses.fields(cls)}
            unknown = sorted(set(value) - known)
            if unknown:
                raise PluginError(plugin, f"{cls.__name__} has no “{unknown[0]}”; it takes {', '.join(sorted(known))}.")
            try:
                return cls(**{**value, "plugin": plugin})
            except TypeError as error:
                raise PluginError(plugin, f"{cls.__name__}: {error}.") from error
        raise PluginError(plugin, f"Expected a {cls.__name__} or a dictionary, not {type(value).__name__}.")
