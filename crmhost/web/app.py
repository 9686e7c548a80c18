"""The Flask application of one generation, before plugins' blueprints are registered on it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_compress import Compress
from werkzeug.routing import IntegerConverter, Map

from . import database, errors, frame, i18n, request, security, signin, templating, toasts
from .assets import Assets
from .i18n import Catalogues
from .rules import KeptRule
from .state import WebState
from .themes import looks

if TYPE_CHECKING:
    from ..host.generation import Generation
    from ..site import Site

#: Largest body of a request, in bytes: uploads of CSV files and plugins.
MAX_BODY = 64 * 1024 * 1024
#: Largest number of a record.
LARGEST = 2**31 - 1
#: Largest sum of the text fields of a form, in bytes.
MAX_FIELDS = 8 * 1024 * 1024


class Number(IntegerConverter):
    """``<int:…>`` in an address: a number that the databases can hold; larger ones are found nowhere."""

    def __init__(self, url_map: Map, **rules: Any) -> None:
        super().__init__(url_map, **{"max": LARGEST, **rules})


def base_app(site: Site, generation: Generation) -> Flask:
    """The application with configuration, database session, sign-in gate, CSRF, languages, templates, errors and headers.

    Pure but for announcing static files: nothing is written to the database, no thread is started.
    """
    app = Flask("crmhost.web", static_folder=None, template_folder=None)
    app.url_rule_class = KeptRule
    app.url_map.converters["int"] = Number
    app.config.update(
        SECRET_KEY=site.config.secret_key,
        SESSION_COOKIE_NAME="crmhost_page",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=site.config.cookies_secure,
        PERMANENT_SESSION_LIFETIME=dt.timedelta(days=31),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_FIELDS,
        MAX_FORM_PARTS=20_000,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=4,
        COMPRESS_LEVEL=5,
        COMPRESS_MIN_SIZE=1000,
        COMPRESS_STREAMS=False,
    )
    look = looks.make_look(site, looks.wanted_theme(site), templating.plain)
    others = [*site.config.theme_folders, *(folder for _origin, folder in site.config.plugin_folders)]
    catalogues = Catalogues(generation, [path for folder in others for path in sorted(folder.glob("*/"))])
    web = WebState(site, generation, Assets(generation), catalogues, look)
    app.extensions["crmhost_web"] = web
    database.init_app(app, site.engine)
    request.init_app(app)
    templating.init_app(app, web)
    i18n.init_app(app, catalogues)
    security.init_app(app)
    signin.init_app(app)
    errors.init_app(app)
    toasts.init_app(app)
    Compress(app)
    app.register_blueprint(frame.blueprint)
    if site.config.dev or site.runtime.kind == "test":
        from .gallery import blueprint as gallery

        app.register_blueprint(gallery)
    return app
