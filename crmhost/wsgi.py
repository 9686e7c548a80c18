"""The WSGI application for gunicorn, waitress and others: ``gunicorn crmhost.wsgi:application``."""

from __future__ import annotations

import atexit

from . import config, logs
from .host.dispatcher import Dispatcher
from .site import Site


def make_application() -> Dispatcher:
    """The application of the site that the environment describes.

    :raises CrmError: when the site was not set up.
    """
    settings = config.load()
    logs.configure(settings)
    site = Site(settings)
    site.require_ready()
    # Whatever server this is, its end takes the process off the list of those that live.
    atexit.register(site.close)
    return Dispatcher(site)


def __getattr__(name: str) -> Dispatcher:
    # Made when a server asks for it, so that importing the module touches no database.
    if name == "application":
        made = globals()["application"] = make_application()
        return made
    raise AttributeError(name)
