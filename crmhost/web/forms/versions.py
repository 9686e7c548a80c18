"""Two people on one record: the second to save sees both versions, field by field, and chooses."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from flask import render_template, request
from wtforms import Field, HiddenField

from . import Form

_KEEP = "keep."
_OWN = ("csrf_token", "version", "seen")


@dataclasses.dataclass(frozen=True)
class Difference:
    """A field that somebody else changed since the form was opened.

    :param theirs: what is stored now, as text; ``mine`` what was typed here.
    :param changed: whether it was changed here too; else what is stored is the choice to begin with.
    """

    name: str
    label: str
    theirs: str
    mine: str
    changed: bool


class VersionedForm(Form):
    """Base of the forms of records that carry a version.

    It keeps the version that its reader saw and prints of the values, so that of a record that was saved meanwhile only
    those fields are asked about that the other one changed.
    """

    version = HiddenField()
    seen = HiddenField()

    def remember(self, stored: Mapping[str, Any]) -> None:
        """Notes what the reader sees, and takes the choices of one who saw both versions.

        :param stored: field -> value as it is stored now, and ``version``.
        """
        if not self.is_submitted():
            self.note(stored)
            return
        for name in stored:
            field = self._fields.get(name)
            if field is not None and request.form.get(_KEEP + name) == "theirs":
                field.process_data(stored[name])
                field.raw_data = None

    def note(self, stored: Mapping[str, Any]) -> None:
        """Notes what the reader sees, also on a page that is shown because something else was sent."""
        prints = {name: _print(self._fields[name], value) for name, value in stored.items() if name in self._fields}
        self.version.process_data(str(stored["version"]))
        self.seen.process_data(json.dumps({name: value for name, value in prints.items() if name not in _OWN}))
        self.version.raw_data = self.seen.raw_data = None

    def differences(self, stored: Mapping[str, Any]) -> list[Difference]:
        """The fields that were changed since the form was opened, and differ from what it holds."""
        seen = self._seen()
        found = []
        for name, theirs in stored.items():
            field = self._fields.get(name)
            if field is None or name in _OWN or field.type == "SecretField":
                continue
            before, now, mine = seen.get(name), _print(field, theirs), _print(field, field.data)
            if now not in (mine, before):
                found.append(
                    Difference(
                        name, str(field.label.text), said(field, theirs), said(field, field.data), mine != before
                    )
                )
        return found

    def _seen(self) -> dict[str, str]:
        try:
            found = json.loads(self.seen.data or "{}")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def both_versions(
    form: VersionedForm, stored: Mapping[str, Any], *, name: str, back: str, who: str = "", template: str = ""
) -> tuple[str, int]:
    """The page that shows what is stored and what was typed, for each field that differs; sending it sends the form again.

    :param stored: as in :meth:`VersionedForm.remember`.
    :param name: what the record is called.
    :param back: address of the record as it is stored.
    :param who: who saved it last; empty when that is not known.
    :param template: of the form alone, for a part of a page.
    """
    found = form.differences(stored)
    form.note(stored)
    # A secret is never written into a page, not even for who typed it.
    secrets = [field for field in form if field.type == "SecretField" and field.data]
    left_out = {*_OWN, *(field.name for field in secrets)}
    sent = [
        pair for pair in request.form.items(multi=True) if pair[0] not in left_out and not pair[0].startswith(_KEEP)
    ]
    context = {"form": form, "differences": found, "sent": sent, "secrets": secrets, "name": name, "back": back}
    context["who"] = who
    return render_template(template or "crmhost/versions.html", **context), 409


def said(field: Field, value: Any) -> str:
    """A value as a person reads it: labels instead of keys, or what the field's own ``said`` gives."""
    own = getattr(field, "said", None)
    if own is not None:
        return str(own(value))
    labels = dict(getattr(field, "pairs", ()))
    values = value if isinstance(value, (list, tuple)) else [value]
    return ", ".join(str(labels.get(item, item)) for item in values if item not in (None, "")) or "–"


def _print(field: Field, value: Any) -> str:
    if isinstance(value, (list, tuple)):
        value = sorted(map(str, value)) if field.type in ("TagsField", "ChoicesField") else list(value)
    text = json.dumps(value or "", default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
