"""A site with the probes, looked at from outside: what of each kind of extension is there."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from click.testing import CliRunner

from crmhost.api import Invalid, RowResult, conditions, contacts, journal, mail, settings
from crmhost.cli import commands_of
from crmhost.testing import Host

KEY = "a secret of the tests"
WORD = {"Authorization": "Bearer probe"}


class World:
    """A site that found the probes; one contact, Ada, number 1, in the core's part of it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.ada = host.make.contact(first_name="Ada", last_name="Lovelace", email="ada@example.com")
        self.client = host.client()

    def score(self, points: int, remark: str = "brilliant") -> None:
        """Ada gets points, through the service that other plugins use."""
        with self.host.work("Admin") as work, work.begin():
            work.service("probe_one").give(self.ada, points, remark)

    def page(self, address: str) -> str:
        """The text of a page; empty when there is none."""
        with self.client.get(address) as answer:
            assert answer.status_code in (200, 404), (address, answer.status_code)
            return answer.text if answer.status_code == 200 else ""

    def json(self, address: str, **headers: str) -> tuple[int, Any]:
        """Status and content of a resource."""
        with self.client.get(address, headers=headers) as answer:
            return answer.status_code, answer.get_json(silent=True)

    def declared(self, hook: str) -> list[Any]:
        """What the probes declare through a hook."""
        found = []
        for item in self.host.generation.contributions(hook):
            plugin, value = item if isinstance(item, tuple) else (item.plugin, item)
            if plugin.startswith("probe_"):
                found.append(value)
        return found

    def signed(self, body: Mapping[str, Any]) -> int:
        """Status of the answer to a signed webhook."""
        raw = json.dumps(body).encode()
        signature = hmac.new(KEY.encode(), raw, hashlib.sha256).hexdigest()
        with self.client.post("/hooks/probe-one/door", data=raw, headers={"X-Probe-Signature": signature}) as answer:
            return answer.status_code

    def command(self, *arguments: str) -> str | None:
        """What a command of probe one says; ``None`` when there is no such command."""
        group = commands_of(self.host.generation).get("probe-one")
        return None if group is None else str(CliRunner().invoke(group, arguments, obj=self.host.site).output)


def _lazy(world: World) -> bool:
    page = world.page("/")
    later = re.search(r'hx-get="([^"]*probe_one\.late[^"]*)"', page)
    return "probe-one-lazy" not in page and later is not None and "probe-one-lazy" in world.page(later[1])


def _asset(world: World) -> bool:
    address = re.search(r'src="([^"]*probe\.js)"', world.page("/probe-one/"))
    return (
        address is not None and "dataset.probe" in world.page(address[1]) and "probe.js" not in world.page("/contacts/")
    )


def _setting(world: World) -> bool:
    if "Key of the webhook" not in world.page("/settings/page/probe_one"):
        return False
    with world.host.work("Admin") as work, work.begin():
        settings.set_many(work, {"probe_one.key": KEY})
    return KEY not in world.page("/settings/page/probe_one")


def _filter(world: World) -> bool:
    few, many = world.page("/contacts/?probe_one=5"), world.page("/contacts/?probe_one=500")
    return "Probe filter" in few and f"/contacts/{world.ada}" in few and f"/contacts/{world.ada}" not in many


def _condition(world: World) -> bool:
    asked = {"match": "all", "conditions": [{"type": "probe_one_points", "operator": "gte", "value": "1"}]}
    with world.host.work("Admin") as work:
        try:
            return world.ada in work.session.scalars(conditions.question(work, conditions.read(work, asked)).ids())
        except Invalid:
            return False


def _bulk(world: World) -> bool:
    if "probe_one:50" not in world.page("/contacts/"):
        return False
    before = world.json("/api/probe/probe-scores/", **WORD)[1]["total"]
    token = world.page("/contacts/").split('name="csrf-token" content="')[1].split('"')[0]
    form = {"csrf_token": token, "do": "probe_one:5", "ids": world.ada}
    with world.client.post("/contacts/bulk", data=form) as answer:
        assert answer.status_code in (200, 302, 303), answer.text
    return bool(world.json("/api/probe/probe-scores/", **WORD)[1]["total"] == before + 5)


def _block(world: World) -> bool:
    said = '{"blocks": [{"type": "probe_one.score", "words": "<b>"}]}'
    with world.host.work("Admin") as work:
        return "&lt;b&gt;" in mail.compose(work, "blocks", "", said).html


def _journal_type(world: World) -> bool:
    with world.host.work("Admin") as work:
        kinds = {item.name for item in work.generation.contributions("journal_types")}
        try:
            with work.begin():
                journal.add(work, "contact", world.ada, "probe_one.scored", summary="By hand")
        except Invalid:
            return "probe_one.scored" in kinds
    raise AssertionError("a type that is not for people was taken from one")


