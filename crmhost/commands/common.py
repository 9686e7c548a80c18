"""What commands share: the site of this process, and answers as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import click

from .. import config
from ..errors import CrmError
from ..site import Site

_site: Site | None = None


def the_site() -> Site:
    """The site that the environment describes; one per process."""
    global _site
    if _site is None:
        _site = Site(config.load(), kind="cli")
    return _site


def try_site() -> Site | None:
    """The site, or ``None`` when its configuration can't be read; the command that needs it will say why."""
    try:
        return the_site()
    except CrmError:
        return None


def ready_site() -> Site:
    """The site, set up.

    :raises CrmError: when it is not.
    """
    site = the_site()
    site.require_ready()
    return site


def close_site() -> None:
    """Closes the site's connections, if there is one."""
    global _site
    if _site is not None:
        _site.close()
        _site = None


@contextlib.contextmanager
def using(site: Site) -> Iterator[None]:
    """Lets commands work on this site, which the caller closes."""
    global _site
    before, _site = _site, site
    try:
        yield
    finally:
        _site = before


class LazySite:
    """The site as plugins' commands get it through ``click.pass_obj``: made and checked at its first use."""

    def __getattr__(self, name: str) -> Any:
        return getattr(ready_site(), name)


def print_json(value: Any) -> None:
    """One JSON document on standard output, and nothing else."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)
