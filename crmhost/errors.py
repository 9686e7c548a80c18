"""Errors that a person may see. The message says what went wrong and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .messages import Message


class CrmError(Exception):
    """Base of all refusals. ``str(error)`` is a sentence for the person who asked.

    :param message: one sentence, saying what to do.
    :param plugin: id of the plugin that refused or failed, empty for the core.
    """

    status = 400

    def __init__(self, message: str, *, plugin: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.plugin = plugin


class Forbidden(CrmError):
    """The actor lacks a permission."""

    status = 403

    def __init__(self, permission: str, message: str = "") -> None:
        super().__init__(
            message
            or Message("You need the permission “%(permission)s” for this. Ask an admin for it.", permission=permission)
        )
        self.permission = permission


class NotFound(CrmError):
    """There is no such record, or the actor may not see it: the two look alike on purpose."""

    status = 404

    def __init__(self, object_type: str, key: object) -> None:
        super().__init__(
            Message("There is no %(kind)s %(key)s, or you may not see it.", kind=Message(object_type), key=str(key))
        )
        self.object_type = object_type
        self.key = key


class Conflict(CrmError):
    """The record changed meanwhile, or a value that must be unique is taken.

    :param other_id: id of the record that holds the value, when the actor may see it.
    """

    status = 409

    def __init__(self, message: str, *, field: str = "", other_id: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.other_id = other_id


class Stale(Conflict):
    """The caller wrote on top of a version that is no longer the newest."""

    status = 412


class Invalid(CrmError):
    """Input that can't be taken.

    :param errors: field name -> sentences, in the order of the form; the key ``""`` concerns the whole.
    """

    status = 422

    def __init__(self, errors: Mapping[str, Sequence[str]] | str) -> None:
        table = {"": [errors]} if isinstance(errors, str) else {key: list(value) for key, value in errors.items()}
        super().__init__(Message.joined(sentence for sentences in table.values() for sentence in sentences))
        self.errors: dict[str, list[str]] = table


class Vetoed(CrmError):
    """A guard of a plugin refused the change."""

    status = 409


class PluginError(CrmError):
    """A plugin can't be used as it is: manifest, import, needs, migration or names are wrong.

    :param traceback: the plugin's own traceback, shown to admins; empty when there is none.
    """

    def __init__(self, plugin: str, message: str, *, traceback: str = "") -> None:
        super().__init__(message, plugin=plugin)
        self.traceback = traceback
        if traceback:
            # So that a test that fails by this error shows where the plugin's own code failed.
            self.add_note(traceback)


# --- what a job's handler raises to say what becomes of the job --------------------------------------------------------


class RetryLater(Exception):  # no failure: the job only waits
    """The job can't be done now and is put off, without counting as a failure: a limit is reached, the other side is busy.

    :param seconds: from now on.
    :param why: shown on the Jobs page.
    """

    def __init__(self, seconds: float, why: str = "") -> None:
        super().__init__(why)
        self.seconds = max(0.0, seconds)
        self.why = why


class GiveUp(Exception):  # the sentence is the point, not the name
    """The job can never be done: it fails at once, without further attempts.

    :param why: shown on the Jobs page; say what to do.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Overtaken(BaseException):
    """Another unit wrote since this one, which takes the lock of the database late, began to read: begin it anew.

    It is no :class:`Exception`, so that nobody takes it for a failure of what was to be written.
    """


class JobStopped(BaseException):
    """Raised by ``job.check()``: the job was cancelled, or its worker ends. Let it through.

    It is no :class:`Exception`, so that a handler that catches errors of its own work does not swallow it.
    """
