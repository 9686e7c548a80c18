"""Mappings that people keep under a name, for files that come again and again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from crmhost.api import Invalid, Message, NotFound, Work, texts

from .importing import PERMISSION
from .mapping import header_key, signature
from .models import Run, SavedMapping

MOST = 200


def all_of(work: Work, kind: str) -> list[SavedMapping]:
    """The mappings of a kind, by name."""
    work.require(PERMISSION)
    return list(
        work.session.scalars(select(SavedMapping).where(SavedMapping.kind == kind).order_by(SavedMapping.name_key))
    )


def get(work: Work, kind: str, mapping_id: int) -> SavedMapping:
    """A mapping.

    :raises NotFound: when there is none of this kind.
    """
    work.require(PERMISSION)
    found: SavedMapping | None = work.session.get(SavedMapping, mapping_id)
    if found is None or found.kind != kind:
        raise NotFound("mapping", mapping_id)
    return found


def fitting(work: Work, kind: str, columns: Sequence[str]) -> SavedMapping | None:
    """The newest mapping that was made for a file with these columns."""
    wanted = select(SavedMapping).where(SavedMapping.kind == kind, SavedMapping.signature == signature(columns))
    found: SavedMapping | None = work.session.scalar(wanted.order_by(SavedMapping.id.desc()).limit(1))
    return found


def applied(kept: SavedMapping, columns: Sequence[str]) -> list[str]:
    """The field of each column, empty for those that the mapping doesn't know."""
    return [kept.columns.get(header_key(name), "") for name in columns]


def save(work: Work, run: Run, name: str) -> SavedMapping:
    """Keeps what was chosen for a run; a mapping of that name is replaced.

    :raises Invalid: when the name is empty or too long, or there are too many.
    """
    work.require(PERMISSION)
    name = texts.clean_line(name)
    key = texts.fold(name)
    if not key or len(key) > 80 or len(name) > 80:
        raise Invalid({"name": ["Give the mapping a name of at most 80 characters."]})
    known = all_of(work, run.kind)
    kept = next((item for item in known if item.name_key == key), None)
    if kept is None:
        if len(known) >= MOST:
            raise Invalid(
                {"name": [Message("There are %(most)s saved mappings already: delete one first.", most=MOST)]}
            )
        kept = SavedMapping(kind=run.kind, name_key=key, created_at=work.now)
        work.session.add(kept)
    kept.name = name
    kept.signature = signature(run.columns)
    kept.columns = {header_key(column): field for column, field in zip(run.columns, run.mapping, strict=True) if field}
    kept.dates, kept.constants, kept.renamed = dict(run.dates), dict(run.constants), dict(run.renamed)
    kept.match_by, kept.mode = run.match_by, run.mode
    kept.actor_label = work.actor.label
    run.origin = {"how": "saved", "name": name}
    work.session.flush()
    work.audit("mapping.saved", "csv_tools_mapping", kept.id, after={"name": name, "columns": kept.columns})
    return kept


def use(work: Work, run: Run, mapping_id: int, names: Sequence[str]) -> None:
    """Chooses for a run what a saved mapping says.

    :param names: fields that there are.
    """
    kept = get(work, run.kind, mapping_id)
    run.mapping = [field if field in names else "" for field in applied(kept, run.columns)]
    run.dates = {**run.dates, **kept.dates}
    run.constants, run.renamed = dict(kept.constants), dict(kept.renamed)
    run.match_by, run.mode = kept.match_by, kept.mode
    run.origin = {"how": "saved", "name": kept.name}
    run.rehearsal = {}
    work.session.flush()


def delete(work: Work, kind: str, mapping_id: int) -> str:
    """Deletes a mapping; gives its name. Runs that used it stay as they are."""
    kept = get(work, kind, mapping_id)
    work.audit("mapping.deleted", "csv_tools_mapping", kept.id, before={"name": kept.name, "columns": kept.columns})
    work.session.delete(kept)
    work.session.flush()
    return kept.name
