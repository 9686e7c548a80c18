"""The form of a file."""

from __future__ import annotations

from typing import Any, ClassVar

from crmhost.api import Work
from crmhost.web.api import AreaField, ChoiceField, Section, SwitchField, TextField, VersionedForm, lazy_text

from . import limits
from .models import Entry

_NAMES = ("name", "kind", "description", "portal")


class FileForm(VersionedForm):
    """What is said of a file."""

    name = TextField(lazy_text("Name"), render_kw={"autocomplete": "off", "maxlength": 200})
    kind = ChoiceField(lazy_text("Kind"), none="–")
    description = AreaField(lazy_text("Description"), render_kw={"rows": 3})
    portal = SwitchField(lazy_text("The client sees it in the portal"))

    sections: ClassVar[list[Section]] = [
        Section("file", lazy_text("File"), {"name": 4, "kind": 2, "description": 6, "portal": 6})
    ]

    def offer(self, work: Work, entry: Entry) -> None:
        """Fills the choices."""
        known = dict.fromkeys([*limits.kinds(work), *([entry.kind] if entry.kind else [])])
        self.kind.offer((name, name) for name in known)

    def values(self) -> dict[str, Any]:
        """The fields as the service takes them."""
        return {name: self[name].data for name in _NAMES}


def filled(entry: Entry) -> dict[str, Any]:
    """What the form shows of a file."""
    return {name: getattr(entry, name) for name in _NAMES} | {"version": str(entry.version)}
