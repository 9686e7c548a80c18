"""Sites to measure on: a home in a temporary folder, on SQLite and on an embedded PostgreSQL."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from crmhost import config as configuration
from crmhost.host import setup
from crmhost.site import Site

PASSWORD = "correct horse battery"
EMAIL = "bench@example.com"
KEY = "only-for-measuring-0123456789abcdef"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a site lies.

    :param label: name of the database, for the report.
    """

    label: str
    home: Path
    database_url: str

    def environment(self) -> dict[str, str]:
        """Environment variables with which another process serves the same site."""
        return {
            **os.environ,
            "CRMHOST_HOME": str(self.home),
            "CRMHOST_DATABASE_URL": self.database_url,
            "CRMHOST_SECRET_KEY": KEY,
        }

    def site(self, kind: str = "cli") -> Site:
        """The site as this process holds it."""
        return Site(configuration.load(self.environment()), kind=kind)


@contextlib.contextmanager
def places(*, databases: str = "both", names: Sequence[str] = ("bench",)) -> Iterator[list[Place]]:
    """Empty places on SQLite and PostgreSQL, one of each name on each; removed at the end."""
    from tests.peers import postgres

    with tempfile.TemporaryDirectory(prefix="crmhost-bench-") as folder:
        made = []
        for database in ("sqlite", "postgresql"):
            for name in names if databases in ("both", database) else ():
                home = Path(folder) / f"{database}-{name}"
                home.mkdir()
                if database == "sqlite":
                    made.append(Place("SQLite", home, f"sqlite:///{home / 'bench.sqlite'}"))
                else:
                    made.append(Place("PostgreSQL", home, postgres.server().create(name)))
        try:
            yield made
        finally:
            postgres.stop()


def set_up(place: Place) -> None:
    """Sets the site up, with an admin whose password is known."""
    site = place.site()
    try:
        setup.initialise(site, EMAIL, PASSWORD)
    finally:
        site.close()


def session_token(site: Site) -> str:
    """The token of a signed-in browser of the admin."""
    from crmhost.core.users import services as users

    with site.work() as work:
        user = users.find_by_email(work, EMAIL)
        assert user is not None
        with work.begin():
            return users.open_session(work, user)
