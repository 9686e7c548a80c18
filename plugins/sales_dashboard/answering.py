"""Pages of figures, with what chooses their period."""

from __future__ import annotations

from typing import Any

from crmhost.api import Work
from crmhost.web.api import link, render_template, request

from . import asked, periods
from .summing import FRESH


def answer(template: str, asks: asked.Asked, args: dict[str, Any] | None = None, **values: Any) -> Any:
    """A page with what chooses its period."""
    work = asks.work
    endpoint = str(request.endpoint).partition(".")[2]
    page = render_template(
        template,
        asked=asks,
        here=lambda **changes: asks.url(endpoint, **{**(args or {}), **changes}),
        earlier=_step(asks, endpoint, args, -1),
        later=_step(asks, endpoint, args, 1),
        kinds=periods.KINDS[:-1],
        is_new=asked.is_new(asks),
        is_anew=is_anew(work),
        is_over=asks.period.last < work.today,
        counts=link("settings.plugin_page", page="transactions") if work.can("settings.edit") else "",
        **values,
    )
    return (page, 422) if asks.problem else page


def is_anew(work: Work) -> bool:
    """Whether what is kept of the figures is being made anew."""
    return not work.settings.get(FRESH)


def _step(asks: asked.Asked, endpoint: str, args: dict[str, Any] | None, way: int) -> str:
    to = periods.step(asks.period, asks.work.today, way)
    if not to:
        return ""
    cleared = {name: to.get(name) for name in ("date", "from", "to")}
    return asks.url(endpoint, **{**(args or {}), **to, **cleared})
