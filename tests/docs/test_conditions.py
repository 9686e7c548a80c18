"""The extension of the page on conditions works."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmhost.api import conditions
from crmhost.host import check
from crmhost.testing import Host

PAGE = Path(__file__).resolve().parents[2] / "docs" / "authors" / "conditions.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.mark.database("sqlite")
def test_loans_are_conditions(host: Callable[..., Host], tmp_path: Path) -> None:
    """A number with its zero, a day and a choice are asked, explained and translated to groups, without segments."""
    folder = tmp_path / "home" / "plugins" / "loans"
    for name, block in BLOCK.findall(PAGE.read_text("utf-8")):
        path = folder.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, "utf-8")
    wrong = [str(finding) for finding in check.check(folder)]
    assert [line for line in wrong if "README" not in line and "test" not in line] == []
    site = host("loans")
    ann, bob = (site.make.contact(first_name=name) for name in ("Ann", "Bob"))
    from plugins.loans.models import Loan  # type: ignore[import-not-found]

    with site.work() as work, work.begin():
        work.session.add(Loan(contact_id=ann, genre="crime", due=dt.date(2026, 3, 31)))

    def who(*items: dict[str, Any]) -> list[int]:
        with site.work("Admin") as work:
            group = conditions.read(work, {"match": "all", "conditions": list(items)})
            asked = conditions.question(work, group)
            found = sorted(work.session.scalars(asked.ids()))
            assert asked.count() == len(found)
            return found

    assert who({"type": "loans.count", "operator": "gt", "value": 0}) == [ann]
    assert who({"type": "loans.count", "operator": "lt", "value": 1}) == [bob]
    assert who({"type": "loans.due", "operator": "before", "value": "2026-04-01"}) == [ann]
    assert who({"type": "loans.genre", "operator": "has", "value": "Crime"}) == [ann]
    assert who({"type": "loans.genre", "operator": "none_of", "value": ["crime", "novel"]}) == [bob]
    with site.work("Admin") as work:
        group = conditions.read(work, {"conditions": [{"type": "loans.genre", "operator": "has", "value": "Novels"}]})
        (reason,) = conditions.explain(work, group, ann).items
        assert isinstance(reason, conditions.Reason)
        assert (reason.holds, conditions.plain(work, reason)) == (False, ["Crime"])
