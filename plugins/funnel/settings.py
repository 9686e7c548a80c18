"""Which statuses are steps of the funnel.

The setting holds names, because people read and write names. A second, hidden one holds the ids of the same statuses, so that
renaming a status keeps its step, also while the plugin was off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crmhost.api import Change, Invalid, Message, Setting, Status, Work, settings, statuses, texts

STATUSES = "funnel.statuses"
IDS = "funnel.status_ids"
#: From the top down.
DEFAULT = ("Lead", "Contacted", "Customer", "Upsell")


def declared() -> list[Setting]:
    """The settings of the plugin."""
    return [
        Setting(
            key=STATUSES,
            label="Funnel statuses",
            kind="list",
            default=list(DEFAULT),
            validate=check,
            page="field_options",
            help=Message(
                "The statuses that a contact passes on the way down, from the top, separated by commas. Statuses that are left "
                "out never count. Empty: %(names)s.",
                names=list(DEFAULT),
            ),
        ),
        Setting(key=IDS, kind="list", default=[], hidden=True),
    ]


def check(work: Work, value: Any) -> list[str]:
    """The names as the statuses write them, from what a person typed; the default when that is empty.

    :raises Invalid: when a status is unknown (naming the nearest one) or stands there twice.
    """
    known = statuses.all_statuses(work)
    chosen: list[Status] = []
    for name in value:
        status = statuses.find(work, name, known)
        if status in chosen:
            raise Invalid(
                {STATUSES: [Message("“%(name)s” stands in the list twice: take one of them out.", name=status.name)]}
            )
        chosen.append(status)
    return [status.name for status in chosen] or list(DEFAULT)


def steps(work: Work) -> tuple[list[Status], list[str]]:
    """The statuses that are steps, from the top, and the names in the setting that no status has."""
    known = {texts.fold(status.name): status for status in statuses.all_statuses(work)}
    names = work.settings.get(STATUSES) or DEFAULT
    return (
        [known[texts.fold(name)] for name in names if texts.fold(name) in known],
        [name for name in names if texts.fold(name) not in known],
    )


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Keeps the steps when statuses are renamed or deleted, and notes their ids when the setting was changed."""
    if any(change.name in ("status.renamed", "status.deleted") for change in changes):
        catch_up(work)
    elif any(STATUSES in change.after for change in changes if change.name == "setting.changed"):
        _remember(work, steps(work)[0])


def catch_up(work: Work) -> None:
    """Brings the names up to date with the statuses that were steps when they were last noted."""
    noted = [int(number) for number in work.settings.get(IDS)]
    known = {status.id: status for status in statuses.all_statuses(work)}
    if noted:
        names = [known[number].name for number in noted if number in known]
        if names and names != list(work.settings.get(STATUSES)):
            settings.store(work, {STATUSES: names})
    _remember(work, steps(work)[0])


def _remember(work: Work, chosen: Iterable[Status]) -> None:
    ids = [str(status.id) for status in chosen]
    if ids != work.settings.get(IDS):
        settings.store(work, {IDS: ids})
