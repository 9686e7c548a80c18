"""The life of a plugin: enabled, used, disabled, upgraded, erased from, merged over, purged, on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import inspect, select, text

from crmhost.api import Event, JournalEntry, Role, Vetoed, Work, contacts, files, settings, statuses
from crmhost.core.settings.models import StoredSetting
from crmhost.host.shape import shape_of
from crmhost.host.tables import PluginState
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry, JobRow
from tests.contract.rollup import exact
from tests.contract.world import World
from tests.probes import FOLDER, ONLY

MORE = '''"""A column and a table more."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("probe_one_score") as table:
        table.add_column(sa.Column("weight", sa.Integer, nullable=False, server_default="1"))
    op.create_table("probe_one_extra", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("probe_one_extra")
    with op.batch_alter_table("probe_one_score") as table:
        table.drop_column("weight")
'''


def actions(host: Host) -> list[str]:
    """Actions in the audit log, oldest first."""
    with host.site.sessions() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_nothing_is_left(world: World) -> None:
    """Uninstalling leaves no table, setting, permission, job, fault or state; the audit log says what happened."""
    host = world.host
    with host.site.engine.connect() as connection:
        before = shape_of(connection)
    host.enable("probe_one", "probe_two")
    world.score(60)
    with host.work("Admin") as work, work.begin():
        settings.set_many(work, {"probe_one.key": "secret", "probe_one.limits": "1", "probe_two.most": "99"})
    assert any(job.plugin == "probe_one" for job in host.jobs())
    assert sorted(host.uninstall("probe_one")) == [
        "probe_one_heard",
        "probe_one_member",
        "probe_one_rollup",
        "probe_one_score",
    ]
    assert host.state("probe_two") == "enabled"
    assert host.uninstall("probe_two") == ["probe_two_badge", "probe_two_note", "probe_two_place"]
    with host.site.sessions() as session:
        assert session.scalars(select(PluginState)).all() == []
        assert session.scalars(select(JobRow).where(JobRow.plugin.like("probe%"))).all() == []
        assert session.scalars(select(StoredSetting).where(StoredSetting.key.like("probe%"))).all() == []
        assert [role.name for role in session.scalars(select(Role)) if "probe" in str(role.permissions)] == []
    with host.site.engine.connect() as connection:
        assert shape_of(connection) == before
    said = [action for action in actions(host) if "probe" in action or action.startswith("plugin.")]
    assert said[:2] == ["plugin.enabled", "plugin.enabled"]
    assert said[-6:] == [
        "probe_one.said_goodbye",
        "plugin.disabled",
        "probe_one.said_farewell",
        "plugin.uninstalled",
        "plugin.disabled",
        "plugin.uninstalled",
    ]
    host.enable("probe_one")
    assert exact(world)


def test_upgrade(host: Callable[..., Host], tmp_path: Path) -> None:
    """A newer version brings its tables up, keeps the rows, and can be disabled, enabled and uninstalled as before."""
    folder = tmp_path / "plugins"
    shutil.copytree(FOLDER, folder)
    world = World(host(plugin_folders=(("home", folder),)))
    with world.host.site.engine.connect() as connection:
        before = shape_of(connection)
    world.host.enable("probe_one")
    world.score(60)
    manifest = folder / "probe_one" / "plugin.toml"
    manifest.write_text(manifest.read_text().replace('version = "1.0"', 'version = "1.1"'))
    (folder / "probe_one" / "migrations" / "versions" / "0002_more.py").write_text(MORE)
    assert world.host.upgrade() == {}
    assert world.host.site.wanted().states["probe_one"].version == "1.1"
    with world.host.site.engine.connect() as connection:
        assert connection.execute(text("SELECT points, weight FROM probe_one_score")).all() == [(60, 1)]
        assert inspect(connection).has_table("probe_one_extra")
    world.score(2)
    assert "62 probe-one-vital" in world.page(f"/contacts/{world.ada}")
    world.host.disable("probe_one")
    world.host.enable("probe_one")
    with world.host.work("Admin") as work, work.begin():
        contacts.erase(work, world.ada)
    with world.host.site.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM probe_one_score")) == 0
    assert "probe_one_extra" in world.host.uninstall("probe_one")
    with world.host.site.engine.connect() as connection:
        assert shape_of(connection) == before


def test_erased(world: World) -> None:
    """Erasing a person takes what the plugins hold, whether they are on or off."""
    host = world.host
    for on in (True, False):
        host.enable("probe_one", "probe_two")
        person = host.make.contact()
        with host.work("Admin") as work, work.begin():
            work.service("probe_one").give(person, 5, "told me a secret")
            from plugins.probe_two import services

            services.write(work, person, "a note")
        with host.work("Admin") as work:
            answers = work.hooks.call("contact_personal_data", work=work, contact_id=person)
        assert [(answer.plugin, answer.value) for answer in answers] == [
            ("probe_one", {"scores": [{"points": 5, "remark": "told me a secret"}]})
        ]
        if not on:
            host.disable("probe_one", "probe_two")
        with host.work("Admin") as work, work.begin():
            contacts.erase(work, person)
        with host.site.engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM probe_one_score")) == 0
            assert connection.scalars(text("SELECT contact_id FROM probe_two_note")).all()[-1] is None
    host.enable("probe_one")
    assert exact(world)


def test_guards(world: World) -> None:
    """A plugin may keep a contact or a status from going, with its own words; switched off it keeps nothing."""
    host = world.host
    host.enable("probe_one", "probe_two")
    with host.work("Admin") as work, work.begin():
        settings.set_many(work, {"probe_two.most": "1000"})
        work.service("probe_one").give(world.ada, 1000)
        probed = statuses.add(work, "Probed").id
    with pytest.raises(Vetoed, match="1000 points and stays"), host.work("Admin") as work, work.begin():
        contacts.to_bin(work, [world.ada])
    with pytest.raises(Vetoed, match="stays"), host.work("Admin") as work, work.begin():
        statuses.delete(work, probed)
    assert host.faults() == []
    assert host.contact(world.ada).deleted_at is None
    host.disable("probe_one", "probe_two")
    with host.work("Admin") as work, work.begin():
        assert contacts.to_bin(work, [world.ada]) == 1
        statuses.delete(work, probed)


@pytest.mark.database("sqlite")
def test_files_of_a_plugin(world: World) -> None:
    """A plugin says who may open its files; switched off it lets nobody in, and the files stay."""
    host = world.host
    host.enable("probe_one")
    with host.work("Admin") as work:
        staged = files.stage(work, b"kept", name="kept.txt", owner="probe_one")
        with work.begin():
            number = files.store(work, staged).id
    address = f"/storage/{number}"
    for on in (True, False, True):
        with host.client("Read only").get(address) as answer:
            assert (answer.text == "kept", answer.status_code) == ((True, 200) if on else (False, 404))
        assert host.client("Mail manager").get(address).status_code == 404
        (host.disable if on else host.enable)("probe_one")


def test_filters_in_order(world: World) -> None:
    """Filters run in the order of needs and wishes, whatever number they carry, for each way in."""
    host = world.host
    host.enable("probe_two", "probe_one")
    made = host.make.contact(first_name="Grace", notes="a probe")
    assert host.contact(made).notes == "a probe one two"
    host.disable("probe_one")
    with host.work("Admin") as work, work.begin():
        contacts.update(work, made, {"notes": "probe again"})
    assert host.contact(made).notes == "probe again two"
    host.disable("probe_two")
    with host.work("Admin") as work, work.begin():
        contacts.update(work, made, {"notes": "probe"})
    assert host.contact(made).notes == "probe"


def test_hooks_of_a_plugin(world: World) -> None:
    """One plugin's hooks are implemented by another; each works alone, and their order of enabling does not matter."""
    host = world.host
    for first, second in (("probe_one", "probe_two"), ("probe_two", "probe_one")):
        host.enable(first)
        host.enable(second)
        with host.work("Admin") as work, work.begin():
            assert work.service("probe_one").give(world.ada, 900)
            assert work.hooks.call("probe_one_grade", work=work, points=50) == "high"
            assert work.hooks.call("probe_one_grade", work=work, points=5) is None
        assert world.json("/probe-one/where")[1] == {"two": "on"}
        with pytest.raises(Vetoed, match="Not thirteen"), host.work("Admin") as work, work.begin():
            work.service("probe_one").give(world.ada, 13)
        assert actions(host)[-1] == "probe_two.saw"
        host.disable("probe_two")
        assert world.json("/probe-one/where")[1] == {"two": "off"}
        with host.work("Admin") as work, work.begin():
            work.service("probe_one").give(world.ada, 13)
        assert actions(host)[-1] == "probe_one.scored"
        host.disable("probe_one")
        host.enable("probe_two")
        with host.work("Admin") as work:
            assert work.service("probe_one") is None
            assert work.service("probe_two")(world.ada) is None
        host.disable("probe_two")
    with host.site.engine.connect() as connection:
        points = text("SELECT points FROM probe_one_score ORDER BY id")
        assert connection.scalars(points).all() == [500, 13, 500, 13]
    assert host.faults() == []


def test_grants(world: World) -> None:
    """Default roles get a plugin's permissions once; what an admin took stays taken, and lies dormant while it is off."""
    host = world.host

    def granted() -> dict[str, list[str]]:
        with host.site.sessions() as session:
            roles = session.scalars(select(Role).order_by(Role.id))
            found = {role.name: [item for item in role.permissions if item.startswith("probe_")] for role in roles}
        return {name: items for name, items in found.items() if items}

    host.enable("probe_one")
    both = ["probe_one.edit", "probe_one.view"]
    assert granted() == {"CRM manager": both, "Contacts manager": both, "Read only": ["probe_one.view"]}
    with host.work() as work, work.begin():
        for role in work.session.scalars(select(Role).where(Role.name != "Read only")):
            role.permissions = [item for item in role.permissions if not item.startswith("probe_")]
    host.disable("probe_one")
    host.enable("probe_one")
    assert granted() == {"Read only": ["probe_one.view"]}
    host.uninstall("probe_one")
    assert granted() == {}


def test_events_and_jobs(world: World) -> None:
    """A change tells its event and wants its job in its own transaction; a repeat of an event changes nothing."""
    host = world.host
    host.enable("probe_one")

    def both(work: Work) -> None:
        work.service("probe_one").give(world.ada, 1000)
        contacts.to_bin(work, [world.ada])

    with pytest.raises(Vetoed), host.work("Admin") as work, work.begin():
        both(work)
    assert [name for name, _ in host.events() if name.startswith("probe")] == []
    assert host.jobs() == []
    world.score(1)
    world.score(2)
    assert [name for name, _ in host.events() if name.startswith("probe")] == ["probe_one.scored"] * 2
    assert [(job.kind, job.dedupe_key, job.state) for job in host.jobs()] == [("probe_one.recount", "all", "due")]
    [handler] = world.declared("event_handlers")
    event = Event(7, "contact.created", (world.ada,), {}, host.clock(), "crmhost")
    for _ in range(2):
        with host.work() as work:
            handler.handler(work, event)
    with host.site.engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM probe_one_heard")).all() == [(7, "contact.created")]
    host.disable("probe_one")
    assert [job.kind for job in host.jobs()] == ["probe_one.recount"]


def test_journal_stays(world: World) -> None:
    """Entries of a plugin stay readable while it is off."""
    world.host.enable("probe_one")
    world.score(4)
    assert world.host.contact(world.ada).last_contacted_at is not None
    world.host.disable("probe_one")
    assert "Scored 4 by probe one" in world.page(f"/contacts/{world.ada}")
    assert "Scored 4 by probe one" in world.page("/journal/")
    with world.host.site.sessions() as session:
        assert "probe_one.scored" in session.scalars(select(JournalEntry.type)).all()


def test_repair(world: World) -> None:
    """The hook for repairs makes derived data exact again."""
    host = world.host
    host.enable("probe_one")
    with host.work() as work, work.begin():
        work.session.execute(text("UPDATE probe_one_rollup SET contacts = 77"))
    assert not exact(world)
    with host.work() as work, work.begin():
        host.generation.hooks.one("probe_one", "rebuild", work=work)
    assert exact(world)


def test_bulk(world: World) -> None:
    """The roll-up is exact after an import of many rows, also where single rows are refused."""
    host = world.host
    host.enable("probe_one")
    rows = [{"first_name": f"N{number}", "email": f"n{number}@example.com"} for number in range(150)]
    rows += [
        {"first_name": "", "email": "no address"},
        {"first_name": "Again", "email": "N3@example.com", "status": "Customer"},
    ]
    from crmhost.api import contacts_bulk

    with host.work("Admin") as work, work.begin():
        results = contacts_bulk.save_many(work, rows)
    assert {result.outcome for result in results} >= {"added", "refused"}
    assert exact(world)
    with host.work("Admin") as work, work.begin():
        contacts_bulk.undo_many(work, results)
    assert exact(world)


@pytest.mark.database("sqlite")
def test_commands(
    host: Callable[..., Host], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin's commands stand beside the host's while it is on, with the same exit statuses."""
    from crmhost import cli

    home = tmp_path / "home"
    shutil.copytree(FOLDER, home / "plugins")
    site = host(**ONLY)
    site.make.contact()
    monkeypatch.setenv("CRMHOST_HOME", str(home))
    monkeypatch.setenv("CRMHOST_DATABASE_URL", database_url)

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        return int(ended.value.code or 0), ""

    runner = CliRunner()
    assert runner.invoke(cli.cli, ["probe-one", "total"]).exit_code == 2
    cli.common.close_site()
    site.enable("probe_one")
    try:
        assert "probe-one" in runner.invoke(cli.cli, ["--help"]).output
        assert runner.invoke(cli.cli, ["probe-one", "give", "1", "30"]).output == "Contact 1 got 30 points.\n"
        assert runner.invoke(cli.cli, ["probe-one", "total"]).output == "30\n"
        assert run("probe-one", "give", "999", "1")[0] == 1
    finally:
        cli.common.close_site()


def test_a_failed_unit_leaves_nothing(world: World) -> None:
    """When a unit of work fails, what plugins wrote in it goes with it."""
    host = world.host
    host.enable("probe_one")

    def fail(work: Work) -> None:
        contacts.update(work, world.ada, {"status": "Customer"})
        contacts.create(work, {"first_name": "Never"})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), host.work("Admin") as work, work.begin():
        fail(work)
    assert exact(world)
    assert len([name for name, _ in host.events() if name == "contact.created"]) == 1
