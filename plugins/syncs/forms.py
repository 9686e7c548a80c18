"""Forms of connections and of their mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import Work, statuses, texts
from crmhost.web.api import (
    ChoiceField,
    SecretField,
    Section,
    SwitchField,
    TextField,
    UrlField,
    VersionedForm,
    gettext,
    lazy_text,
    ngettext,
)
from plugins.transactions import api as transactions

from . import billing, mapping, reconciling
from .connections import options_of
from .models import Connection
from .shapes import Field, RemoteStatus, Source

_STORED = ("transaction_", "contact_", "invoice_", "option_")
_FIELDS = {"text": TextField, "url": UrlField, "secret": SecretField, "switch": SwitchField}


class ConnectionForm(VersionedForm):
    """The name of a connection; what else is asked, its source says."""

    name = TextField(
        lazy_text("Name"),
        description=lazy_text("What it is called here."),
        render_kw={"maxlength": 80, "autocomplete": "off", "required": True},
    )

    def offer(self, source: Source, one: Connection | None) -> None:
        """Adds the fields of the source."""
        stored: dict[str, Any] = {"name": one.name, "version": str(one.version)} if one is not None else {}
        for field in source.fields:
            value = one.fields.get(field.name, "") if one is not None else ""
            self.add_field(field.name, _field(field), value)
            if field.kind != "secret":
                stored[field.name] = value
            if field.kind == "secret":
                self._fields[field.name].kept = bool(one is not None and one.secrets.get(field.name))
        self.own_sections = [Section("connection", "", {"name": 6, **{field.name: 6 for field in source.fields}})]
        self.stored: Mapping[str, Any] = stored
        if one is not None:
            self.remember(stored)

    def values(self, source: Source) -> dict[str, Any]:
        """The fields as the service takes them."""
        return {name: self._fields[name].data for name in ("name", *(field.name for field in source.fields))}


def _field(field: Field) -> Any:
    more = {"autocomplete": "off"} if field.kind != "switch" else {}
    return _FIELDS[field.kind](
        gettext(field.label), description=gettext(field.help) if field.help else "", render_kw=more
    )


class MappingForm(VersionedForm):
    """What statuses become, whose word counts, and the source's own switches."""

    rule = ChoiceField(
        lazy_text("Where a field was changed here and there"),
        description=lazy_text("A field that nobody touched here always follows the other side."),
    )
    compare = ChoiceField(
        lazy_text("Compare both sides by itself"),
        description=lazy_text("When something differs, who looks after syncs gets a notification."),
        none=lazy_text("Never"),
    )
    move_back = SwitchField(
        lazy_text("Contacts may move back"),
        description=lazy_text("Off: a contact only moves forward in the list of statuses, whatever comes in."),
    )

    def offer(self, work: Work, source: Source, one: Connection) -> None:
        """Adds the fields of the connection's statuses and of the source's options."""
        self.rule.offer([(key, gettext(label)) for key, label in mapping.RULES.items()])
        self.compare.offer([("weekly", gettext("Each week")), ("monthly", gettext("Each month"))])
        options = options_of(source, one)
        own = {}
        for name, label, note, default in source.options:
            kind = SwitchField if isinstance(default, bool) else TextField
            more = {} if isinstance(default, bool) else {"maxlength": 40, "autocomplete": "off"}
            field = kind(gettext(label), description=gettext(note) if note else "", render_kw=more)
            self.add_field(f"option_{name}", field, options[name])
            own[f"option_{name}"] = 3
        invoices = source.invoices and billing.available(work)
        if invoices:
            switch = SwitchField(
                gettext("Make invoices"),
                description=gettext(
                    "Of sales that come in from now on; past ones can follow. No mail is sent by itself."
                ),
            )
            self.add_field(f"option_{billing.ON}", switch, bool(one.options.get(billing.ON)))
        kinds = [(key, gettext(label)) for key, label in billing.CHOICES.items()]
        rows: dict[str, int] = {}
        ours = [(status.name, status.name) for status in transactions.statuses(work)]
        people = [(status.name, status.name) for status in statuses.all_statuses(work)]
        self._statuses = list(mapping.chosen(source, one))
        for status in self._statuses:
            rows |= self._offer_status(status, _choice(_becomes(status), ours), people, kinds if invoices else [])
        for key, number in mapping.unknown(work, source, one):
            status = RemoteStatus(key=key, label=key, transaction="")
            waiting = ngettext("%(num)d record waits for it.", "%(num)d records wait for it.", number)
            field = _choice(_becomes(status), ours, none=gettext("Not chosen yet"), description=waiting)
            rows |= self._offer_status(status, field, people, kinds if invoices else [])
            self._statuses.append(status)
        new = TextField(
            gettext("Another status of the other side"),
            description=gettext("As the other side calls it, such as wc-shipped. Save, then choose what it becomes."),
            render_kw={"maxlength": 60, "autocomplete": "off"},
        )
        self.add_field("new_status", new, "")
        # What their making was given is what is stored; a status to be added is in none.
        self.stored: Mapping[str, Any] = {
            **{name: field.object_data for name, field in self._fields.items() if name.startswith(_STORED)},
            **filled(source, one),
        }
        self.remember(self.stored)
        self.own_sections = [
            Section("statuses", gettext("Statuses"), rows | {"new_status": 6}),
            Section("rules", gettext("Whose word counts"), {"rule": 3, "compare": 3, "move_back": 6}),
            Section("more", gettext("Tags and more"), own),
        ]
        if source.invoices:
            note = "" if invoices else gettext("Switch the extension “Invoices” on to have them made of sales.")
            self.own_sections.insert(
                1, Section("invoices", gettext("Invoices"), {f"option_{billing.ON}": 6} if invoices else {}, note=note)
            )

    def _offer_status(
        self, status: RemoteStatus, becomes: Any, people: Sequence[tuple[str, str]], invoices: Sequence[tuple[str, str]]
    ) -> dict[str, int]:
        """Adds the fields of a status; gives their widths.

        :param becomes: the field of what its transactions become.
        :param invoices: what its invoices can become; empty where none are made.
        """
        contact = _choice(gettext("… and the contact"), people, none=gettext("As it is"))
        self.add_field(f"transaction_{status.key}", becomes, status.transaction)
        self.add_field(f"contact_{status.key}", contact, status.contact)
        rows = {f"transaction_{status.key}": 2 if invoices else 3, f"contact_{status.key}": 2 if invoices else 3}
        if invoices:
            self.add_field(f"invoice_{status.key}", _choice(gettext("… and its invoice"), invoices), status.invoice)
            rows[f"invoice_{status.key}"] = 2
        return rows

    def statuses(self) -> dict[str, dict[str, str]]:
        """What each status becomes, as it was chosen; without those of which nobody said it yet."""
        found = {
            status.key: {
                "transaction": str(self._fields[f"transaction_{status.key}"].data or ""),
                "contact": str(self._fields[f"contact_{status.key}"].data or ""),
                "invoice": self._invoice(status),
            }
            for status in self._statuses
            if status.transaction or self._fields[f"transaction_{status.key}"].data
        }
        new = texts.clean_line(str(self._fields["new_status"].data or ""))
        return found | ({new: {"transaction": mapping.PENDING, "contact": ""}} if new and new not in found else {})

    def _invoice(self, status: RemoteStatus) -> str:
        name = f"invoice_{status.key}"
        return str(self._fields[name].data or "") if name in self._fields else status.invoice

    def options(self, source: Source) -> dict[str, Any]:
        """The switches."""
        own = {name: self._fields[f"option_{name}"].data for name, _label, _note, _default in source.options}
        if (name := f"option_{billing.ON}") in self._fields:
            own[billing.ON] = bool(self._fields[name].data)
        return {
            **own,
            mapping.RULE: self.rule.data,
            mapping.BACK: bool(self.move_back.data),
            reconciling.COMPARE: self.compare.data or "",
        }


def _becomes(status: RemoteStatus) -> str:
    return str(gettext("“%(name)s”: the transaction becomes", name=gettext(status.label)))


def _choice(label: str, choices: Sequence[tuple[str, str]], **more: Any) -> Any:
    return ChoiceField(label, choices=list(choices), **more)


def filled(source: Source, one: Connection) -> Mapping[str, Any]:
    """What the form of a mapping shows beside the statuses."""
    options = options_of(source, one)
    return {
        "rule": options.get(mapping.RULE) or "ours",
        "compare": options.get(reconciling.COMPARE) or "",
        "move_back": bool(options.get(mapping.BACK)),
        "version": str(one.version),
    }
