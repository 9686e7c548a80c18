"""The name under which a browser saves an answer."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from flask import Response


def name_download(answer: Response, name: str, *, shown: bool = False) -> None:
    """Has the browser save the answer under a name of any script (RFC 6266).

    :param shown: it may show it instead; only for what can't run in a browser.
    """
    names = {"filename": name}
    if not name.isascii():
        # Headers hold Latin letters only; a server fails on others.
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip(". ")
        names = {"filename": plain or "file", "filename*": f"UTF-8''{quote(name, safe='')}"}
    answer.headers.set("Content-Disposition", "inline" if shown else "attachment", **names)
