"""Many transactions at once, new and known, for syncs: a handful of statements for all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Change, CrmError, Work, custom_fields, record_fields, tags

from . import fields, kinds, storing
from .models import KIND, Transaction
from .owners import Owners

#: Fields as the service takes them, for a new transaction or for the one with an id.
Wanted = tuple[int | None, Mapping[str, Any]]


def save_many(
    work: Work, wanted: Sequence[Wanted], *, source: str, quiet: bool = False
) -> list[Transaction | CrmError]:
    """Adds transactions and changes others; gives each as it is stored, or why it was refused, in the order given.

    :param wanted: id, ``None`` for a new one, and fields as :func:`plugins.transactions.services.create` takes them.
    :param source: id of the plugin that asks.
    :param quiet: the journals of contacts say nothing of new ones.
    """
    work.require("transactions.edit")
    known = fields.Known(work)
    there = _there(work, [key for key, _given in wanted if key is not None])
    results: dict[int, Transaction | CrmError] = {}
    prepared: list[tuple[int, Transaction | None, dict[str, Any]]] = []
    for place, (key, given) in enumerate(wanted):
        one = there.get(key) if key is not None else None
        try:
            prepared.append((place, one, fields.prepare(work, given, known, one)))
        except CrmError as error:
            results[place] = error
    owners = Owners(work, [{**_numbers(one), **values} for _place, one, values in prepared])
    refs = storing.by_refs(work, [values["ref"] for _place, _one, values in prepared if "ref" in values])
    new: list[tuple[int, dict[str, Any]]] = []
    changed: list[tuple[int, Transaction, dict[str, Any]]] = []
    for place, one, values in prepared:
        try:
            owners.check({**_numbers(one), **values}, one, values.get("currency", one.currency if one else ""))
            _take_ref(work, one, values, refs)
        except CrmError as error:
            results[place] = error
            continue
        if one is None:
            new.append((place, values | owners.counted(values, None)))
        else:
            changed.append((place, one, _counted(owners, one, values)))
    made = storing.add_all(work, [values for _place, values in new], source, quiet=quiet)
    results |= {place: one for (place, _values), one in zip(new, made, strict=True)}
    write_many(work, [(one, values) for _place, one, values in changed])
    results |= {place: one for place, one, _values in changed}
    return [results[place] for place in range(len(wanted))]


def type_id(work: Work, name: str, sign: int) -> int:
    """The type of this name, or, where the site calls it otherwise, the first one that counts so.

    :param sign: 1 adds, -1 subtracts.
    """
    known = kinds.types(work)
    alike = [kind for kind in known if kind.sign == sign] or known
    return next((kind.id for kind in alike if kind.name_key == name.casefold()), alike[0].id)


def _numbers(one: Transaction | None) -> dict[str, Any]:
    return {name: getattr(one, name) for name in fields.REFERENCES} if one is not None else {}


def _there(work: Work, ids: Sequence[int]) -> dict[int, Transaction]:
    found: dict[int, Transaction] = {}
    for start in range(0, len(ids), storing.SOME):
        wanted = work.visible(Transaction).where(Transaction.id.in_(ids[start : start + storing.SOME]))
        wanted = wanted.with_for_update(of=Transaction).execution_options(populate_existing=True)
        found |= {one.id: one for one in work.session.scalars(wanted)}
    return found


def _take_ref(work: Work, one: Transaction | None, values: Mapping[str, Any], refs: dict[str, int]) -> None:
    if "ref" in values:
        key = fields.derived(values)["ref_key"]
        if refs.get(key, one.id if one else -1) != (one.id if one else -1):
            raise storing.taken(work, values["ref"], refs[key])
        refs[key] = one.id if one else 0


def _counted(owners: Owners, one: Transaction, values: dict[str, Any]) -> dict[str, Any]:
    if any(name in values for name in fields.REFERENCES):
        return values | owners.counted(values, one)
    return values


# --- writing ---------------------------------------------------------------------------------------------------------


def write_many(work: Work, pairs: Sequence[tuple[Transaction, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Writes fields that are prepared and checked onto transactions.

    :returns: for each what changed, as it was before; empty when nothing did.
    """
    befores: list[dict[str, Any]] = [{} for _pair in pairs]
    afters: list[dict[str, Any]] = [{} for _pair in pairs]
    for (one, values), before, after in zip(pairs, befores, afters, strict=True):
        for name in fields.COLUMNS:
            if name in values and values[name] != getattr(one, name):
                before[name], after[name] = storing.plain(getattr(one, name)), storing.plain(values[name])
                setattr(one, name, values[name])
        for name, text in fields.derived(values).items():
            setattr(one, name, text)
    _write_lines(work, pairs, befores, afters)
    _write_tags(work, pairs, befores, afters)
    for (one, values), before, after in zip(pairs, befores, afters, strict=True):
        if values.get("external_ids"):
            added = record_fields.add_external_ids(work, KIND, one.id, values["external_ids"])
            if added:
                before["external_ids"], after["external_ids"] = [], [list(key) for key in added]
    touched = [(one, before, after) for (one, _), before, after in zip(pairs, befores, afters, strict=True) if after]
    for one, _before, _after in touched:
        one.version += 1
        one.updated_at = work.now
    work.session.flush()
    if touched:
        storing.find_by(work, [one for one, _before, _after in touched])
        _tell(work, touched)
    return befores


