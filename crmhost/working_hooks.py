"""Hooks that are called while the site works; :mod:`crmhost.hooks` offers them with those that are called when it is built."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .hookmarks import hookspec

if TYPE_CHECKING:
    from .core.files.models import File
    from .core.journal.models import JournalEntry
    from .work.unit import Change, Work


# --- While something changes -----------------------------------------------------------------------------------------


@hookspec("within")
def within(work: Work, changes: Sequence[Change]) -> None:
    """Once per unit of work, before its commit, with all its changes: keep derived data that must never lag.

    Runs in a savepoint. If it raises, only its own writes are taken back, the plugin's derived data is marked stale and
    repaired later by :func:`rebuild`; the change itself stands. A bulk import calls it once per batch.

    ``changes`` are in the order in which they were noted. Services may be called here and events told (``work.tell``); what is
    noted here with ``work.changed`` becomes an event, but no handler is called again for it.
    """


@hookspec("filter")
def contact_prepare(value: dict[str, Any], work: Work, contact_id: int | None) -> dict[str, Any]:
    """The fields of a contact about to be stored, after validation; ``contact_id`` is ``None`` for a new one."""
    return value


@hookspec("guard")
def contact_before_delete(work: Work, contact_ids: Sequence[int]) -> None:
    """Raise :class:`crmhost.api.Vetoed` to keep contacts from going to the bin.

    It is not asked when a contact is erased for good, from the bin or on a person's demand: see :func:`contact_erase`.
    """


@hookspec("guard")
def status_before_delete(work: Work, status_id: int, heir_id: int | None) -> None:
    """Raise :class:`crmhost.api.Vetoed` to keep a status; ``heir_id`` is the one that takes its contacts."""


@hookspec("guard")
def journal_entry_added(work: Work, entry: JournalEntry, values: Mapping[str, str]) -> None:
    """A person wrote a journal entry, inside its transaction: do what they asked for in the same step, such as a follow-up.

    ``values`` holds what stands in the fields that the plugin put into the form by the slot ``journal.composer``; their names
    begin with its id (``tasks.due``). Raise :class:`crmhost.api.Invalid` and nothing is written, nothing typed is lost.
    """


@hookspec("action")
def contacts_merged(work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
    """Contacts were merged, inside the transaction; ``[data] contact_refs`` already moved: compute derived data anew.

    Rows that a unique constraint kept from moving follow ``[data] on_clash``. What is written here is no edit for an undo.
    """


@hookspec("action")
def contacts_unmerged(work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
    """A merge was undone, inside the transaction; references went back, but for rows edited since: compute derived data anew."""


@hookspec("collect")
def contact_personal_data(work: Work, contact_id: int) -> Any:
    """JSON-able data on a person who wants it, beyond ``[data] personal``: no secrets, nothing about others."""


@hookspec("action")
def contact_erase(work: Work, contact_id: int) -> None:
    """Erase what is held on one person, beyond what ``[data]`` lists and beyond rows that go by ``ondelete="CASCADE"``.

    Called for a contact that is erased for good, inside the transaction, before its row goes.
    """


@hookspec("first")
def mail_pictures(work: Work, file_ids: Sequence[int]) -> Collection[int]:
    """Which of these pictures, taken in by the editor of mails, a text that the plugin keeps still shows.

    Every plugin is asked, once a day inside a transaction; those that nobody names are removed. A failure means all. A text names
    a picture by its address (``/storage/12?show=1``). Mails that were written need no answer; while a plugin that may send mail
    is off, nothing is removed.
    """
    return ()


@hookspec("collect")
def mail_placeholders(work: Work) -> Sequence[tuple[str, str]]:
    """Further placeholders of mails, as path and English label: those that :func:`mail_values` gives values for."""
    return ()


@hookspec("collect")
def mail_values(work: Work, object_type: str, ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]] | None:
    """What a plugin's placeholders stand for in mails to records of a kind: id -> first word of the placeholder -> its values.

    Asked for many recipients at once, of contacts only when a text uses a placeholder that is none of the core's. ``object_type``
    is ``contact`` or the name of a kind of records; the id 0 is nobody, as for the page that everybody may read. A field without
    a value gives an empty text; ``None`` for kinds that the plugin knows nothing of.

    Of its own kind a plugin leaves out records that are gone, in the bin, or not the actor's to see: no mail goes to them.
    """
    return None


# --- Demo data --------------------------------------------------------------------------------------------------------


@hookspec("first")
def demo_records(work: Work, kind: str, number: int, seed: int, start: int) -> int | None:
    """Adds demo records of a kind, such as ``transactions``, inside a transaction; gives how many, ``None`` for kinds of others.

    Called with at most 500 at a time, counted on from ``start``. The same numbers and seed give the same; what is there already
    is not added twice. Names are invented, addresses end in example.com, .net or .org.
    """
    return None


# --- Who may do what -------------------------------------------------------------------------------------------------


@hookspec("first")
def file_access(work: Work, file: File, action: str) -> bool | None:
    """Whether ``work.actor`` may ``"open"``, ``"store"`` or ``"delete"`` a file that the plugin owns.

    Only the plugin that owns the file is asked (``owner`` of :func:`crmhost.api.files.stage`). ``None`` leaves it to whoever
    brought the file. A failure means no, and while the plugin is off nobody opens its files. The host has looked already whether
    the actor may see the contact that the file is about. A file that is about to be stored has no ``id`` yet.
    """
    return None
