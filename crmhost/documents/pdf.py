"""HTML as PDF, by a process of its own with limits on time, memory and size; it can ask neither the disk nor the network."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import CrmError
from ..messages import Message

__all__ = ["PdfError", "PdfFile", "digest", "render"]

PRESS = Path(__file__).resolve().parent / "press.py"
FONTS = Path(__file__).resolve().parents[1] / "web" / "static" / "dist"
#: Bytes: of the HTML, of all its files, of the memory that printing takes.
LARGEST_HTML = 4 * 1024 * 1024
LARGEST_FILES = 20 * 1024 * 1024
MEMORY = 2 * 1024**3
#: Until printing is given up; an invoice of 500 lines takes a tenth of one.
SECONDS = 20
_NO_ENGINE = 3
_log = logging.getLogger(__name__)


class PdfError(CrmError):
    """A PDF could not be made."""

    status = 500


PdfFile = tuple[str, bytes]


def render(html: str, *, files: Mapping[str, PdfFile] | None = None, created: dt.datetime) -> bytes:
    """A PDF of a page of HTML. The same page with the same files and time gives the same bytes. Not inside a transaction.

    :param html: whole; people's own parts in it made harmless before.
    :param files: media type and bytes by the name under which the page has them: ``<img src="crmhost:/file/logo">``.
    :param created: the time that the PDF bears.
    :raises PdfError: when it is too large, takes too long, or can't be printed.
    """
    files = files or {}
    text = html.encode()
    if len(text) > LARGEST_HTML or sum(len(data) for _, data in files.values()) > LARGEST_FILES:
        raise PdfError(Message("This is too large for a PDF: leave out pictures or lines."))
    order = {
        "html": len(text),
        "files": [(name, kind, len(data)) for name, (kind, data) in files.items()],
        "fonts": str(FONTS),
        "created": f"{created.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        "seconds": SECONDS,
        "memory": MEMORY,
    }
    sent = b"".join([json.dumps(order).encode(), b"\n", text, *(data for _, data in files.values())])
    try:
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-I", str(PRESS)], input=sent, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise PdfError(Message("Making the PDF took too long: leave out pictures or lines.")) from None
    if done.returncode == _NO_ENGINE:
        raise PdfError(
            Message("PDFs can't be made on this machine: tell an admin to install PlutoPrint or WeasyPrint.")
        )
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        _log.error("a PDF was not made (%s): %s", done.returncode, done.stderr[-2000:].decode("utf-8", "replace"))
        raise PdfError(Message("The PDF could not be made. The log says why."))
    return done.stdout


def digest(html: str, files: Mapping[str, PdfFile] | None = None) -> str:
    """What a paper says, as SHA-256 in hex: of its HTML and its files, whatever made the PDF."""
    whole = hashlib.sha256(html.encode())
    for name, (kind, data) in sorted((files or {}).items()):
        whole.update(f"\0{name}\0{kind}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()
