"""The REST API: mounts all plugins' resources below ``/api/v1``, gives the core's, and describes them."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from crmhost.api import ApiMount, Asset, MenuItem, Work
from crmhost.hooks import hookimpl


class Plugin:
    """Where the API is, what it holds of the core, and the page with tokens."""

    @hookimpl
    def api_mounts(self) -> Sequence[ApiMount]:
        from .routes import mount

        return [ApiMount(prefix="/api/v1", before=mount.before, around=mount.around, problem=mount.behind)]

    @hookimpl
    def api_blueprints(self) -> Sequence[Any]:
        from .routes import contacts, docs, lists, site

        return [
            contacts.blueprint,
            lists.status_blueprint,
            lists.tag_blueprint,
            lists.user_blueprint,
            site.journal_blueprint,
            site.setting_blueprint,
            site.plugin_blueprint,
            site.audit_blueprint,
            site.job_blueprint,
            docs.blueprint,
        ]

    @hookimpl
    def hookspecs(self) -> Sequence[ModuleType]:
        from . import hooks

        return [hooks]

    @hookimpl
    def routes(self) -> Sequence[Any]:
        from .routes import tokens

        return [tokens.blueprint]

    @hookimpl
    def menu(self) -> Sequence[MenuItem]:
        return [MenuItem(place="Settings", label="API tokens", endpoint="rest_api.list_tokens", order=70)]

    @hookimpl
    def assets(self) -> Sequence[Asset]:
        return [Asset(path="docs.css", pages=["rest_api_docs.page"])]

    @hookimpl
    def contact_erase(self, work: Work) -> None:
        from .services import forget_answers

        forget_answers(work)
