"""Settings > Transactions: which statuses there are, and what counts.

The settings hold names, because people read and write names. A hidden one holds the ids of the statuses that count, so that
renaming a status keeps it counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmhost.api import Change, Invalid, Message, Setting, Work, settings, texts

from . import kinds
from .models import Status, Type

STATUSES = "transactions.statuses"
INCLUDED = "transactions.included_statuses"
INCLUDED_IDS = "transactions.included_ids"
METHODS = "transactions.payment_methods"
PORTAL_STATUSES, PORTAL_TYPES = "transactions.portal_statuses", "transactions.portal_types"
TAXES, DISCOUNTS, FEES = "transactions.count_taxes", "transactions.count_discounts", "transactions.count_fees"
#: What changes every figure.
COUNTING = (INCLUDED, TAXES, DISCOUNTS, FEES)

DEFAULT = ("Succeeded", "Completed", "Pending", "Failed", "Refunded", "Cancelled", "Deleted")
DEFAULT_INCLUDED = ("Succeeded", "Completed")
#: Ready sets: statuses, and those of them that count.
SETS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "payments": (DEFAULT, DEFAULT_INCLUDED),
    "for_sale": (("For sale", "Pending", "Sold"), ("Sold",)),
}


def declared() -> list[Setting]:
    """The settings of the plugin."""
    return [
        Setting(
            key=STATUSES,
            label="Statuses",
            kind="list",
            default=list(DEFAULT),
            validate=check_statuses,
            help="Separated by commas; the first is that of a new transaction. A name that you type over is renamed everywhere.",
        ),
        Setting(
            key=INCLUDED,
            label="Include these statuses in total value",
            kind="list",
            default=list(DEFAULT_INCLUDED),
            validate=check_included,
            help="Only transactions with these statuses count, wherever money is summed up.",
        ),
        Setting(
            key=TAXES,
            label="Taxes count",
            kind="boolean",
            default=True,
            help="Off: taxes are taken off each total before it is summed up.",
        ),
        Setting(
            key=DISCOUNTS,
            label="Discounts count",
            kind="boolean",
            default=True,
            help="Totals are meant after the discount. Off: it is added to each total before that is summed up.",
        ),
        Setting(
            key=FEES,
            label="Fees count",
            kind="boolean",
            default=False,
            help="On: what payment providers keep is taken off each total before it is summed up.",
        ),
        Setting(
            key=METHODS,
            label="Payment methods",
            kind="list",
            default=["Card", "Bank transfer", "Direct debit", "Cash", "Cheque"],
            validate=check_methods,
            help="Offered in the form of a transaction, separated by commas.",
        ),
        Setting(
            key=PORTAL_STATUSES,
            label="Statuses that clients see",
            kind="list",
            default=[],
            validate=check_shown_statuses,
            help="On the page with transactions of the client portal, separated by commas. Empty: those that count.",
        ),
        Setting(
            key=PORTAL_TYPES,
            label="Types that clients see",
            kind="list",
            default=[],
            validate=check_shown_types,
            help="There too, separated by commas. Empty: all.",
        ),
        Setting(key=INCLUDED_IDS, kind="list", default=[], hidden=True),
    ]


def names_of(work: Work) -> list[str]:
    """The statuses in the setting."""
    return list(work.settings.get(STATUSES) or DEFAULT)


def included(work: Work) -> list[Status]:
    """The statuses that count."""
    keys = {texts.fold(name) for name in work.settings.get(INCLUDED) or ()}
    return [status for status in kinds.statuses(work) if status.name_key in keys]


def methods(work: Work) -> list[str]:
    """The payment methods that are offered."""
    return list(work.settings.get(METHODS) or ())


def shown_statuses(work: Work) -> list[Status]:
    """The statuses that clients see in their portal."""
    keys = {texts.fold(name) for name in work.settings.get(PORTAL_STATUSES) or ()}
    return [status for status in kinds.statuses(work) if status.name_key in keys] if keys else included(work)


def shown_types(work: Work) -> list[Type]:
    """The types that clients see in their portal."""
    keys = {texts.fold(name) for name in work.settings.get(PORTAL_TYPES) or ()}
    return [kind for kind in kinds.types(work) if kind.name_key in keys or not keys]


def check_shown_statuses(work: Work, value: Any) -> list[str]:
    """Names of statuses as they are written. :raises Invalid: when there is none of that name."""
    return [kinds.find_status(work, name).name for name in value or ()]


def check_shown_types(work: Work, value: Any) -> list[str]:
    """Names of types as they are written. :raises Invalid: when there is none of that name."""
    return [kinds.find_type(work, name).name for name in value or ()]


def check_statuses(work: Work, value: Any) -> list[str]:
    """The names of the statuses; the default when nothing is given.

    :raises Invalid: when one stands there twice, is too long, or one that transactions have would go.
    """
    names = _names(STATUSES, value) or list(DEFAULT)
    gone = kinds.in_use(work, kinds.moves(work, names)[1])
    if gone:
        said = Message(
            "Transactions have the status “%(name)s”: give them another one first, or leave it in the list.",
            name=gone[0].name,
        )
        raise Invalid({STATUSES: [said]})
    return names


def check_included(work: Work, value: Any) -> list[str]:
    """The names of the statuses that count, as the list of statuses writes them.

    :raises Invalid: when one is unknown.
    """
    return [status.name for status in dict.fromkeys(kinds.find_status(work, name) for name in _names(INCLUDED, value))]


def check_methods(_work: Work, value: Any) -> list[str]:
    """The names of the payment methods."""
    return _names(METHODS, value)


def _names(key: str, value: Any) -> list[str]:
    names = [name for name in (texts.clean_line(str(item)) for item in value or ()) if name]
    if len(names) > kinds.MOST:
        raise Invalid({key: [Message("Give at most %(most)s names.", most=kinds.MOST)]})
    for name in names:
        if len(name) > kinds.LONGEST:
            raise Invalid({key: [Message("“%(name)s” is too long.", name=texts.shorten(name, 60))]})
        if sum(texts.fold(name) == texts.fold(other) for other in names) > 1:
            raise Invalid({key: [Message("“%(name)s” stands in the list twice: take one of them out.", name=name)]})
    return names


def choose_set(work: Work, name: str) -> None:
    """Takes one of the ready sets of statuses; those that transactions have stay behind it.

    :raises Invalid: when there is no such set.
    """
    work.require("settings.edit")
    if name not in SETS:
        raise Invalid("Choose one of the ready sets.")
    names, counted = SETS[name]
    keys = {texts.fold(item) for item in names}
    kept = [status.name for status in kinds.in_use(work, kinds.statuses(work)) if status.name_key not in keys]
    wanted = [*names, *kept]
    kinds.write_statuses(work, wanted)
    settings.set_many(work, {STATUSES: wanted, INCLUDED: list(counted)})


# --- kept in step ----------------------------------------------------------------------------------------------------


def follow(work: Work, changes: Sequence[Change]) -> bool:
    """Brings the rows of the statuses up to date with the setting; gives whether all figures are to be made anew."""
    keys = {key for change in changes if change.name == "setting.changed" for key in change.after}
    if STATUSES in keys:
        counted = {int(number) for number in work.settings.get(INCLUDED_IDS)}
        kinds.write_statuses(work, names_of(work))
        if INCLUDED not in keys:
            names = [status.name for status in kinds.statuses(work) if status.id in counted]
            if names != work.settings.get(INCLUDED):
                settings.store(work, {INCLUDED: names})
                keys.add(INCLUDED)
    if {STATUSES, INCLUDED} & keys:
        remember(work)
    signs = any(
        change.object_type == "transaction_type" and "sign" in {**change.before, **change.after} for change in changes
    )
    return signs or any(key in keys for key in COUNTING)


def remember(work: Work) -> None:
    """Notes the ids of the statuses that count."""
    ids = [str(status.id) for status in included(work)]
    if ids != work.settings.get(INCLUDED_IDS):
        settings.store(work, {INCLUDED_IDS: ids})
