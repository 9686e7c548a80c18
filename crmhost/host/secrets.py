"""Which stored secrets this site can't read, because they were encrypted with a key that it does not have."""

from __future__ import annotations

from sqlalchemy import Connection, LargeBinary, Table, func, inspect, select

from ..core.settings.models import StoredSetting
from ..core.settings.secrets import Cipher
from ..db import metadata


def unreadable(connection: Connection, cipher: Cipher) -> list[str]:
    """Keys of settings, and ``table.column`` for secrets that stand elsewhere, with how many there are.

    Elsewhere a secret in the column ``X`` has the id of its key in the column ``X_key``.
    """
    rows = connection.execute(
        select(StoredSetting.key, StoredSetting.key_id)
        .where(StoredSetting.secret.is_not(None))
        .order_by(StoredSetting.key)
    )
    lost = [key for key, key_id in rows if not cipher.knows(key_id)]
    there = set(inspect(connection).get_table_names())
    for table in sorted(metadata.tables.values(), key=lambda table: table.name):
        if table.name in there:
            lost += _of_table(connection, cipher, table)
    return lost


def _of_table(connection: Connection, cipher: Cipher, table: Table) -> list[str]:
    lost = []
    for column in table.columns:
        key_id = table.columns.get(f"{column.name}_key")
        if key_id is None or not isinstance(column.type, LargeBinary):
            continue
        groups = connection.execute(select(key_id, func.count()).where(column.is_not(None)).group_by(key_id))
        count = sum(number for key, number in groups if not cipher.knows(str(key)))
        if count:
            lost.append(f"{table.name}.{column.name} ({count:,})")
    return lost
