"""Pages of import and export."""

from __future__ import annotations

from flask import Blueprint

from .export_pages import add_export_pages
from .run_pages import add_run_pages
from .wizard import add_wizard

blueprint = Blueprint("csv_tools", __name__)

add_wizard(blueprint)
add_run_pages(blueprint)
add_export_pages(blueprint)
