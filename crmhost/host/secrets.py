"""Which stored secrets this site can't read, because they were encrypted with a key that it does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, LargeBinary, Select, String, column, func, inspect, select, table

from ..core.settings.models import StoredSetting
from ..core.settings.secrets import Cipher

#: How :func:`crmhost.core.settings.services.seal` begins what it gives.
_SEALED = re.compile(r"([0-9a-f]{12}):?")
_NAMES = re.compile(r"(.+_)?(secret|password)")


def unreadable(connection: Connection, cipher: Cipher) -> list[str]:
    """Keys of settings, and ``table.column`` for secrets that stand elsewhere, with how many there are.

    Elsewhere a secret in a column ``X`` of bytes has the id of its key in the column ``X_key``; one in a column of text, called
    ``secret`` or ``password`` or ending so, is what ``seal`` gave. Tables of plugins that are off are looked at too.
    """
    rows = connection.execute(
        select(StoredSetting.key, StoredSetting.key_id)
        .where(StoredSetting.secret.is_not(None))
        .order_by(StoredSetting.key)
    )
    lost = [key for key, key_id in rows if not cipher.knows(key_id)]
    for name, by_key in _elsewhere(connection):
        count = sum(number for key, number in connection.execute(by_key) if not _readable(cipher, str(key)))
        if count:
            lost.append(f"{name} ({count:,})")
    return lost


def _readable(cipher: Cipher, begin: str) -> bool:
    """Whether the key that a secret names is known; a text that was never sealed, such as a hash, names none."""
    sealed = _SEALED.fullmatch(begin)
    return sealed is None or cipher.knows(sealed[1])


def _elsewhere(connection: Connection) -> Iterator[tuple[str, Select[str, int]]]:
    """``table.column``, and a query that gives each key's id with the number of its secrets."""
    for (_, name), columns in sorted(inspect(connection).get_multi_columns().items()):
        types = {str(item["name"]): item["type"] for item in columns}
        for secret, type_ in types.items():
            stands_in = table(name, column(secret), column(f"{secret}_key"))
            if isinstance(type_, LargeBinary) and f"{secret}_key" in types:
                key: ColumnElement[str] = stands_in.c[f"{secret}_key"]
            elif isinstance(type_, String) and _NAMES.fullmatch(secret):
                key = func.substr(stands_in.c[secret], 1, 13)
            else:
                continue
            held = select(key, func.count()).select_from(stands_in).where(stands_in.c[secret].is_not(None), key != "")
            yield f"{name}.{secret}", held.group_by(key)
