"""The address under which a file is downloaded, or shown where that is safe."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import FileWrapper

from ...web.downloads import name_download
from ...web.request import current_work
from ...work.unit import Work
from . import services
from .sniff import MARKUP, PLAIN, SHOWN, UNKNOWN

blueprint = Blueprint("storage", __name__, url_prefix="/storage")

_PDF = "application/pdf"
#: Bytes that are sent at a time.
_PIECE = 64 * 1024


@blueprint.get("/<int:file_id>")
def download(file_id: int) -> Response:
    """The file, to be saved; ``?show=1`` shows pictures and PDF files. Ranges and revalidation are answered."""
    return stored_file(current_work(), file_id, shown=bool(request.args.get("show")))


def stored_file(work: Work, file_id: int, *, name: str = "", shown: bool = False) -> Response:
    """The answer with a file, as safe as that of its own address.

    :param name: under which it is saved; its own without one.
    :param shown: the browser may show it, if it is a picture or a PDF.
    :raises NotFound: when there is none, or the actor may not open it.
    """
    file = services.get(work, file_id)
    shown = shown and file.media_type in SHOWN
    answer = Response(direct_passthrough=True)
    answer.mimetype = _served(file.media_type)
    name_download(answer, name or file.name, shown=shown)
    # A browser shows no PDF inside a sandbox; there is nothing in it that could run for this site either.
    answer.headers["Content-Security-Policy"] = "default-src 'none'" + ("" if file.media_type == _PDF else "; sandbox")
    if shown and file.media_type == _PDF:
        # A page of this site may hold it in a frame.
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(file.sha256)
    answer.last_modified = file.created_at
    answer.content_length = file.size
    # Opened after the last question to the database: the bytes are sent when the request's connection is back in its pool.
    size, content = file.size, services.open(work, file_id)
    answer.response = FileWrapper(content, _PIECE)
    try:
        answer.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    except HTTPException:
        content.close()
        raise
    return answer


def _served(media_type: str) -> str:
    """What a browser is told: never anything that it would run."""
    if media_type in MARKUP:
        return UNKNOWN
    return PLAIN if media_type.startswith("text/") else media_type
