"""Copying the database of a site into another one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.errors import CrmError
from crmhost.host import backup, beats
from crmhost.site import Site
from crmhost.testing import Host

from .conftest import FOLDERS, KINDS, rows


def test_a_copy_has_every_row(
    full: Host, empty: Callable[[str], str], other: Callable[..., Site], database: str
) -> None:
    """From either database to the other; the counts are compared, and a second copy into it is refused."""
    before = rows(full.site.engine)
    url = empty(KINDS[-1] if database == "sqlite" else "sqlite")
    done = backup.copy(full.site, url)
    assert (done.differing, done.changed, done.left_out) == ([], False, ())
    assert done.counts["contacts_contact"] == (10, 10)
    assert rows(other(url).engine) == before
    with pytest.raises(CrmError, match="The database is not empty"):
        backup.copy(full.site, url)


@pytest.mark.database("sqlite")
def test_a_site_that_runs_is_not_copied_unnoticed(host: Callable[..., Host], empty: Callable[[str], str]) -> None:
    """While a process lives it takes --live; what is written meanwhile is told, and is not in the copy."""
    made = host("gamut", plugin_folders=FOLDERS)
    url = empty("sqlite")
    with pytest.raises(CrmError, match="the database of the site itself"):
        backup.copy(made.site, made.site.config.database_url)

    class Writing(backup.Unseen):
        def advance(self, steps: int) -> None:
            made.make.contact()

    done = backup.copy(made.site, empty("sqlite"), progress=Writing())
    assert done.changed
    assert done.counts["contacts_contact"] == (0, 0)
    beats.beat(made.site, made.site.runtime)
    with pytest.raises(CrmError, match="stop the site first"):
        backup.copy(made.site, url)
    assert not backup.copy(made.site, url, live=True).changed
