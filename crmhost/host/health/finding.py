"""What the checks give, and what they look at."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection

from ..generation import Generation

if TYPE_CHECKING:
    from ...site import Site

Level = Literal["ok", "warning", "error"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """The answer of one check.

    :param id: stays the same from one examination to the next; ``PLUGIN.CHECK`` for one of a plugin.
    :param name: what was looked at, for people.
    :param message: what was found, a sentence.
    :param advice: what to do, a sentence; empty when all is well.
    :param plugin: id of the plugin concerned, empty for the host.
    """

    id: str
    name: str
    level: Level
    message: str
    advice: str = ""
    plugin: str = ""


class NoGeneration(Exception):
    """The plugins could not be put together, which was told already."""


class Look:
    """What the checks look at; the generation is put together when the first of them needs it."""

    def __init__(self, site: Site, generation: Generation | None) -> None:
        self.site = site
        self.generation = generation
        self._refused = False

    def connection(self) -> Connection:
        """A connection to the database, for reading."""
        return self.site.engine.connect()

    def needs_generation(self) -> Generation:
        """The generation in force; the first who asks hears why there is none, the others :class:`NoGeneration`."""
        if self._refused:
            raise NoGeneration
        if self.generation is None:
            self._refused = True
            self.generation = self.site.runtime.current()
            self._refused = False
        return self.generation
