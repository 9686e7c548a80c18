"""Where the bytes of files lie: a folder of this machine or S3-compatible storage, behind one interface.

An object is written whole or not at all and never changed afterwards. Keys are made here (:func:`new_key`), never from what a
person typed, and anything else is refused as a key. What a file is called, and who may open it, is the business of
:mod:`crmhost.core.files`.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ..errors import CrmError
from .base import Storage, StorageError, Stored, new_key
from .local import LocalStorage
from .s3 import S3Storage

__all__ = ["LocalStorage", "S3Storage", "Storage", "StorageError", "Stored", "new_key", "open_storage"]

_VARIABLE = "CRMHOST_STORAGE_URL"


def open_storage(url: str, home: Path) -> Storage:
    """The storage that an address names. Nothing is connected to or made before it is used.

    :param url: ``file:///FOLDER``, or ``s3://BUCKET/PREFIX?endpoint=URL&region=NAME``; empty: the folder ``files`` of the home.
    :raises CrmError: when it is no such address. The message never repeats it, because keys may stand in it.
    """
    try:
        parts = urlsplit(url)
        scheme, password = parts.scheme, parts.username or parts.password
    except ValueError as error:
        raise CrmError(f"{_VARIABLE} can't be read as an address.") from error
    if not url or url in ("file:", "file://"):
        return LocalStorage(home / "files")
    if scheme == "file":
        if parts.netloc or not parts.path.startswith("/") or parts.query:
            raise CrmError(f"{_VARIABLE} must name a folder from the root on: file:///srv/crmhost/files.")
        return LocalStorage(Path(unquote(parts.path)))
    if scheme != "s3":
        raise CrmError(f"{_VARIABLE} begins with file:// or s3://.")
    if password:
        raise CrmError(f"{_VARIABLE} holds no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    return _s3(parts)


def _s3(parts: SplitResult) -> S3Storage:
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if not parts.netloc or set(options) - {"endpoint", "region"}:
        raise CrmError(f"{_VARIABLE} looks like s3://BUCKET/PREFIX?endpoint=https://…&region=….")
    endpoint = options.get("endpoint", "").rstrip("/")
    if endpoint and not re.match(r"https?://[^/@]+(/|\Z)", endpoint):
        raise CrmError(f"The endpoint in {_VARIABLE} begins with https:// or http:// and holds no keys.")
    prefix = unquote(parts.path).strip("/")
    return S3Storage(parts.netloc, prefix, endpoint=endpoint, region=options.get("region", ""))
