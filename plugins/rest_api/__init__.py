"""The REST API: mounts all plugins' resources below ``/api/v1``, gives the core's, and describes them."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from crmhost.api import ApiMount, Asset, EventHandler, Job, MenuItem, Permission, Schedule, Work
from crmhost.hooks import hookimpl


class Plugin:
    """Where the API is, what it holds of the core, the pages with tokens and webhooks, and the sending of events."""

    @hookimpl
    def api_mounts(self) -> Sequence[ApiMount]:
        from .routes import mount

        return [ApiMount(prefix="/api/v1", before=mount.before, around=mount.around, problem=mount.behind)]

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .routes import contacts, custom_fields, docs, lists, site, webhooks

        return [
            contacts.blueprint,
            custom_fields.blueprint,
            contacts.merge_blueprint,
            lists.status_blueprint,
            lists.tag_blueprint,
            lists.user_blueprint,
            site.journal_blueprint,
            site.setting_blueprint,
            site.plugin_blueprint,
            site.audit_blueprint,
            site.job_blueprint,
            webhooks.blueprint,
            docs.blueprint,
        ]

    @hookimpl
    def hookspecs(self) -> Sequence[ModuleType]:
        from . import hooks

        return [hooks]

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import tokens, webhook_pages

        return [tokens.blueprint, webhook_pages.blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [
            MenuItem(place="Settings", label="API tokens", endpoint="rest_api.list_tokens", order=70),
            MenuItem(
                place="Settings",
                label="Webhooks",
                endpoint="rest_api_webhooks.index",
                permission="rest_api.webhooks",
                order=71,
            ),
        ]

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [
            Permission(name="rest_api.webhooks", label="Send events to other programs", roles=("CRM manager",)),
        ]

    @hookimpl
    def event_handlers(self) -> Sequence[EventHandler]:
        from .events import fan_out

        return [EventHandler(event="*", handler=fan_out, name="webhooks")]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        from . import jobs

        return [
            Job(
                kind="rest_api.deliver",
                handler=jobs.deliver,
                label="Send an event to a webhook",
                attempts=jobs.ATTEMPTS,
            ),
            Job(kind="rest_api.resume", handler=jobs.resume, label="Send what waited for a webhook"),
            Job(kind="rest_api.prune", handler=jobs.prune, label="Forget old deliveries"),
        ]

    @hookimpl
    def schedules(self) -> Sequence[Schedule]:
        return [Schedule(kind="rest_api.prune", cron="23 3 * * *")]

    @hookimpl
    def assets(self) -> Sequence[Asset]:
        return [Asset(path="docs.css", pages=["rest_api_docs.page"])]

    @hookimpl
    def contact_erase(self, work: Work, contact_id: int) -> None:
        from .deliveries import forget_person
        from .services import forget_answers

        forget_answers(work)
        forget_person(work, contact_id)
