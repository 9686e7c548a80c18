"""Suspends a plugin that fails again and again: it is switched off for safety, with its traceback kept for the admin."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ..messages import Plural
from .tables import Fault, PluginState

if TYPE_CHECKING:
    from ..site import Site

log = logging.getLogger("crmhost.plugins")

#: This many failures within this time suspend a plugin.
LIMIT = 5
WINDOW = dt.timedelta(minutes=10)


def judge(site: Site, plugin: str) -> bool:
    """Suspends the plugin when it failed too often since it was last switched; says whether it did."""
    now = site.clock()
    with site.engine.connect() as connection:
        state = connection.execute(select(PluginState.__table__).where(PluginState.id == plugin)).first()
        if state is None or state.state != "enabled":
            return False
        since = max(now - WINDOW, state.changed_at)
        where = (Fault.plugin == plugin, Fault.at >= since)
        count = connection.scalar(select(func.count()).select_from(Fault).where(*where)) or 0
        if count < LIMIT:
            return False
        last = connection.execute(
            select(Fault.place, Fault.error, Fault.traceback).where(*where).order_by(Fault.id.desc())
        ).first()
    assert last is not None
    from . import lifecycle

    minutes = int(WINDOW.total_seconds() // 60)
    reason = Plural(
        "%(num)s error in %(minutes)s minutes, in %(place)s: %(reason)s",
        "%(num)s errors in %(minutes)s minutes, the last in %(place)s: %(reason)s",
        count,
        minutes=minutes,
        place=last.place,
        reason=last.error,
    )
    log.error("plugin %s is suspended: %s", plugin, reason)
    lifecycle.suspend(site, plugin, reason, last.traceback)
    return True
