"""Setting a site up: tables, roles, statuses, the first admin, and the plugins that are on from the start."""

from __future__ import annotations

import dataclasses
import logging
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ..core.statuses import services as statuses
from ..core.users import services as users
from ..core.users.models import User
from ..errors import CrmError, PluginError
from . import lifecycle
from .tables import HostState

if TYPE_CHECKING:
    from ..site import Site


log = logging.getLogger("crmhost.plugins")


@dataclasses.dataclass(frozen=True)
class FirstAdmin:
    """The admin that was made; the password is shown once."""

    email: str
    password: str


def initialise(site: Site, email: str = "admin@example.com", password: str = "") -> FirstAdmin | None:
    """Sets the site up; on one that is set up it only brings the tables to the code.

    :param password: empty to have one made.
    :returns: the admin that was made, or ``None`` when there was one.
    """
    site.upgrade_core()
    first_rows(site)
    made = None
    with site.work() as work:
        if not work.session.scalar(select(func.count()).select_from(User)):
            made = FirstAdmin(email, password or secrets.token_urlsafe(12))
            with work.begin():
                users.create(work, made.email, "Admin", password=made.password)
    if made is not None:
        enable_defaults(site)
    return made


def first_rows(site: Site) -> None:
    """Writes the rows that a site can't be without, where they are missing: generation, roles, statuses."""
    with site.work() as work, work.begin():
        if work.session.get(HostState, 1) is None:
            work.session.add(HostState(id=1, generation=1, settings_version=1))
        users.first_start(work)
        statuses.first_start(work)


def enable_defaults(site: Site) -> None:
    """Enables the bundled plugins that are on from the start; the project's own tests tried them."""
    found = site.discover().found
    names = [
        plugin.id for plugin in found.values() if plugin.origin == "bundled" and plugin.manifest.enabled_by_default
    ]
    if site.config.safe_mode:
        return
    for name in names:
        try:
            lifecycle.enable(site, [name], try_first=False, follow=0)
        except PluginError as error:
            # The site must start without it; the Extensions page offers to try again and shows why.
            log.exception("%s could not be enabled: %s", name, error.message)


def bring_up_to_date(site: Site) -> dict[str, str]:
    """Migrates the core and all enabled plugins; gives id -> reason of the plugins that failed and were suspended.

    :raises CrmError: when the site was not set up.
    """
    if not site.ready:
        raise CrmError("This site is not set up yet: run “crmhost init” first.")
    site.upgrade_core()
    return {} if site.config.safe_mode else lifecycle.upgrade(site)
