"""Search by parts of words, for contacts and for the records of plugins.

One row per record holds its folded text. SQLite finds it by trigrams (FTS5), PostgreSQL by pg_trgm.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, delete, literal, literal_column, select, table, text
from sqlalchemy.sql.expression import and_, func

from ...db import upsert
from ...work.unit import Work
from ..rows import chunks, insert_rows
from ..rows import table as table_of
from ..text import fold
from .models import SearchDocument

__all__ = ["add", "drop", "find", "fold", "hits", "put", "words"]

#: Characters of a word from which on it is found anywhere in a text.
SHORTEST = 3
LONGEST_TEXT = 4_000
_MOST_WORDS = 8
_MOST_TRIGRAMS = 10
_LONGEST_QUERY = 200


def put(work: Work, owner: str, rows: Sequence[tuple[int, str]]) -> None:
    """Makes records findable, or renews what they are found by.

    :param owner: kind of record, such as “contact” or “invoice”.
    :param rows: (id, text) each; the text is folded here.
    """
    if not rows:
        return
    statement = upsert(work.session, table_of(SearchDocument))
    statement = statement.on_conflict_do_update(
        index_elements=["owner", "object_id"],
        set_={"text": statement.excluded.text},
        where=SearchDocument.text != statement.excluded.text,
    )
    work.session.execute(
        statement, [{"owner": owner, "object_id": key, "text": fold(text)[:LONGEST_TEXT]} for key, text in rows]
    )


def add(work: Work, owner: str, rows: Sequence[tuple[int, str]]) -> None:
    """Makes new records findable, which :func:`put` does too, but not so quickly."""
    insert_rows(
        work.session,
        SearchDocument,
        [{"owner": owner, "object_id": key, "text": fold(text)[:LONGEST_TEXT]} for key, text in rows],
    )


def drop(work: Work, owner: str, ids: Sequence[int]) -> None:
    """Makes records no longer findable."""
    for some in chunks(ids):
        chosen = (SearchDocument.owner == owner, SearchDocument.object_id.in_(some))
        work.session.execute(delete(SearchDocument).where(*chosen), execution_options={"synchronize_session": False})


def find(work: Work, owner: str, q: str, limit: int = 20) -> list[int]:
    """Ids of records whose text holds every word of ``q``, in any order, newest documents first on SQLite.

    Empty when no word has three characters: that is what prefixes of names are for.
    """
    statement = hits(work, owner, words(q), limit)
    return [] if statement is None else list(work.session.scalars(statement))


def words(q: str) -> list[str]:
    """The folded words of a query, at most eight."""
    return list(dict.fromkeys(fold(q[:_LONGEST_QUERY]).split()))[:_MOST_WORDS]


def hits(work: Work, owner: str, wanted: Sequence[str], limit: int | None) -> Select[int] | None:
    """The query behind :func:`find`: ids of records whose text holds every one of the folded words.

    :returns: ``None`` when no word is long enough.
    """
    if not any(len(word) >= SHORTEST for word in wanted):
        return None
    document = SearchDocument
    found = select(document.object_id).where(document.owner == owner)
    if work.session.get_bind().dialect.name == "postgresql":
        found = found.where(*(document.text.like(f"%{_escaped(word)}%", escape="\\") for word in wanted))
        return found.limit(limit)
    index = table("search_fts")
    match = literal_column("search_fts.search_fts").op("MATCH")(literal(trigrams(wanted)))
    found = found.join(index, literal_column("search_fts.rowid") == document.id)
    found = found.where(match, and_(*(func.instr(document.text, word) > 0 for word in wanted)))
    return found.order_by(text("search_fts.rowid DESC")).limit(limit)


def trigrams(wanted: Sequence[str]) -> str:
    """What an FTS5 index of trigrams is asked for texts that may hold these words; the texts are to be compared then."""
    # The index keeps no positions, so it knows no phrases: these trigrams must be there, then the text itself is compared.
    # Of an address the part before the @-sign tells most, and of a long word some trigrams tell as much as all.
    parts: dict[str, None] = {}
    for word in wanted:
        local = word.partition("@")[0]
        told = local if len(local) >= SHORTEST else word
        number = len(told) - SHORTEST + 1
        step = -(-number // _MOST_TRIGRAMS)
        parts |= dict.fromkeys(told[start : start + SHORTEST] for start in range(0, number, max(step, 1)))
    return " ".join('"' + part.replace('"', '""') + '"' for part in parts)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
