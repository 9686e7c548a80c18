"""What pages are shown by: the theme of the site, or the one that an admin previews; and what happens when a part of it fails.

A template of a theme that raises is left out until the next generation: the page is shown with the one that it stands in for,
and admins are told.
"""

from __future__ import annotations

import dataclasses
import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, g, has_request_context, request
from flask.templating import Environment
from jinja2 import Environment as PlainEnvironment
from jinja2 import Template
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ...core.settings.models import StoredSetting
from ...host.attribution import record_fault
from ...messages import Message
from ..state import state
from ..static import published
from .files import DEFAULT, OWNER, STYLE, Theme, choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...site import Site
    from ..state import WebState

log = logging.getLogger("crmhost.web")

#: Holds the id of the theme that this browser previews. It works for those alone who may manage themes.
COOKIE = "crm_preview"
PERMISSION = "themes.manage"


@dataclasses.dataclass
class Look:
    """What pages are shown by.

    :param themes: the theme and its parents, nearest first.
    :param fault: why the theme that was wanted is not used; empty when it is.
    :param styles: addresses of style sheets, in the order in which they are loaded.
    :param out: templates that failed and are left out, each with its sentence.
    """

    wanted: str
    themes: tuple[Theme, ...]
    fault: str = ""
    styles: tuple[str, ...] = ()
    out: dict[Path, Message] = dataclasses.field(default_factory=dict)

    @property
    def problem(self) -> str:
        """What admins should know; empty when all is well."""
        return self.fault or next(iter(self.out.values()), "")

    def template_in(self, error: BaseException) -> Path | None:
        """The innermost of the themes' templates in which an error was raised; ``None`` when there is none."""
        found = None
        for frame in traceback.extract_tb(error.__traceback__):
            path = Path(frame.filename)
            if path not in self.out and any(path.is_relative_to(theme.templates) for theme in self.themes):
                found = path
        return found


def make_look(site: Site, wanted: str, environment: PlainEnvironment) -> Look:
    """The look of a theme; the default one's, with the reason, when that theme can't be used.

    :param environment: knows the tags that templates may use.
    """
    themes, fault = choose(site.config.theme_folders, wanted, environment)
    if fault:
        log.warning("the default theme stands in: %s", fault)
    styles = [
        published.add(OWNER + theme.id, theme.static, theme.made) + STYLE for theme in reversed(themes) if theme.made
    ]
    return Look(wanted, themes, fault, tuple(styles))


def wanted_theme(site: Site) -> str:
    """Id of the theme that the site chose."""
    if site.config.safe_mode:
        return DEFAULT
    query = select(StoredSetting.value).where(StoredSetting.key == "site.theme")
    try:
        with site.engine.connect() as connection:
            return str(connection.scalar(query) or DEFAULT)
    except SQLAlchemyError:
        return DEFAULT


# --- of this request -------------------------------------------------------------------------------------------------


def previewed() -> str:
    """Id of the theme that is previewed in this request; empty for none."""
    if not has_request_context() or not request.cookies.get(COOKIE):
        return ""
    if "crmhost_preview" not in g:
        from ..request import current_person, current_work

        person = current_person()
        allowed = person is not None and current_work().can(PERMISSION)
        g.crmhost_preview = request.cookies[COOKIE][:80] if allowed else ""
    return str(g.crmhost_preview)


def current_look() -> Look:
    """What this request is shown by."""
    return _of_request(state())[0]


def _of_request(web: WebState) -> tuple[Look, Environment | None]:
    """The look of this request, and its environment when that is not the application's own."""
    name = previewed()
    if not name or name == web.look.wanted:
        return web.look, None
    known: dict[str, tuple[Look, Environment]] = web.cache.setdefault("previews", {})
    if name not in known:
        known[name] = cast("Callable[[str], tuple[Look, Environment]]", web.cache["make_preview"])(name)
    return known[name]


def init_app(app: Flask, web: WebState, plain: PlainEnvironment, loader: Callable[[Look], Any]) -> None:
    """Makes the application's templates those of the look of each request."""
    app.jinja_environment = ThemedEnvironment

    def preview(name: str) -> tuple[Look, Environment]:
        look = make_look(web.site, name, plain)
        environment = app.jinja_env.overlay()
        environment.loader = loader(look)
        return look, environment

    web.cache["make_preview"] = preview


class ThemedTemplate(Template):
    """A template; one of a theme that fails gives way to the one that it stands in for."""

    def render(self, *args: Any, **named: Any) -> str:
        """The page, with the theme's templates as far as they work."""
        try:
            return super().render(*args, **named)
        except Exception as error:
            look: object = getattr(self.environment.loader, "look", None)
            path = look.template_in(error) if isinstance(look, Look) else None
            if not isinstance(look, Look) or path is None or self.name is None:
                raise
            return self._without(look, path, error, args, named)

    def _without(self, look: Look, path: Path, error: Exception, args: Any, named: Any) -> str:
        look.out[path] = _failed(look, path, error)
        self._forget()
        try:
            text = self.environment.get_template(cast("str", self.name)).render(*args, **named)
        except Exception:
            # Not the theme's fault: it fails without that template too.
            del look.out[path]
            self._forget()
            raise error from None
        record_fault("themes", look.out[path], error)
        return text

    def _forget(self) -> None:
        if self.environment.cache is not None:
            self.environment.cache.clear()


def _failed(look: Look, path: Path, error: Exception) -> Message:
    theme = next(theme for theme in look.themes if path.is_relative_to(theme.templates))
    return Message(
        "The template “%(name)s” of the theme “%(id)s” failed, so it is left out: %(reason)s",
        name=path.relative_to(theme.templates),
        id=theme.id,
        reason=f"{type(error).__name__}: {error}",
    )


class ThemedEnvironment(Environment):
    """Gives each request the templates of its look."""

    template_class = ThemedTemplate

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002
        """The template as the request sees it."""
        if not self.overlayed and has_request_context():
            other = _of_request(state())[1]
            if other is not None:
                return other.get_template(name, parent, globals)
        return super().get_template(name, parent, globals)

    def select_template(self, names: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002
        """The first of several templates as the request sees it."""
        if not self.overlayed and has_request_context():
            other = _of_request(state())[1]
            if other is not None:
                return other.select_template(names, parent, globals)
        return super().select_template(names, parent, globals)
