"""``/healthz`` and ``/readyz``: whether this process can serve, asked by supervisors and load balancers."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import column, inspect, literal, select, table, union_all
from werkzeug.wrappers import Response

from ..errors import PluginError
from . import migrate
from .tables import HostState

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..site import Site
    from .generation import Generation

log = logging.getLogger("crmhost.runtime")


class Readiness:
    """Answers for one process. The answers name the check that failed and nothing else: everybody may ask."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._away = False
        self._known: tuple[int, dict[str, list[str]]] = (0, {})
        #: Set when the process is about to end: load balancers should send nobody any more.
        self.stopping = False

    def healthz(self) -> Response:
        """200 while there is a generation to serve, whatever else is wrong: a restart would not mend the database."""
        self._site.runtime.watch()
        return _answer([] if self._generation() else ["generation: could not be built"])

    def readyz(self) -> Response:
        """200 when the database answers, its tables fit the code and a generation is built."""
        self._site.runtime.watch()
        return _answer(self.problems())

    def problems(self) -> list[str]:
        """What keeps this process from serving, each as ``check: what``; empty when nothing does."""
        if self.stopping:
            return ["process: stopping"]
        try:
            with self._site.engine.connect() as connection:
                connection.execute(select(HostState.generation))
                generation = self._generation()
                if generation is None:
                    return ["generation: could not be built"]
                behind = self._behind(connection, generation)
        except Exception:
            if not self._away:
                # Once: probes come every few seconds.
                log.warning("the database does not answer", exc_info=True)
            self._away = True
            return ["database: does not answer"]
        self._away = False
        return [f"schema: {owner} is behind, run “crmhost db upgrade”" for owner in behind]

    def _generation(self) -> Generation | None:
        try:
            return self._site.runtime.current()
        except Exception:
            log.exception("could not build a generation")
            return None

    def _behind(self, connection: Connection, generation: Generation) -> list[str]:
        """Owners whose tables are older than the code of this process.

        Tables that are newer don't count: while the code is replaced machine by machine, the old processes go on.
        """
        number, known = self._known
        if number != generation.number:
            known = _revisions(generation)
            self._known = (generation.number, known)
        have = _stored(connection, known)
        return [
            owner
            for owner, revisions in known.items()
            if (stored := have.get(owner)) != revisions[0] and (stored is None or stored in revisions)
        ]


def _stored(connection: Connection, owners: Iterable[str]) -> dict[str, str]:
    """Owner -> the revision that the database has, in two queries, because probes come often; those without one are left out."""
    there = set(inspect(connection).get_table_names())
    tables = {owner: table(migrate.version_table(owner), column("version_num")) for owner in owners}
    asked = [
        select(literal(owner), versions.c.version_num) for owner, versions in tables.items() if versions.name in there
    ]
    return {row[0]: row[1] for row in connection.execute(union_all(*asked))} if asked else {}


def _revisions(generation: Generation) -> dict[str, list[str]]:
    """Owner -> the revisions that the code knows, the newest first; owners without tables are left out."""
    folders = {migrate.CORE: migrate.CORE_VERSIONS}
    folders |= {plugin.id: plugin.versions for plugin in generation.plugins if not plugin.builtin}
    found = {}
    for owner, versions in folders.items():
        try:
            revisions = migrate.revisions(owner, versions)
        except PluginError:
            continue
        if revisions:
            found[owner] = revisions
    return found


def _answer(problems: list[str]) -> Response:
    text = "".join(f"{problem}\n" for problem in problems) or "ok\n"
    answer = Response(text, 503 if problems else 200, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer
