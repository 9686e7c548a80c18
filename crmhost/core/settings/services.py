"""Settings as they are read and written: typed by what plugins declare, audited, secrets encrypted."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ...contributions import Setting
from ...errors import CrmError, Forbidden, Invalid
from ...host.tables import HostState
from ...messages import Message
from ...work.unit import Change, Work
from ..rows import insert_rows
from .models import StoredSetting
from .secrets import Cipher
from .values import parse

MASK = "••••••"


class SettingsView:
    """Reads settings, all stored ones in one query when the first is asked for.

    :param declared: settings of the generation, by key.
    :param cipher: decrypts secrets; each only when it is asked for.
    """

    def __init__(self, session: Session, declared: Mapping[str, Setting], cipher: Cipher) -> None:
        self.declared = declared
        self.cipher = cipher
        self._session = session
        self._stored: dict[str, StoredValue] | None = None

    def get(self, key: str) -> Any:
        """The value, or the declared default; of a secret the text itself.

        :raises KeyError: when nobody declares the setting.
        """
        setting = self.declared[key]
        stored = self._values().get(key)
        if stored is None:
            return setting.default
        if setting.kind == "secret":
            return (
                self.cipher.decrypt(stored.secret, stored.key_id, key) if stored.secret is not None else setting.default
            )
        return stored.value

    def is_set(self, key: str) -> bool:
        """Whether a value is stored; of a secret it can be known without decrypting."""
        return key in self._values()

    def forget(self) -> None:
        """Reads anew at the next question."""
        self._stored = None

    def _values(self) -> dict[str, StoredValue]:
        if self._stored is None:
            columns = (StoredSetting.key, StoredSetting.value, StoredSetting.secret, StoredSetting.key_id)
            rows = self._session.execute(select(*columns))
            self._stored = {row.key: StoredValue(row.value, row.secret, row.key_id) for row in rows}
        return self._stored


@dataclasses.dataclass(frozen=True)
class StoredValue:
    """A stored value: a plain one, or a secret with the id of its key."""

    value: Any
    secret: bytes | None = None
    key_id: str = ""


def get(work: Work, key: str) -> Any:
    """The value of a setting, or its default. No permission is needed: what is shown of it is the page's business."""
    return work.settings.get(key)


def set_many(work: Work, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Stores settings from raw input, all or none.

    ``None`` takes a setting back to its default. An empty secret keeps the one that is stored.

    :param raw: key -> what a form, the API or the command line gave.
    :returns: the settings that changed, with their new values (secrets masked).
    :raises Invalid: sentences by key.
    """
    work.require("settings.edit")
    declared = work.generation.settings
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for key, value in raw.items():
        setting = declared.get(key)
        if setting is None:
            errors[key] = ["There is no such setting; its plugin may be switched off."]
        elif not work.can(setting.permission):
            errors[key] = [Forbidden(setting.permission).message]
        elif value is None:
            values[key] = None
        elif setting.kind != "secret" or value != "":
            try:
                values[key] = parse(work, setting, value)
            except ValueError as error:
                errors[key] = [str(error)]
    if errors:
        raise Invalid(errors)
    return store(work, values)


def store(work: Work, values: Mapping[str, Any]) -> dict[str, Any]:
    """Stores values that are checked already, without asking for a permission: for plugins that keep a hidden setting.

    :returns: the settings that changed, with their new values (secrets masked).
    """
    view = _view(work)
    declared = work.generation.settings
    changed: dict[str, Any] = {}
    audit: list[tuple[str, str, object, Any, Any]] = []
    for key, value in values.items():
        setting = declared[key]
        secret = setting.kind == "secret"
        old = view.get(key) if not secret else None
        if not secret and old == value and view.is_set(key):
            continue
        if value is None and not view.is_set(key):
            continue
        _write(work, view.cipher, setting, value)
        before = (MASK if view.is_set(key) else None) if secret else old
        after = (MASK if value is not None else None) if secret else setting.default if value is None else value
        audit.append(("setting.changed", "setting", key, before, after))
        changed[key] = after
    if not changed:
        return changed
    view.forget()
    work.audit_many(audit)
    bump = {"settings_version": HostState.settings_version + 1}
    if any(declared[key].rebuilds for key in changed):
        bump["generation"] = HostState.generation + 1
    work.session.execute(update(HostState).values(bump))
    for _, _, name, before, after in audit:
        work.changed(Change("setting.changed", "setting", 0, {str(name): before}, {str(name): after}), event=False)
    work.tell("setting.changed", [], {"keys": sorted(changed)})
    work.after_commit(view.forget)
    return changed


def remove_all(work: Work, plugin: str) -> int:
    """Removes every stored setting of a plugin that is being purged; gives how many there were."""
    gone = work.session.scalars(
        delete(StoredSetting).where(StoredSetting.plugin == plugin).returning(StoredSetting.key)
    ).all()
    _view(work).forget()
    return len(gone)


# --- secrets that are no settings ------------------------------------------------------------------------------------


def seal(work: Work, text: str, context: str) -> str:
    """A secret encrypted as settings are, to be stored in a table of one's own.

    :param context: what it is for, such as ``rest_api.webhook 7``; it can only be read for the same.
    """
    sealed, key_id = _view(work).cipher.encrypt(text, context)
    return f"{key_id}:{base64.b64encode(sealed).decode('ascii')}"


def unseal(work: Work, sealed: str, context: str) -> str:
    """The secret that :func:`seal` encrypted.

    :raises CrmError: when it was stored under another secret key of the site, or was changed.
    """
    key_id, _, text = sealed.partition(":")
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise CrmError(Message("“%(context)s” can't be decrypted: enter it again.", context=context)) from error
    return _view(work).cipher.decrypt(raw, key_id, context)


def _view(work: Work) -> SettingsView:
    if not isinstance(work.settings, SettingsView):
        raise CrmError("Settings can only be changed through the site's own unit of work.")
    return work.settings


def _write(work: Work, cipher: Cipher, setting: Setting, value: Any) -> None:
    owner, key = setting.plugin or setting.key.partition(".")[0], setting.key
    work.session.execute(delete(StoredSetting).where(StoredSetting.plugin == owner, StoredSetting.key == key))
    if value is None:
        return
    secret, key_id = cipher.encrypt(str(value), key) if setting.kind == "secret" else (None, "")
    plain = None if secret else value
    row = {"plugin": owner, "key": key, "value": plain, "secret": secret, "key_id": key_id, "updated_at": work.now}
    insert_rows(work.session, StoredSetting, [row])
