"""Conditions on contacts, for whatever chooses people by them."""

from __future__ import annotations

from .asked import OPERATORS, SAME, ConditionTest, operators
from .asking import Question, each, question
from .explaining import Reason, Reasons, explain, labels, named, plain
from .trees import Group, kept, read
from .types import Condition, all_types, choices_of, offered, values

__all__ = [
    "OPERATORS",
    "SAME",
    "Condition",
    "ConditionTest",
    "Group",
    "Question",
    "Reason",
    "Reasons",
    "all_types",
    "choices_of",
    "each",
    "explain",
    "kept",
    "labels",
    "named",
    "offered",
    "operators",
    "plain",
    "question",
    "read",
    "values",
]
