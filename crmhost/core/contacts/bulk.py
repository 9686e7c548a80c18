"""Many contacts at once: imports and syncs. One bad row never stops the rest, and each row says what became of it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy.exc import IntegrityError

from ...contributions import RowResult
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..statuses import services as statuses
from ..text import clean_line
from .batch import Batch, Draft
from .cleaned import Cleaned
from .custom import settle, together
from .derived import NAMELESS, nameless
from .emails import email_key
from .fields import COLUMNS, clean, fold_parts
from .records import ExternalKey, assignee, owners_of_emails, owners_of_ids, why
from .undo import undo_many

__all__ = ["Match", "Mode", "save_many", "undo_many"]

Match = Literal["email", "external_id"]
Mode = Literal["update", "skip", "fill"]
#: Rows that one call takes; about a tenth of a second.
MOST = 1_000
_TRIES = 3


def save_many(
    work: Work,
    rows: Sequence[Mapping[str, Any]],
    *,
    match: Match | str = "email",
    mode: Mode | str = "update",
    source: str = "import",
    reason: str | Mapping[str, Any] = "",
) -> list[RowResult]:
    """Adds contacts and changes those that are there already, in a handful of statements for all rows together.

    :param rows: fields as :func:`crmhost.core.contacts.services.create` takes them, and ``reason`` for that row alone. An
        unknown status gives the default, an unknown country or date goes to the notes; both are said in ``reasons``.
    :param match: what tells that a contact is there already; the other of the two is tried after it, for both are unique.
    :param mode: what happens to one that is there: ``update`` writes what the row holds, ``fill`` only where the contact holds
        nothing, ``skip`` leaves it alone. Empty cells never take anything away.
    :returns: one result per row. ``before`` (JSON-able) is what :func:`undo_many` needs.
    :raises Invalid: when there are more than a thousand rows, or match or mode is unknown.
    """
    work.require("contacts.edit")
    if len(rows) > MOST:
        raise Invalid(Message("At most %(most)s rows can be saved in one step.", most=MOST))
    if match not in ("email", "external_id") or mode not in ("update", "skip", "fill"):
        raise Invalid("Match by “email” or “external_id”; the mode is “update”, “skip” or “fill”.")
    for attempt in range(1, _TRIES + 1):
        savepoint = work.session.begin_nested()
        try:
            saver = _Saver(work, match, mode, source, reason)
            results = saver.save(rows)
            savepoint.commit()
        except IntegrityError:
            # Another transaction took an address or an id in between: by now we see it, and match it.
            savepoint.rollback()
            if attempt == _TRIES:
                raise
        else:
            saver.batch.tell()
            return results
    raise AssertionError("unreachable")


class _Saver:
    def __init__(self, work: Work, match: str, mode: str, source: str, reason: str | Mapping[str, Any]) -> None:
        self.work = work
        self.match = match
        self.mode = mode
        self.source = clean_line(source)[:60]
        self.reason = why(work, reason)
        self.statuses = statuses.all_statuses(work)
        self.default = statuses.default(work, self.statuses)
        self.batch = Batch(work, {status.id: status for status in self.statuses})
        self.filtered = bool(work.hooks.implementations("contact_prepare"))
        self.known_statuses: dict[Any, int | str] = {}
        self.known_users: dict[Any, int | str | None] = {}
        self.by_email: dict[str, Draft] = {}
        self.by_id: dict[ExternalKey, Draft] = {}

    def save(self, rows: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        cleaned = [self._clean(row) for row in rows]
        self._find(values for values, check in cleaned if not check.errors)
        results = [self._one(row, values, check) for row, (values, check) in zip(rows, cleaned, strict=True)]
        self.batch.write()
        return [result if isinstance(result, RowResult) else result.result() for result in results]

    # --- reading rows -------------------------------------------------------------------------------------------------

    def _clean(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], Cleaned]:
        fields = {name: value for name, value in row.items() if name != "reason" and value not in (None, "")}
        check = clean(fields, self.work.timezone, self.work.now, lenient=True)
        if "custom" not in check.errors:
            settle(self.work, check, None, lenient=True)
        values = self._resolve(check.values, check)
        if "email" in values or "emails" in values:
            addresses = [values.pop("email", ""), *values.get("emails", ())]
            values["emails"] = list({email_key(email): email for email in reversed(addresses) if email}.values())[::-1]
        return values, check

    def _resolve(self, values: dict[str, Any], check: Cleaned) -> dict[str, Any]:
        if "status" in values:
            values["status"] = self._status(values["status"], check)
        if "assigned_to" in values:
            user = self._user(values["assigned_to"])
            if isinstance(user, str):
                check.remarks.append(user)
                del values["assigned_to"]
            else:
                values["assigned_to"] = user
        return values

    def _status(self, given: Any, check: Cleaned) -> int | None:
        if given not in self.known_statuses:
            try:
                self.known_statuses[given] = statuses.find(self.work, given, self.statuses).id
            except Invalid as error:
                self.known_statuses[given] = Message(
                    "%(reason)s It was left at the status it has, or the default.", reason=error
                )
        found = self.known_statuses[given]
        if isinstance(found, str):
            check.remarks.append(found)
            return None
        return found

    def _user(self, given: Any) -> int | str | None:
        if given not in self.known_users:
            try:
                self.known_users[given] = assignee(self.work, given)
            except Invalid as error:
                self.known_users[given] = Message("%(reason)s It was not assigned.", reason=error)
        return self.known_users[given]

    # --- matching -----------------------------------------------------------------------------------------------------

    def _find(self, all_values: Iterable[dict[str, Any]]) -> None:
        """Loads the contacts that any row may mean, in one query per kind of key."""
        keys: list[str] = []
        ids: list[ExternalKey] = []
        for values in all_values:
            keys += map(email_key, values.get("emails", ()))
            ids += values.get("external_ids", ())
        owners = owners_of_emails(self.work, keys)
        named = owners_of_ids(self.work, ids)
        self.batch.in_bin = {key: row for key, (row, _, in_bin) in named.items() if in_bin}
        owned = {key: owner for key, (_, owner, in_bin) in named.items() if not in_bin}
        drafts = self.batch.load({*owners.values(), *owned.values()})
        self.by_email = {key: drafts[owner] for key, owner in owners.items()}
        self.by_id = {key: drafts[owner] for key, owner in owned.items()}

    def _match(self, values: Mapping[str, Any]) -> list[Draft]:
        """The contacts that a row means, the likeliest first; more than one when its keys belong to several."""
        by_email = [self.by_email.get(email_key(email)) for email in values.get("emails", ())]
        by_id = [self.by_id.get(key) for key in values.get("external_ids", ())]
        found = [*by_email, *by_id] if self.match == "email" else [*by_id, *by_email]
        return list({id(draft): draft for draft in found if draft is not None}.values())

    # --- one row ------------------------------------------------------------------------------------------------------

    def _one(self, row: Mapping[str, Any], values: dict[str, Any], check: Cleaned) -> RowResult | _Outcome:
        if check.errors:
            return _refused([sentence for sentences in check.errors.values() for sentence in sentences])
        found = self._match(values)
        if len(found) > 1:
            return _refused(["This row's addresses and ids belong to more than one contact: merge those first."])
        draft = found[0] if found else None
        if draft is not None and not draft.visible:
            return _refused(["A contact that you may not see has this address or id."])
        if draft is not None and self.mode == "skip":
            return RowResult(
                outcome="skipped", id=draft.id, reasons=["There is such a contact already.", *check.remarks]
            )
        values = self._prepared(values, draft)
        if draft is None:
            first = values.get("emails") or [""]
            if nameless({**values, "email": first[0]}):
                return _refused([NAMELESS])
            draft = self._add(row, values)
            return _Outcome("added", draft, check.remarks)
        changed = self._change(draft, values)
        if not changed:
            return RowResult(
                outcome="skipped", id=draft.id, reasons=["The contact holds all of this already.", *check.remarks]
            )
        return _Outcome("updated", draft, check.remarks)

    def _prepared(self, values: dict[str, Any], draft: Draft | None) -> dict[str, Any]:
        """The values with flat parts folded in, and handed through the plugins' filter."""
        values = fold_parts(values, draft.columns if draft else {})
        if not self.filtered:
            return values
        offered = self.work.hooks.call(
            "contact_prepare", copy.deepcopy(values), work=self.work, contact_id=draft.id if draft else None
        )
        if offered == values or not isinstance(offered, Mapping):
            return values
        check = clean(offered, self.work.timezone, self.work.now, lenient=True)
        if "custom" not in check.errors:
            settle(self.work, check, values.get("custom"), lenient=True)
        # A filter whose value can't be stored, or that changes what contacts are matched by, is left aside.
        filtered = self._resolve(fold_parts(check.values, {}), check)
        kept: dict[str, Any] = {name: values[name] for name in ("emails", "external_ids") if name in values}
        return values if check.errors else {**filtered, **kept}

    def _add(self, row: Mapping[str, Any], values: dict[str, Any]) -> Draft:
        now, actor = self.work.now, self.work.actor
        reason = row.get("reason")
        columns = {name: values[name] for name in COLUMNS if values.get(name) is not None}
        columns["source"] = values.get("source") or self.source
        columns["created_at"] = values.get("created_at") or now
        columns["assigned_to_id"] = values.get("assigned_to", actor.user_id if actor.only_assigned else None)
        columns["reason"] = why(self.work, reason) if reason else self.reason
        draft = self.batch.add(columns, values.get("status") or self.default.id)
        self._own(draft, values)
        draft.emails = list(values.get("emails", ()))
        draft.add_tags(values.get("tags", ()))
        return draft

    def _change(self, draft: Draft, values: dict[str, Any]) -> bool:
        """Writes a row's values onto a contact; gives whether anything is new."""
        fill = self.mode == "fill"
        changed = False
        if "assigned_to" in values:
            values["assigned_to_id"] = values["assigned_to"]
        for name in COLUMNS:
            value = values.get(name)
            if value in (None, "", {}, []) or name == "source":
                continue
            old = draft.columns.get(name)
            if name == "custom":
                value = together(self.work, old or {}, value, fill=fill)
            elif isinstance(value, dict) and isinstance(old, dict):
                value = {**value, **{key: part for key, part in old.items() if part}} if fill else {**old, **value}
            elif fill and old and not (name == "notes" and str(value).startswith(str(old))):
                continue
            changed |= draft.set(name, value)
        status = values.get("status")
        if status and not fill:
            changed |= draft.move(status)
        changed |= draft.add_emails(values.get("emails", ()), first=not fill)
        changed |= draft.add_tags(values.get("tags", ()))
        return self._own(draft, values) or changed

    def _own(self, draft: Draft, values: Mapping[str, Any]) -> bool:
        """Later rows with the same addresses and ids mean this contact."""
        for email in values.get("emails", ()):
            self.by_email[email_key(email)] = draft
        new = [key for key in values.get("external_ids", ()) if self.by_id.get(key) is not draft]
        for key in new:
            self.by_id[key] = draft
        draft.external_ids += new
        return bool(new)


class _Outcome:
    """A row that was taken; its result is known once its contact has an id and a version."""

    def __init__(self, outcome: Literal["added", "updated"], draft: Draft, remarks: list[str]) -> None:
        self.outcome = outcome
        self.draft = draft
        self.remarks = remarks

    def result(self) -> RowResult:
        # Only the first row of a contact can be undone: it takes the later ones of the same step with it.
        before = None if self.draft.told else {"version": self.draft.version, "fields": self.draft.before()}
        self.draft.told = True
        return RowResult(outcome=self.outcome, id=self.draft.id, reasons=self.remarks, before=before)


def _refused(reasons: list[str]) -> RowResult:
    return RowResult(outcome="refused", reasons=reasons)
