"""Typed reading of one table of a manifest: collects what is wrong instead of stopping at the first thing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

#: Entries that one list of a manifest may hold.
MAX_ENTRIES = 200


class Table:
    """One table of the file.

    :param name: its heading, empty for the top of the file.
    :param problems: sentences are added to it.
    """

    def __init__(self, values: Mapping[str, Any], name: str, problems: list[str]) -> None:
        self.values = values
        self.name = name
        self.problems = problems
        self._known: set[str] = set()

    def problem(self, key: str, sentence: str) -> None:
        """Notes what is wrong with a key."""
        heading = f"[{self.name}] " if self.name else ""
        self.problems.append(f"{heading}{_shown(key)}: {sentence}")

    def table(self, key: str, *, free: bool = False) -> Table:
        """The table below a heading, empty when it is missing; a ``free`` one takes any keys."""
        value = self._take(key, {})
        if not isinstance(value, Mapping):
            self.problem(key, f"must be a table; write the heading [{key}] and its keys below.")
            value = {}
        table = Table(value, key, self.problems)
        if free:
            table._known.update(value)
        return table

    def text(
        self,
        key: str,
        *,
        default: str = "",
        required: bool = False,
        limit: int,
        pattern: re.Pattern[str] | None = None,
        like: str = "",
    ) -> str:
        """A line of text; ``default`` when it is missing or wrong."""
        value = self._take(key, None)
        if value is None:
            if required:
                self.problem(key, "is missing; write it as a text in quotes.")
            return default
        if not isinstance(value, str):
            self.problem(key, f"must be a text in quotes, not {_kind(value)}.")
            return default
        value = value.strip()
        if problem := _text_problem(value, limit):
            self.problem(key, problem)
            return default
        if required and not value:
            self.problem(key, "is empty; fill it in.")
        if value and pattern is not None and not pattern.fullmatch(value):
            self.problem(key, f"“{value}” can't be used; write {like}.")
            return default
        return value or default

    def flag(self, key: str) -> bool:
        """``true`` or ``false``, which is the default."""
        value = self._take(key, False)
        if not isinstance(value, bool):
            self.problem(key, f"must be true or false, not {_kind(value)}.")
            return False
        return value

    def texts(self, key: str, *, default: tuple[str, ...] = (), limit: int, single: bool = False) -> tuple[str, ...]:
        """A list of texts without repetition; a ``single`` text is taken as a list of one."""
        value = self._take(key, None)
        if value is None:
            return default
        if single and isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            self.problem(key, f"must be a list of texts in square brackets, not {_kind(value)}.")
            return default
        if len(value) > MAX_ENTRIES:
            self.problem(key, f"has more than {MAX_ENTRIES} entries.")
            return default
        found: dict[str, None] = {}
        for entry in value:
            if not isinstance(entry, str):
                self.problem(key, f"must hold texts in quotes, not {_kind(entry)}.")
            elif problem := _text_problem(entry.strip(), limit):
                self.problem(key, problem)
            elif not entry.strip():
                self.problem(key, "holds an empty text; take it out.")
            else:
                found[entry.strip()] = None
        return tuple(found)

    def pairs(self, key: str) -> dict[str, str]:
        """A table of texts, such as ``{ quotes = ">=1" }``; a list of names gives each an empty text."""
        value = self._take(key, {})
        if isinstance(value, list):
            self._known.discard(key)
            return dict.fromkeys(self.texts(key, limit=60), "")
        if not isinstance(value, Mapping) or len(value) > MAX_ENTRIES:
            self.problem(key, f'must be a table such as {{ quotes = ">=1,<2" }}, not {_kind(value)}.')
            return {}
        found = {}
        for name, text in value.items():
            if not isinstance(text, str):
                self.problem(key, f"the range for “{_shown(name)}” must be a text in quotes, not {_kind(text)}.")
            elif problem := _text_problem(name + text, 160):
                self.problem(key, problem)
            else:
                found[name] = "" if text.strip() == "*" else text.strip()
        return found

    def refuse_unknown(self) -> None:
        """Notes every key that nothing asked for, with the known one that is nearest."""
        for key in self.values:
            if key in self._known:
                continue
            near = difflib.get_close_matches(key[:60], sorted(self._known), n=1, cutoff=0.5)
            hint = f"did you mean “{near[0]}”?" if near else f"known here: {', '.join(sorted(self._known))}."
            self.problem(key, f"is unknown; {hint}")

    def _take(self, key: str, default: Any) -> Any:
        self._known.add(key)
        return self.values.get(key, default)


def _text_problem(text: str, limit: int) -> str:
    if len(text) > limit:
        return f"“{_shown(text)}” is too long; at most {limit} characters."
    if not is_plain(text):
        return f"{_shown(text)} holds control characters or line breaks; write one plain line."
    return ""


def _shown(text: str) -> str:
    short = text if len(text) <= 40 else text[:39] + "…"
    return short if is_plain(short) else ascii(short)


def is_plain(text: str) -> bool:
    """Whether a text is one line without control characters; the no-break spaces of French are welcome."""
    return text.replace("\u00a0", " ").replace("\u202f", " ").isprintable()


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, Mapping) else "a date or time"
