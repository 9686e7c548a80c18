"""The editor of conditions: from what a form sends to conditions, and back.

Each condition and group is a node of the form: the field ``node`` names it, its group and what it is, in the order in which they
stand; ``NODE-type``, ``NODE-operator``, ``NODE-value`` and ``NODE-match`` say the rest. A form with errors keeps all of it.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crmhost.api import ConditionType, Invalid, Message, Money, Work, conditions, texts

ROOT = "r"
_MOST = 300
#: Operators -> what people read, by kind where it differs.
_WORDS: dict[str, str] = {
    "equals": Message("is"), "not_equals": Message("is not"), "contains": Message("contains"),
    "not_contains": Message("does not contain"), "starts_with": Message("starts with"), "has": Message("has"),
    "has_not": Message("does not have"), "any_of": Message("is any of"), "none_of": Message("is none of"),
    "gt": Message("is more than"), "gte": Message("is at least"), "lt": Message("is less than"), "lte": Message("is at most"),
    "before": Message("is before"), "after": Message("is after"), "between": Message("is between"),
    "in_last_days": Message("is in the last … days"), "in_next_days": Message("is in the next … days"),
    "empty": Message("is empty"), "not_empty": Message("is not empty"),
}  # fmt: skip
_OF_KIND: dict[str, dict[str, str]] = {
    "choices": {"any_of": Message("has any of"), "none_of": Message("has none of")},
    "instant": {"equals": Message("is on"), "not_equals": Message("is not on"), "empty": Message("is empty (never)")},
    "day": {"equals": Message("is on"), "not_equals": Message("is not on")},
}


def offered_operators(item: ConditionType, chosen: str = "") -> list[tuple[str, str]]:
    """The operators that people choose from, and the chosen one; name and words."""
    known = conditions.operators(item.kind, item.operators)
    return [
        (name, words_of(item, name))
        for name in known
        if name == chosen or name not in conditions.SAME.get(item.kind, ())
    ]


def words_of(item: ConditionType, operator: str) -> str:
    """An operator as people read it, in English."""
    return _OF_KIND.get(item.kind, {}).get(operator) or _WORDS[operator]


@dataclasses.dataclass
class Node:
    """A condition or a group in the form.

    :param raw: what stands in its fields for the value.
    :param errors: sentences by field: ``type``, ``operator``, ``value``, ``match``, ``conditions``.
    """

    id: str
    parent: str = ""
    group: bool = False
    match: str = "all"
    type: str = ""
    operator: str = ""
    raw: list[str] = dataclasses.field(default_factory=list)
    items: list[Node] = dataclasses.field(default_factory=list)
    errors: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    def nodes(self) -> Iterator[Node]:
        """It and all that stands in it."""
        yield self
        for item in self.items:
            yield from item.nodes()


class Editor:
    """Conditions while they are edited."""

    def __init__(self, work: Work, root: Node) -> None:
        self.work = work
        self.root = root
        self.types = {item.id: item for item in conditions.offered(work)}

    @classmethod
    def of_document(cls, work: Work, document: Mapping[str, Any]) -> Editor:
        """For conditions as they are kept."""
        editor = cls(work, Node(ROOT, group=True, match=str(document.get("match", "all"))))
        editor._fill(editor.root, document.get("conditions") or [])
        return editor

    @classmethod
    def of_form(cls, work: Work, form: Any) -> Editor:
        """For what a form sends: a dictionary with several values a key."""
        known = {ROOT: Node(ROOT, group=True, match=_match(form.get(f"{ROOT}-match", "")))}
        for text in form.getlist("node")[:_MOST]:
            name, parent, kind = (*str(text).split(":"), "", "")[:3]
            if not name.isascii() or not name.isalnum() or len(name) > 12 or name in known or parent not in known:
                continue
            node = Node(name, parent, kind == "group")
            if node.group:
                node.match = _match(form.get(f"{name}-match", ""))
            else:
                node.type = form.get(f"{name}-type", "")[:100]
                node.operator = form.get(f"{name}-operator", "")[:40]
                node.raw = [value.replace("\0", "")[:2000] for value in form.getlist(f"{name}-value")[:200]]
            known[name] = node
            known[parent].items.append(node)
        editor = cls(work, known[ROOT])
        for node in editor.root.nodes():
            editor._settle(node)
        return editor

    # --- from and to conditions ------------------------------------------------------------------------------------------

    def _fill(self, group: Node, items: Sequence[Mapping[str, Any]]) -> None:
        for item in items:
            node = self._new(group, "conditions" in item)
            if node.group:
                node.match = str(item.get("match", "all"))
                self._fill(node, item["conditions"])
            else:
                node.type, node.operator = str(item.get("type", "")), str(item.get("operator", ""))
                node.raw = self._shown(node, item.get("value"))

    def _shown(self, node: Node, value: Any) -> list[str]:
        found = [_text(part) for part in (value if isinstance(value, list) else [value]) if part is not None]
        return [", ".join(map(_quoted, found))] if self.control(node) == "texts" else found

    @property
    def document(self) -> dict[str, Any]:
        """The conditions as :mod:`crmhost.api.conditions` reads them."""
        return self._document(self.root)

    def _document(self, node: Node) -> dict[str, Any]:
        if node.group:
            return {"match": node.match, "conditions": [self._document(item) for item in node.items]}
        return {"type": node.type, "operator": node.operator, "value": self._value(node)}

    def _value(self, node: Node) -> Any:
        match self.control(node):
            case "none":
                return None
            case "texts":
                line = (node.raw or [""])[0].replace("\n", " ").replace("\r", " ")
                found = next(csv.reader([line], skipinitialspace=True), [])
                return [part for part in map(texts.clean_line, found) if part]
            case "two" | "choices":
                return node.raw
            case "own":
                return node.raw if len(node.raw) != 1 else node.raw[0]
            case _:
                return (node.raw or [""])[0]

    def take(self, error: Invalid) -> list[str]:
        """Puts what was refused to the nodes that it concerns; gives what concerns none of them."""
        left: list[str] = []
        for place, sentences in error.errors.items():
            *path, name = place.split(".")
            node: Node | None = self.root
            for step in path:
                if step.isdigit():
                    node = node.items[int(step)] if node is not None and int(step) < len(node.items) else None
            if node is not None and (path or name in ("conditions", "match")):
                node.errors.setdefault(name, []).extend(sentences)
            else:
                left += sentences
        return left

    # --- what the form shows ----------------------------------------------------------------------------------------------

    def control(self, node: Node) -> str:
        """How the value is asked: ``none``, ``one``, ``two``, ``days``, ``texts``, ``choice``, ``choices`` or ``own``."""
        item = self.types.get(node.type)
        count = conditions.OPERATORS.get(node.operator)
        if item is None or count is None or count == 0:
            return "none"
        if item.form:
            return "own"
        if node.operator in ("in_last_days", "in_next_days"):
            return "days"
        if item.kind in ("choice", "choices", "yes_no"):
            return "choices" if count == 3 else "choice"
        return {1: "one", 2: "two", 3: "texts"}[count]

    def choices(self, node: Node) -> Sequence[tuple[str, str]]:
        """What a value can be chosen from."""
        item = self.types[node.type]
        if item.kind == "yes_no":
            return [("yes", Message("Yes")), ("no", Message("No"))]
        key = ("segments.choices", item.id, self.work.actor.user_id, self.work.locale)
        return self.work.once(key, lambda: list(conditions.choices_of(self.work, item)))

    def operators(self, node: Node) -> list[tuple[str, str]]:
        """What the condition can be asked by."""
        return offered_operators(self.types[node.type], node.operator)

    def groups(self) -> dict[str, list[ConditionType]]:
        """The types under their headings."""
        found: dict[str, list[ConditionType]] = {}
        for item in self.types.values():
            found.setdefault(str(item.group) or item.plugin, []).append(item)
        return found

    # --- changing it -------------------------------------------------------------------------------------------------------

    def do(self, action: str) -> str:
        """What a button asks for: ``add:NODE``, ``group:NODE``, ``remove:NODE``; gives the id of what is to get the focus."""
        name, _, target = action.partition(":")
        node = next((item for item in self.root.nodes() if item.id == target), None)
        if node is None:
            return ""
        if name == "remove" and node is not self.root:
            parent = next(item for item in self.root.nodes() if item.id == node.parent)
            parent.items.remove(node)
            return f"{parent.id}-add"
        if name == "add" and node.group:
            return f"{self.add(node).id}-type"
        if name == "group" and node.group:
            made = self._new(node, True)
            made.match = "any" if node.match == "all" else "all"
            return f"{self.add(made).id}-type"
        return ""

    def add(self, group: Node) -> Node:
        """Adds a condition to a group: the first type there is."""
        node = self._new(group, False)
        node.type = next(iter(self.types), "")
        self._settle(node)
        return node

    def _new(self, parent: Node, group: bool) -> Node:
        taken = {item.id for item in self.root.nodes()}
        number = next(number for number in range(1, _MOST + 2) if f"n{number}" not in taken)
        node = Node(f"n{number}", parent.id, group)
        parent.items.append(node)
        return node

    def _settle(self, node: Node) -> None:
        """Lets the operator fit the type, and leaves out values that are none of its choices."""
        item = self.types.get(node.type)
        if node.group or item is None:
            return
        known = [name for name, _ in offered_operators(item, node.operator)]
        if node.operator not in known:
            node.operator = known[0]
        if self.control(node) in ("choice", "choices"):
            keys = {key for key, _ in self.choices(node)}
            node.raw = [value for value in node.raw if value in keys]


def _match(text: str) -> str:
    return "any" if text == "any" else "all"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        amount = Money(int(value["amount"]), str(value["currency"]))
        return f"{amount.decimal} {amount.currency}"
    return str(value)
