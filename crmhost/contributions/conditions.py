"""Types of conditions on contacts: what segments, and whatever else chooses people, can ask of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from .base import Contribution

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from ..core.conditions.asked import ConditionTest
    from ..work.unit import Work

#: What a type asks of: it decides the operators and how a value is read.
ConditionKind = Literal[
    "text", "email", "number", "count", "money", "day", "instant", "choice", "choices", "yes_no", "secret"
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConditionType(Contribution):
    """A type of conditions on contacts.

    :param id: unique among all types, so begin it with the plugin's id; it is stored in segments, so keep it.
    :param label: as it stands before the operator: ``Number of loans``.
    :param group: heading in the list of types.
    :param kind: what is asked of: ``text``, ``email``, ``number``, ``count`` (a whole number), ``money``, ``day``, ``instant``,
        ``choice`` (one of ``choices``), ``choices`` (several of them), ``yes_no``, ``secret`` (only whether there is any).
    :param where: gets the work and what a value has to be (:class:`crmhost.api.ConditionTest`), gives either
        ``select(contact id)`` of the contacts for which it is so, or a condition on ``Contact``. Put the test to a column by
        ``test.on(Loan.lent_on)``. It is always asked positively: “is not”, “is empty” and so on are the host's.
    :param values: gets the work and ids of contacts, gives id -> what they have, to explain why somebody is in or not: text,
        number, :class:`Money`, day, instant, keys of ``choices``, or a list of these.
    :param choices: gives pairs of value and label; the value is what is stored, so keep it when the label changes.
    :param zero: ``where`` finds only contacts who have a figure; all others have 0.
    :param operators: of those of its kind, when not all can be asked.
    :param permission: what it takes to ask for it, and to see the values.
    :param form: what a form asks the value by, when that is not what the kind says: ``template`` of a form part of your own.
    """

    id: str
    label: str
    where: Callable[[Work, ConditionTest], Select[Any] | ColumnElement[bool]]
    values: Callable[[Work, Sequence[int]], Mapping[int, Any]]
    group: str = ""
    kind: ConditionKind = "text"
    choices: Callable[[Work], Sequence[tuple[str, str]]] | None = None
    zero: bool = False
    operators: Sequence[str] = ()
    permission: str = ""
    form: str = ""