def _write_lines(
    work: Work,
    pairs: Sequence[tuple[Transaction, Mapping[str, Any]]],
    befores: Sequence[dict[str, Any]],
    afters: Sequence[dict[str, Any]],
) -> None:
    names = ("title", "quantity", "unit_price", "total")
    known = storing.lines_of(work, [one.id for one, values in pairs if "lines" in values])
    wanted = []
    for (one, values), before, after in zip(pairs, befores, afters, strict=True):
        if "lines" in values:
            have = [{name: getattr(line, name) for name in names} for line in known.get(one.id, ())]
            if have != values["lines"]:
                before["lines"], after["lines"] = have, values["lines"]
                wanted.append((one.id, values["lines"]))
    if wanted:
        storing.write_lines(work, wanted)


def _write_tags(
    work: Work,
    pairs: Sequence[tuple[Transaction, Mapping[str, Any]]],
    befores: Sequence[dict[str, Any]],
    afters: Sequence[dict[str, Any]],
) -> None:
    """Gives transactions the tags that are named, and no others; those with the same change at once."""
    known = tags.of(work, KIND, [one.id for one, values in pairs if "tags" in values])
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for one, values in pairs:
        if "tags" in values:
            labels = tuple(label.name for label in known.get(one.id, ()))
            groups.setdefault((tuple(values["tags"]), labels), []).append(one.id)
    renamed: dict[int, tuple[list[str], list[str]]] = {}
    for (add, labels), ids in groups.items():
        if {tags.key_of(name) for name in add} != {tags.key_of(name) for name in labels}:
            renamed |= tags.put(work, KIND, ids, add, labels)
    for (one, _values), before, after in zip(pairs, befores, afters, strict=True):
        if one.id in renamed:
            before["tags"], after["tags"] = renamed[one.id]


def _tell(work: Work, touched: Sequence[tuple[Transaction, dict[str, Any], dict[str, Any]]]) -> None:
    index = [(one.id, after["custom"], before["custom"]) for one, before, after in touched if "custom" in after]
    if index:
        custom_fields.write_index(work, KIND, index)
    audits = []
    for one, before, after in touched:
        was, now = storing.audited(work, before, after), storing.audited(work, after, before)
        audits.append(("transaction.updated", KIND, one.id, was, now))
        work.changed(Change("transaction.updated", KIND, one.id, before, after))
    work.audit_many(audits)


def by_ids(work: Work, ids: Sequence[int]) -> dict[int, Transaction]:
    """Transactions with these ids, those in the bin too."""
    found: dict[int, Transaction] = {}
    for start in range(0, len(ids), storing.SOME):
        wanted = select(Transaction).where(Transaction.id.in_(ids[start : start + storing.SOME]))
        found |= {one.id: one for one in work.session.scalars(wanted)}
    return found


def with_lines(work: Work, ids: Sequence[int]) -> set[int]:
    """Those of some transactions that have lines."""
    return set(storing.lines_of(work, ids))
