"""A process that switches plugins of a site as it is told: a line of JSON in, a line of JSON out, until there is no more.

    {"do": "enable", "name": "left"}
    {"changed": ["left"], "refused": ""}

Run as ``python -m tests.unit.host.switcher`` in the surroundings of the site. It says ``ready`` first.
"""

from __future__ import annotations

import json
import sys

from crmhost import config
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


def main() -> None:
    """Answers standard input."""
    site = Site(config.load(), kind="cli")
    print("ready", flush=True)
    for line in sys.stdin:
        answer = {"changed": [], "refused": ""}
        try:
            answer["changed"] = switch(site, **json.loads(line))
        except CrmError as error:
            answer["refused"] = str(error)
        print(json.dumps(answer), flush=True)
    site.close()


if __name__ == "__main__":
    main()
