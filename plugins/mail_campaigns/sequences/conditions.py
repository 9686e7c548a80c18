"""What segments can ask of contacts' sequences."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import Any

from sqlalchemy import Select, String, cast, select

from crmhost.api import ConditionTest, ConditionType, Message, Work

from ..models import Place, Sequence

#: Type of condition -> state of the contact that it asks for, none for any, and how it reads.
_ASKED = {
    "sequence_entered": ("", Message("Entered the sequence")),
    "sequence_inside": ("inside", Message("Is inside the sequence")),
    "sequence_finished": ("finished", Message("Is through the sequence")),
    "sequence_left": ("left", Message("Left the sequence")),
}
#: Sequences that are offered, those changed last.
_MOST = 500


def types(group: str) -> list[ConditionType]:
    """All of them.

    :param group: heading under which they stand.
    """
    return [_type(name, state, label, group) for name, (state, label) in _ASKED.items()]


def _type(name: str, state: str, label: str, group: str) -> ConditionType:
    def there() -> Select[Any]:
        found = select(Place.contact_id)
        return found.where(Place.state == state) if state else found

    def where(_work: Work, test: ConditionTest) -> Select[Any]:
        return there().where(Place.sequence_id.in_(select(Sequence.id).where(test.on(cast(Sequence.id, String)))))

    def values(work: Work, ids: Many[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for contact_id, number in work.session.execute(
            there().add_columns(Place.sequence_id).where(Place.contact_id.in_(ids))
        ):
            found.setdefault(contact_id, []).append(str(number))
        return found

    return ConditionType(
        id=name,
        label=label,
        group=group,
        kind="choices",
        choices=_choices,
        where=where,
        values=values,
        permission="mail_campaigns.view",
    )


def _choices(work: Work) -> list[tuple[str, str]]:
    wanted = select(Sequence.id, Sequence.name).order_by(Sequence.updated_at.desc(), Sequence.id.desc()).limit(_MOST)
    return [(str(row[0]), row[1]) for row in work.session.execute(wanted)]
