"""Whose word counts for a field."""

from __future__ import annotations

import datetime as dt

import pytest

from plugins.syncs.ownership import settle

EARLY, LATE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 2, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("wanted", "current", "written", "rule", "taken"),
    [
        ("Ada", "", None, "ours", True),
        ("Ada", "Augusta", None, "ours", False),
        ("Ada", "A.", "A.", "ours", True),
        ("Ada", "Augusta", "A.", "ours", False),
        ("Ada", "", "A.", "ours", False),
        ("Ada", "Augusta", "A.", "theirs", True),
        ("", "A.", "A.", "ours", True),
        ("", "Augusta", "A.", "theirs", False),
        ("Ada", "Augusta", "A.", "newest", True),
    ],
)
def test_who_wrote_a_field(wanted: str, current: str, written: str | None, rule: str, taken: bool) -> None:
    """A field follows the other side while it holds what the sync wrote, or nothing that anybody typed or took away."""
    known = {} if written is None else {"first_name": written}
    found, kept = settle({"first_name": wanted}, {"first_name": current}, known, rule, theirs_at=LATE, ours_at=EARLY)
    assert found == ({"first_name": wanted} if taken else {})
    assert (kept == ["first_name"]) == (not taken and bool(wanted))


def test_newest_wins_only_when_newer() -> None:
    """What was changed here last stays, where the last one counts."""
    assert (
        settle({"city": "Paris"}, {"city": "Lyon"}, {"city": "Nice"}, "newest", theirs_at=EARLY, ours_at=LATE)[0] == {}
    )
