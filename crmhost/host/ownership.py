"""Whose a table is: the core's by its exact name, a plugin's by the longest id that begins it."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Collection


def table_owner(table: str, ids: Collection[str]) -> str | None:
    """Which plugin a table belongs to: the longest id that begins its name; ``None`` for none of these, and for the core's.

    :param ids: all ids known to the site; ``sales_plans_deal`` is no table of “sales” where “sales_plans” is known.
    """
    if table in core_tables():
        return None
    return max((name for name in ids if table.startswith(f"{name}_")), key=len, default=None)


@functools.cache
def core_tables() -> frozenset[str]:
    """The tables of the core's models; a plugin may have others that begin alike, such as ``mail_campaigns_mail``."""
    from .. import core
    from ..db import Base

    for name in ("crmhost.host.tables", "crmhost.work.tables"):
        importlib.import_module(name)
    # Not by putting the built-in plugins together: a site that can't be put together must still be saved.
    for room in pkgutil.iter_modules(core.__path__):
        if room.ispkg and importlib.util.find_spec(f"{core.__name__}.{room.name}.models"):
            importlib.import_module(f"{core.__name__}.{room.name}.models")
    return frozenset(str(getattr(mapper.local_table, "name", "")) for mapper in Base.registry.mappers)
