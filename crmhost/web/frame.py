"""Pages of the frame itself: the palette's answers and the list of keys."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from .palette import find

blueprint = Blueprint("frame", __name__)


@blueprint.get("/search")
def search() -> str:
    """What the palette (Ctrl+K) finds; a page of its own without JavaScript."""
    text = request.args.get("q", "").strip()[:200]
    fragment = "HX-Request" in request.headers
    template = "crmhost/palette_hits.html" if fragment else "crmhost/search.html"
    return render_template(template, q=text, groups=find(text))
