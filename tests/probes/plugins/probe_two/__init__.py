"""Probe two: a plugin that only wishes for another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost import api
from crmhost.api import Vetoed, Work
from crmhost.hooks import hookimpl


class Plugin:
    """Implements the hooks of probe one, and a few of the core's."""

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import blueprint

        return [blueprint]

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .routes import resources

        return [resources]

    @hookimpl
    def menu(self) -> Sequence[api.MenuItem]:
        return [api.MenuItem(place="Probes", label="Notes", endpoint="probe_two.index", permission="probe_two.view")]

    @hookimpl
    def permissions(self) -> Sequence[api.Permission]:
        return [api.Permission(name="probe_two.view", label="See notes")]

    @hookimpl
    def settings(self) -> Sequence[api.Setting]:
        return [api.Setting(key="probe_two.most", label="Most points", kind="integer", default=500)]

    @hookimpl
    def services(self) -> Sequence[api.Service]:
        from .services import points_of

        return [api.Service(name="probe_two", factory=lambda work: lambda contact: points_of(work, contact))]

    @hookimpl(order=50)
    def contact_prepare(self, value: dict[str, Any]) -> dict[str, Any]:
        if "probe" in str(value.get("notes", "")):
            value = {**value, "notes": f"{value['notes']} two"}
        return value

    @hookimpl
    def status_before_delete(self, work: Work, status_id: int) -> None:
        from .services import keep_status

        keep_status(work, status_id)

    @hookimpl
    def mail_placeholders(self) -> Sequence[tuple[str, str]]:
        return [("probe_two.notes", "Number of notes")]

    @hookimpl
    def mail_values(self, work: Work, object_type: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
        from .services import notes_of

        return (
            {key: {"probe_two": {"notes": number}} for key, number in notes_of(work, ids).items()}
            if object_type == "contact"
            else None
        )

    # --- the hooks of probe one ---

    @hookimpl
    def probe_one_points(self, value: int, work: Work) -> int:
        return min(value, int(work.settings.get("probe_two.most")))

    @hookimpl
    def probe_one_before_score(self, points: int) -> None:
        if points == 13:
            raise Vetoed("Not thirteen.", plugin="probe_two")

    @hookimpl
    def probe_one_scored(self, work: Work, score_id: int) -> None:
        work.audit("probe_two.saw", "probe_one_score", score_id)

    @hookimpl
    def probe_one_remarks(self, contact_id: int) -> str:
        return f"probe-two-remark on {contact_id}"

    @hookimpl
    def probe_one_grade(self, points: int) -> str | None:
        return "high" if points >= 50 else None

    @hookimpl
    def probe_one_sources(self) -> list[str]:
        return ["two"]

    @hookimpl
    def probe_one_guest_pages(self) -> list[dict[str, Any]]:
        from .routes import guests

        return [{"id": "two", "blueprint": guests}]

    @hookimpl
    def probe_one_score_boxes(self) -> list[dict[str, Any]]:
        return [{"id": "note", "title": "Two's box", "render": lambda _work, score: f"two-box of {score.id}"}]

    @hookimpl
    def probe_one_score_tabs(self) -> list[api.Tab]:
        return [api.Tab(id="probe_two", title="Two's tab", render=lambda _work, score: f"two-tab of {score.id}")]
