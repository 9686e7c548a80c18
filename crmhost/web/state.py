"""What one generation's Flask application knows about itself, under ``app.extensions["crmhost_web"]``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, current_app

if TYPE_CHECKING:
    from ..host.generation import Generation
    from ..site import Site
    from .assets import Assets
    from .i18n import Catalogues
    from .themes.looks import Look

#: Paths below this are the REST API's: no cookies, no CSRF token, problems as JSON.
API_PREFIX = "/api/"
#: Paths below this take webhooks of strangers, whose handlers check a signature.
HOOKS_PREFIX = "/hooks/"


@dataclasses.dataclass
class WebState:
    """One generation's web side.

    :param look: the theme that the site chose.
    """

    site: Site
    generation: Generation
    assets: Assets
    catalogues: Catalogues
    look: Look
    cache: dict[str, Any] = dataclasses.field(default_factory=dict)


def state(app: Flask | None = None) -> WebState:
    """The state of the application given, or of the one that serves this request."""
    return cast("WebState", (app or current_app).extensions["crmhost_web"])
