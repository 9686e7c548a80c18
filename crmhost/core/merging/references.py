"""Where contacts are referred to: in the core, and in the tables of plugins, on or off, as their manifests say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, ForeignKeyConstraint, MetaData, Table, and_, inspect, or_

from ...work.unit import Work


@dataclasses.dataclass(frozen=True)
class Reference:
    """A column that holds the number of a contact.

    :param plugin: whose table it is; empty for the core.
    :param also: columns that hold the same number beside it.
    :param where: columns with what they must hold for the row to be about a contact.
    :param watched: columns by which a row is seen to be another than before; ``None`` for all, empty where numbers of rows are
        never given twice and nobody edits them by hand.
    :param beside: further columns of the table that refer to contacts; they move by themselves, which makes a row no other.
    :param on_clash: what becomes of a row that can't move, because the contact that stays has one of its own: it stays where it
        is (“leave”), or it goes until the merge is undone (“drop”).
    """

    table: str
    column: str
    plugin: str = ""
    also: tuple[str, ...] = ()
    where: tuple[tuple[str, Any], ...] = ()
    watched: tuple[str, ...] | None = None
    beside: tuple[str, ...] = ()
    on_clash: str = "leave"


#: References of the core that move like any other; addresses, tags and the contact itself are the merge's own business.
CORE: tuple[Reference, ...] = (
    Reference("statuses_history", "contact_id"),
    Reference(
        "journal_entry",
        "contact_id",
        also=("object_id",),
        where=(("object_type", "contact"),),
        watched=("type", "at", "created_at", "version"),
    ),
    Reference("files_file", "contact_id", watched=()),
    Reference("mail_message", "contact_id", watched=()),
    Reference("contacts_external_id", "object_id", where=(("kind", "contact"),)),
)


@dataclasses.dataclass(frozen=True)
class Target:
    """A reference whose table is there, with the table as it is in the database."""

    reference: Reference
    table: Table
    keys: tuple[Column[Any], ...]

    @property
    def column(self) -> Column[Any]:
        """The column that holds the number."""
        return self.table.c[self.reference.column]

    def of(self, contact_id: int) -> ColumnElement[bool]:
        """The condition that a row refers to this contact."""
        return and_(self.column == contact_id, *(self.table.c[name] == value for name, value in self.reference.where))

    def among(self, keys: Iterable[tuple[Any, ...]]) -> ColumnElement[bool]:
        """The condition that a row has one of these keys."""
        if len(self.keys) == 1:
            return self.keys[0].in_([key[0] for key in keys])
        return or_(*(and_(*(column == part for column, part in zip(self.keys, key, strict=True))) for key in keys))

    def values(self, contact_id: int) -> dict[str, int]:
        """What makes a row refer to this contact."""
        return dict.fromkeys((self.reference.column, *self.reference.also), contact_id)


def all_references(work: Work) -> list[Reference]:
    """The references of the core and of every plugin that was found, in one order."""
    found = list(CORE)
    for plugin, data in sorted(work.plugin_data().items()):
        for reference in data.contact_refs:
            table, _, column = reference.partition(".")
            clash = data.on_clash.get(reference, "leave")
            others = (other.partition(".") for other in data.contact_refs if other != reference)
            beside = tuple(name for where, _, name in others if where == table)
            found.append(Reference(table, column, plugin, beside=beside, on_clash=clash))
    return found


def targets(work: Work, wanted: Iterable[Reference]) -> list[Target]:
    """The references whose tables are there. A table without a primary key is left out: its rows can't be told apart."""
    references = list(wanted)
    tables = tables_of(work, {reference.table for reference in references})
    found = []
    for reference in references:
        table = tables.get(reference.table)
        if table is not None and reference.column in table.c and table.primary_key.columns:
            found.append(Target(reference, table, tuple(table.primary_key.columns)))
    return found


def tables_of(work: Work, names: Iterable[str]) -> Mapping[str, Table]:
    """These tables as they are in the database, by name: columns, keys, and what refers to what."""
    wanted = set(names)
    found = inspect(work.session.connection())
    there = sorted(wanted & set(found.get_table_names()))
    if not there:
        return {}
    # Not Table(autoload_with=…): it warns of indexes on expressions, which are none of our business.
    columns = found.get_multi_columns(filter_names=there)
    keys = found.get_multi_pk_constraint(filter_names=there)
    foreign = found.get_multi_foreign_keys(filter_names=there)
    metadata = MetaData()
    for place, described in columns.items():
        key: Mapping[str, Any] = keys.get(place) or {}
        primary = set(key.get("constrained_columns") or ())
        parts: list[Any] = [
            Column(
                str(column["name"]), column["type"], primary_key=column["name"] in primary, nullable=column["nullable"]
            )
            for column in described
        ]
        parts += [
            ForeignKeyConstraint(
                link["constrained_columns"],
                [f"{link['referred_table']}.{name}" for name in link["referred_columns"]],
                ondelete=link.get("options", {}).get("ondelete"),
            )
            for link in foreign.get(place) or ()
        ]
        Table(place[1], metadata, *parts)
    return metadata.tables
