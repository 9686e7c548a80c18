"""The field in which a record is picked by typing."""

from __future__ import annotations

import json
from typing import Any

from flask import url_for
from flask_babel import gettext
from wtforms import Field
from wtforms.widgets import TextInput

from ...core.records import picking
from ...core.records import services as records
from ...errors import Conflict, CrmError, Forbidden, Invalid, NotFound
from ...work.unit import Work
from ..request import current_work

#: Before a name that is to be added.
_NEW = "new:"


def picked_record(kind: str, text: str) -> int | None:
    """The id of the record that was picked, or typed, in a field made by the macro ``pick``; ``None`` when there is nothing.

    :raises Invalid: when it means no record, or several.
    """
    return picking.read(current_work(), kind, text) if text.strip() else None


def pick_attributes(kind: str, number: int | None = None, title: str = "", typed: str = "") -> dict[str, str]:
    """Attributes of a text field in which a record of a kind is picked.

    :param number: of the one that is picked, with its ``title``, which is empty when it can't be seen.
    :param typed: what stands in the field when none is picked.
    """
    found = {
        "data-choices": "",
        "data-choices-url": url_for("records.choices", object_type=kind),
        "placeholder": gettext("Type to find"),
        "autocomplete": "off",
        "value": picking.labelled(title, number) if title and number is not None else typed,
    }
    chosen = {"value": f"#{number}", "text": title} if title else {"value": typed, "text": typed.removeprefix(_NEW)}
    return {**found, "data-chosen": json.dumps([chosen], ensure_ascii=False)} if chosen["value"] else found


class RecordField(Field):
    """One record, picked by typing a part of its name, e-mail address or number; ``data`` is its id, or ``None``.

    Only records that the reader may see are offered and taken; one that they may not see stays while they pick no other. Without
    scripts, what was typed is looked up when the form is sent: an exact name, or # and the number. Leave the field out of the
    form while it is not :attr:`usable`.

    :param kind: of the records: name of a :class:`crmhost.api.RecordKind` that has ``find``.
    :param create: whether one can be added by typing its name, as far as its kind can ``make`` one: call :meth:`settle` then.
    """

    widget = TextInput()
    data: int | None

    def __init__(self, label: str = "", *, kind: str, create: bool = False, **kwargs: Any) -> None:
        self.kind, self.create = kind, create
        self.new = ""
        super().__init__(label, **kwargs)

    @property
    def usable(self) -> bool:
        """Whether the reader can pick records of the kind: its plugin is on, and they may see them."""
        return picking.kind(current_work(), self.kind) is not None

    @property
    def creates(self) -> bool:
        """Whether the reader can add one by typing its name."""
        return self.create and picking.may_make(current_work(), self.kind)

    def settle(self, work: Work) -> int | None:
        """The id of the record; one that was typed anew is added now, in the transaction of the caller.

        :raises Invalid: why it can't be added, at this field.
        """
        if not self.new:
            return self.data
        try:
            return picking.make(work, self.kind, self.new)
        except (Forbidden, NotFound):
            raise
        except Invalid as error:
            raise Invalid({self.short_name: [text for some in error.errors.values() for text in some]}) from error
        except Conflict as error:
            raise Invalid({self.short_name: [error.message]}) from error

    @property
    def attributes(self) -> dict[str, str]:
        """What the text field says, also to scripts."""
        typed = str(self.raw_data[0]) if self.raw_data and self.data is None else ""
        found = pick_attributes(self.kind, self.data, self._title(self.data), typed)
        if self.creates:
            found |= {"data-choices-create": _NEW, "placeholder": gettext("Type to find or create")}
        return found

    def said(self, value: Any) -> str:
        """A record as a person reads it."""
        return self.new or "–" if value is None else self._title(value) or f"#{value}"

    def _title(self, number: int | None) -> str:
        """What the record is called; empty when the reader may not see it."""
        found = records.titles(current_work(), {self.kind: [number]}) if number is not None else {}
        return next(iter(found.values()), "")

    def process_data(self, value: Any) -> None:
        """Takes the id."""
        self.data, self.new = value, ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Reads what was typed.

        :raises ValueError: when it means no record, or several.
        """
        if not self.usable:
            return
        text = str(valuelist[0]).replace("\0", "").strip()[: picking.LONGEST] if valuelist else ""
        before, self.data, self.new = self.object_data, None, ""
        if not text:
            if before is not None and not self._title(before):
                self.data = before
        elif text.startswith(_NEW) and self.creates:
            self.new = text.removeprefix(_NEW).strip()
        else:
            try:
                self.data = picking.read(current_work(), self.kind, text)
            except CrmError as error:
                raise ValueError(gettext(error.message)) from error

    def _value(self) -> str:
        return self.attributes["value"]
