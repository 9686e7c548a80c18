"""Two admins switch plugins at the same moment, from processes of their own: nothing is done by halves or lost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from crmhost.config import Config
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry
from tests.unit.host import switcher
from tests.unit.web.making import Maker, maker, stocked

__all__ = ["maker", "stocked"]

#: How often each pair is tried: which of the two comes first differs from time to time.
ROUNDS = 3
NAMES = ("left", "right", "upper")
#: Notes in the plugin's own table when it is switched.
NOTES = """
@hookimpl
def on_enable(self, work):
    self._note(work, "enabled")

@hookimpl
def on_disable(self, work):
    self._note(work, "disabled")

def _note(self, work, what):
    from sqlalchemy import text

    work.session.execute(text("INSERT INTO {name}_note (what) VALUES (:what)"), {{"what": what}})
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("{name}_note", sa.Column("id", sa.Integer, primary_key=True), sa.Column("what", sa.String(20)))


def downgrade():
    op.drop_table("{name}_note")
"""


class Admin:
    """A process that switches plugins as it is told. The test must have no connection open when it begins."""

    def __init__(self, config: Config) -> None:
        orders, self._tells = os.pipe()
        self._hears, answers = os.pipe()
        self._process = os.fork()
        if not self._process:
            try:
                os.close(self._tells)
                os.close(self._hears)
                switcher.serve(config, orders, answers)
            finally:
                os._exit(0)
        os.close(orders)
        os.close(answers)
        self._answers = os.fdopen(self._hears)

    def hear(self) -> str:
        """The next line that it says."""
        return self._answers.readline()

    def tell(self, do: str, name: str) -> None:
        """Has it switch a plugin."""
        os.write(self._tells, f"{json.dumps({'do': do, 'name': name})}\n".encode())

    def leave(self) -> None:
        """Tells it that there is nothing more to do."""
        os.close(self._tells)

    def wait(self) -> None:
        """Waits for its end."""
        os.waitpid(self._process, 0)
        self._answers.close()


@pytest.fixture
def site(stocked: Callable[..., Host], maker: Maker) -> Host:
    """A site with two plugins that know nothing of each other, and one that needs the first; all are off."""
    for name in NAMES:
        maker.plugin(
            name,
            NOTES.format(name=name),
            more='[requires]\nplugins = ["left"]' if name == "upper" else "",
            migrations__versions__0001_py=MIGRATION.format(name=name),
        )
    return stocked()


@pytest.fixture
def admins(site: Host) -> Iterator[list[Admin]]:
    """Two processes on that site."""
    site.site.engine.dispose()
    made = [Admin(site.site.config), Admin(site.site.config)]
    yield made
    # The second holds an end of the pipe to the first, too.
    for admin in made:
        admin.leave()
    for admin in made:
        admin.wait()


def at_once(admins: list[Admin], *orders: tuple[str, str]) -> list[dict[str, Any]]:
    """Has each admin do their part at the same moment; gives what each changed, or why nothing."""
    for admin, order in zip(admins, orders, strict=True):
        admin.tell(*order)
    return [json.loads(admin.hear()) for admin in admins]


def consistent(host: Host) -> set[str]:
    """Checks that state, tables, what the plugins wrote, the audit log and the generation tell the same; gives what is on."""
    wanted = host.site.wanted()
    generation = host.generation
    on = set(wanted.enabled)
    assert dict(generation.failed) == {}
    assert {plugin.id for plugin in generation.plugins if not plugin.builtin} == on
    assert generation.number == wanted.number
    assert "upper" not in on or "left" in on
    with host.site.sessions() as session:
        tables = set(inspect(session.connection()).get_table_names())
        for name in NAMES:
            entries = select(AuditEntry.action).where(AuditEntry.object_id == name).order_by(AuditEntry.id)
            told = [action.partition(".")[2] for action in session.scalars(entries)]
            gone = max((place + 1 for place, action in enumerate(told) if action == "uninstalled"), default=0)
            told = told[gone:]
            assert (name in wanted.states) == bool(told)
            assert {f"{name}_note", f"{name}_alembic_version"} & tables == (
                {f"{name}_note", f"{name}_alembic_version"} if told else set()
            )
            if told:
                # On, off, on, off: nobody's switch was done twice or over another's.
                assert told == [("enabled", "disabled")[place % 2] for place in range(len(told))]
                assert wanted.states[name].state == told[-1]
                assert session.scalars(text(f"SELECT what FROM {name}_note ORDER BY id")).all() == told
    return on


def test_both_are_done_or_refused_and_nothing_is_half(site: Host, admins: list[Admin]) -> None:
    """Whatever two admins switch at once, each is done as if after the other, or is refused with a reason."""
    for _ in range(ROUNDS):
        # Two plugins, never enabled before in the first round.
        before = site.site.wanted().number
        answers = at_once(admins, ("enable", "left"), ("enable", "right"))
        assert answers == [{"changed": ["left"], "refused": ""}, {"changed": ["right"], "refused": ""}]
        assert consistent(site) == {"left", "right"}
        assert site.site.wanted().number == before + 2

        # The same plugin twice: one did it, the other found it done.
        answers = at_once(admins, ("disable", "right"), ("disable", "right"))
        assert sorted(answer["changed"] for answer in answers) == [[], ["right"]]
        assert consistent(site) == {"left"}
        answers = at_once(admins, ("enable", "right"), ("enable", "right"))
        assert sorted(answer["changed"] for answer in answers) == [[], ["right"]]
        assert consistent(site) == {"left", "right"}

        # On and off.
        changed = [answer["changed"] for answer in at_once(admins, ("enable", "right"), ("disable", "right"))]
        assert changed in ([[], ["right"]], [["right"], ["right"]])
        assert consistent(site) == ({"left"} if changed == [[], ["right"]] else {"left", "right"})

        # What one needs is switched off by the other: the one who came later takes it along, or is refused.
        off, on = at_once(admins, ("disable", "left"), ("enable", "upper"))
        assert (off["changed"], on["changed"]) in ((["left"], ["left", "upper"]), ([], ["upper"]))
        assert off["changed"] or "“upper”" in off["refused"]
        assert {"left", "upper"} <= consistent(site)

        site.disable("left", "right", with_dependents=True)
        # Deleted while it is switched on: the tables are there exactly when it is on.
        at_once(admins, ("uninstall", "left"), ("enable", "left"))
        assert consistent(site) in (set(), {"left"})
        site.disable("left")
