"""Every kind of extension is seen while its plugin is on, and gone when it is off."""

from __future__ import annotations

import inspect

import pytest

from crmhost import contributions, hooks
from crmhost.api import contacts, mail
from tests.contract.world import SIGNS, World, signs
from tests.pages import core_addresses, differences, look


def test_documented_is_tested(world: World) -> None:
    """Each hook of the core is implemented by a probe, and the sign of each declaration is looked for."""
    world.host.enable("probe_one", "probe_two")
    used = {name for plugin in ("probe_one", "probe_two") for name in world.host.generation.hooks.implements(plugin)}
    specs = {name: value.crmhost_hook for name, value in vars(hooks).items() if hasattr(value, "crmhost_hook")}
    assert set(specs) - used == set()
    assert set(SIGNS) == {name for name, spec in specs.items() if spec.kind == "declare"}


@pytest.mark.database("sqlite")
def test_documented(world: World) -> None:
    """Each hook, and each field of what hooks return, says what it is."""
    for name, value in vars(hooks).items():
        if hasattr(value, "crmhost_hook"):
            assert inspect.getdoc(value), name
    for kind in contributions.DECLARED.values():
        assert inspect.getdoc(kind), kind


@pytest.mark.database("sqlite")
def test_pages_as_before(world: World) -> None:
    """The probes are seen on every page of the core while they are on; off again all pages are as they were."""
    addresses = core_addresses(world.host.generation, world.ada)
    before = look(world.client, addresses)
    world.host.enable("probe_one", "probe_two")
    blank = look(world.client, addresses)
    # Parts that a page fetches have neither menu nor slots.
    pages = [address for address, (status, text) in before.items() if status == 200 and "<html" in text]
    assert len(pages) > 10
    assert [address for address in pages if before[address] == blank[address]] == []
    world.host.disable("probe_one", "probe_two")
    assert differences(before, look(world.client, addresses)) == []


def test_seen_and_gone(world: World) -> None:
    """What the probes add is seen while they are on, gone when they are off, and seen again when they are on again."""
    world.host.enable("probe_one", "probe_two")
    world.score(60)
    assert {hook for hook, seen in signs(world).items() if not seen} == set()
    world.host.disable("probe_one", "probe_two")
    assert {hook for hook, seen in signs(world).items() if seen} == set()
    world.host.enable("probe_one", "probe_two")
    assert {hook for hook, seen in signs(world).items() if not seen} == set()
    assert world.host.faults() == []


@pytest.mark.database("sqlite")
def test_permissions_hold(world: World) -> None:
    """Who lacks a plugin's permission sees nothing of it; default roles get theirs when it is enabled first."""
    world.host.enable("probe_one", "probe_two")
    world.score(60)
    reader, mailer = world.host.client("Read only"), world.host.client("Mail manager")
    parts = ["probe-one-vital", "probe-one-box", "probe-one-slot", "Probe tab", ">Scores</a>"]
    seen, hidden = (client.get(f"/contacts/{world.ada}").text for client in (reader, mailer))
    assert [part for part in parts if part not in seen] == []
    assert [part for part in parts if part in hidden] == []
    assert "probe-one-cell" in reader.get("/contacts/").text
    assert "probe-one-cell" not in mailer.get("/contacts/").text
    assert reader.get("/probe-one/").status_code == 200
    assert mailer.get("/probe-one/").status_code == 403
    assert "probe-one-hit" not in mailer.get("/search?q=brill").text
    stranger = world.host.client("")
    assert stranger.get("/probe-one/").status_code == 302
    assert stranger.get("/probe-one/hello").status_code == 200
    assert "probe-one-public" in stranger.get("/probe-one/hello").text


@pytest.mark.database("sqlite")
def test_refusals(world: World) -> None:
    """A wrong signature, wrong input and a wrong setting are refused with a clear answer."""
    world.host.enable("probe_one", "probe_two")
    assert SIGNS["settings"](world)
    assert world.client.post("/hooks/probe-one/door", data=b"{}").status_code == 401
    assert world.client.post("/hooks/nobody/door", data=b"{}").status_code == 404
    assert world.signed({"contact": world.ada}) == 422
    assert world.signed({"contact": 999, "points": 1}) == 404
    assert world.signed({"contact": world.ada, "points": -5000}) == 422
    assert world.signed({"contact": world.ada, "points": 13}) == 409
    token = world.page("/contacts/").split('name="csrf-token" content="')[1].split('"')[0]
    form = {"csrf_token": token, "probe_one.limits": "3, x", "probe_one.most": "9", "probe_one.colour": "red"}
    answer = world.client.post("/settings/page/probe_one", data=form)
    assert answer.status_code == 422
    assert "whole numbers" in answer.text
    form["probe_one.limits"] = "30, 3, 3"
    assert world.client.post("/settings/page/probe_one", data=form).status_code in (302, 303)
    with world.host.work() as work:
        assert work.settings.get("probe_one.limits") == ["3", "30"]
        assert work.settings.get("probe_one.most") == 9
    assert world.host.faults() == []


@pytest.mark.database("sqlite")
def test_api_problems(world: World) -> None:
    """Errors of a resource become the mount's answers, and only failures count against the plugin."""
    world.host.enable("probe_one")
    word = {"Authorization": "Bearer probe"}
    assert world.json("/api/probe/probe-scores/1001", **word)[0] == 400
    assert world.host.faults() == []
    assert world.json("/api/probe/probe-scores/1000001", **word)[0] == 500
    assert [(fault.plugin, fault.error) for fault in world.host.faults()] == [
        ("probe_one", "ZeroDivisionError: no such number")
    ]


@pytest.mark.database("sqlite")
def test_placeholders_of_a_plugin(world: World) -> None:
    """A plugin's placeholder is offered and filled while the plugin is on; off, it is one that nothing knows."""

    def told() -> tuple[bool, tuple[str, ...], str]:
        with world.host.work("Admin") as work:
            source = mail.compose(work, "text", "", "Notes: {{ probe_two.notes }}.")
            offered = {item.path for item in mail.catalogue(work)}
            written = mail.write(work, source, contacts.get(work, world.ada))
            return "probe_two.notes" in offered, mail.unknown(work, source), written.text

    world.host.enable("probe_two")
    assert told() == (True, (), "Notes: 0.")
    world.host.disable("probe_two")
    offered, unknown, _text = told()
    assert (offered, unknown) == (False, ("probe_two.notes",))
    assert world.host.faults() == []