def _import(world: World) -> bool:
    found = world.declared("importers")
    if not found:
        return False
    with world.host.work("Admin") as work:
        with work.begin():
            rows = [
                {"email": "ada@example.com", "points": "3"},
                {"email": "no@example.com", "points": "3"},
                {"points": "x"},
            ]
            results: list[RowResult] = list(found[0].save(work, rows, "email", "update"))
        with work.begin():
            left = found[0].undo(work, results)
    return [result.outcome for result in results] == ["added", "refused", "refused"] and not left


def _export(world: World) -> bool:
    found = world.declared("exporters")
    if not found:
        return False
    with world.host.work("Admin") as work:
        return "brilliant" in [row["remark"] for row in found[0].rows(work, {})]


def _service(world: World) -> bool:
    with world.host.work("Admin") as work:
        scores = work.service("probe_one")
        return scores is not None and scores.total(world.ada) > 0


def _hookspecs(world: World) -> bool:
    with world.host.work("Admin") as work:
        if "probe_one_points" not in work.hooks.specs:
            return False
        return bool(work.hooks.call("probe_one_points", 900, work=work, contact_id=world.ada) == 500)


def _record(world: World) -> bool:
    with world.host.work("Admin") as work:
        number = next(iter(work.service("probe_one").numbers(world.ada)), 0) if work.service("probe_one") else 0
    page = world.page(f"/probe-one/scores/{number}")
    return (
        "probe-one-details" in page
        and "two-box of" in page
        and f"two-tab of {number}" in world.page(f"/probe-one/scores/{number}?tab=probe_two")
    )


def _kinds(hook: str, attribute: str, value: str) -> Callable[[World], bool]:
    return lambda world: value in [getattr(item, attribute) for item in world.declared(hook)]


def _on_page(address: str, text: str) -> Callable[[World], bool]:
    return lambda world: text.format(ada=world.ada) in world.page(address.format(ada=world.ada))


#: Hook -> whether what the probes declare through it can be seen or used from outside.
SIGNS: dict[str, Callable[[World], bool]] = {
    "routes": _on_page("/probe-one/", "Points of all contacts"),
    "api_mounts": lambda world: world.json("/api/probe/probe-scores/")[0] == 401,
    "page_mounts": lambda world: (
        world.page("/probe-one/two/?guest=Eve") == "two has Eve"
        and "no guest" in world.client.get("/probe-one/two/").text
    ),
    "api_blueprints": lambda world: world.json("/api/probe/probe-notes/", **WORD) == (200, {"notes": 0}),
    "menu": _on_page("/contacts/", '<a href="/probe-one/">Scores</a>'),
    "permissions": _on_page("/settings/users/roles/new", "Give scores"),
    "settings": _setting,
    "dashboard_widgets": lambda world: "probe-one-widget" in world.page("/") and _lazy(world),
    "dashboard_totals": _on_page("/", "probe points"),
    "setup_steps": _on_page("/", "Score a probe"),
    "contact_vitals": _on_page("/contacts/{ada}", "probe-one-vital"),
    "contact_boxes": _on_page("/contacts/{ada}", "probe-one-box"),
    "contact_tabs": _on_page("/contacts/{ada}?tab=probe_one", "probe-one-tab"),
    "record_tabs": _on_page("/contacts/{ada}?tab=probe_any", "any-tab of contact {ada}"),
    "record_kinds": _record,
    "contact_columns": _on_page("/contacts/", "probe-one-cell"),
    "contact_filters": _filter,
    "contact_conditions": _condition,
    "contact_bulk_actions": _bulk,
    "contact_form_parts": _on_page("/contacts/new", 'name="probe_one_points"'),
    "quick_actions": _on_page("/contacts/", "Score of a probe"),
    "slots": _on_page("/contacts/", "probe-one-slot"),
    "assets": _asset,
    "journal_types": _journal_type,
    "mail_blocks": _block,
    "custom_field_objects": _on_page("/settings/field-options/", "Custom fields: Probe scores"),
    "search": _on_page("/search?q=brill", "probe-one-hit"),
    "jobs": _kinds("jobs", "kind", "probe_one.recount"),
    "schedules": _kinds("schedules", "cron", "0 3 * * *"),
    "event_handlers": _kinds("event_handlers", "event", "contact.created"),
    "webhooks": lambda world: world.signed({"contact": world.ada, "points": 2}) == 201,
    "cli_commands": lambda world: (world.command("total") or "").strip().isdigit(),
    "importers": _import,
    "exporters": _export,
    "health_checks": lambda world: [item.check(None).level for item in world.declared("health_checks")] == ["ok"],
    "services": _service,
    "hookspecs": _hookspecs,
}


def signs(world: World) -> dict[str, bool]:
    """Hook -> whether its sign is seen now."""
    return {hook: sign(world) for hook, sign in SIGNS.items()}


def restore(world: World) -> None:
    """Ada gets back from the bin."""
    with world.host.work("Admin") as work, work.begin():
        contacts.restore(work, [world.ada])
