"""A process that switches plugins of a site as it is told: a line of JSON in, a line of JSON out, until there is no more.

    {"do": "enable", "name": "left"}
    {"changed": ["left"], "refused": ""}

It begins as a copy of the test's process, which spares it to import everything once more.
"""

from __future__ import annotations

import json
import os
from typing import Any

from crmhost.config import Config
from crmhost.errors import CrmError
from crmhost.host import lifecycle, uninstall
from crmhost.site import Site


def switch(site: Site, do: str, name: str) -> list[str]:
    """Does it; gives the plugins, or tables, that changed."""
    if do == "enable":
        return list(lifecycle.enable(site, [name], try_first=False).plugins)
    if do == "disable":
        return list(lifecycle.disable(site, [name]).plugins)
    return uninstall.uninstall(site, name)


def serve(config: Config, orders: int, answers: int) -> None:
    """Answers what comes through a pipe.

    :param orders: descriptor to read from.
    :param answers: descriptor to write to.
    """
    site = Site(config, kind="cli")
    with os.fdopen(orders) as asked, os.fdopen(answers, "w") as told:
        for line in asked:
            answer: dict[str, Any] = {"changed": [], "refused": ""}
            try:
                answer["changed"] = switch(site, **json.loads(line))
            except CrmError as error:
                answer["refused"] = str(error)
            print(json.dumps(answer), file=told, flush=True)
    site.close()
