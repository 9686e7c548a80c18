"""What a source declares, what it reads, and what its records become here."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, Protocol

from crmhost.api import Contribution, Money, Work
from crmhost.api import http as outgoing

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def _aware(*instants: dt.datetime | None) -> None:
    if any(instant is not None and instant.tzinfo is None for instant in instants):
        raise ValueError("an instant has no time zone; give it in UTC")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Incoming:
    """A record of the other side as it came.

    :param kind: such as ``order`` or ``customer``, of the source's own choosing.
    :param external_id: its id there.
    :param version: grows with each change of it, such as the time of its last change in whole seconds; 0 where nobody says.
    :param body: it, JSON-able.
    :param gone: it was deleted there.
    :param more: what had to be fetched beside it, see :meth:`Reader.complete`. With ``incomplete``, the record is taken as it
        is, and looked at once more at the next reading.
    """

    kind: str
    external_id: str
    version: int = 0
    body: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    gone: bool = False
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Person:
    """Whom a record is about.

    :param external_id: their id there; for guests one that says who they are, such as :func:`guest_id`.
    :param emails: the one to write to first. What is no address is left out by the source.
    :param fields: fields of a contact by their flat names, such as ``first_name``, ``work_phone``, ``address1_city``; one that
        there is not sets the record aside.
    :param status: name of the contact status that this record makes them, unless they are further already.
    """

    external_id: str
    emails: Sequence[str] = ()
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tags: Sequence[str] = ()
    status: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refund:
    """Money that went back: a transaction of its own, of type Refund.

    :param external_id: its id there, unique among all refunds of the connection.
    :param amount: positive, in the sale's currency.
    :param at: when, aware.
    :param same: what it is called on other sides, see :class:`Sale`.
    """

    external_id: str
    amount: Money
    at: dt.datetime
    reason: str = ""
    same: Sequence[str] = ()

    def __post_init__(self) -> None:
        _aware(self.at)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BillLine:
    """A line of a sale as an invoice of it says it.

    :param before: quantity times price, without tax.
    :param net: the same less what was taken off.
    :param taxes: key of :attr:`Bill.rates` -> the tax on ``net``.
    :param taxes_before: key of :attr:`Bill.rates` -> the tax on ``before``.
    """

    title: str
    before: Money
    net: Money
    quantity: Decimal = Decimal(1)
    taxes: Mapping[str, Money] = dataclasses.field(default_factory=dict)
    taxes_before: Mapping[str, Money] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bill:
    """What an invoice of a sale says. The invoice comes to the sale's total, whatever this does.

    :param shipping: without tax.
    :param shipping_taxes: as those of a line.
    :param discount: of the whole, besides what was taken off its lines.
    :param rates: key of a tax -> what it is called, and its per cent where the other side says it.
    """

    lines: Sequence[BillLine]
    shipping: Money | None = None
    shipping_taxes: Mapping[str, Money] = dataclasses.field(default_factory=dict)
    discount: Money | None = None
    rates: Mapping[str, tuple[str, str | None]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sale:
    """An order or a charge: one transaction of type Sale, whatever becomes of it.

    :param ref: its number, as people there call it; unique among all transactions.
    :param status: status there; what it becomes is the connection's mapping.
    :param at: when it was paid, else made; aware.
    :param paid: the money came in: it counts, and goes on counting whatever its status there says.
    :param amounts: ``total``, ``fee``, ``tax``, ``discount``, ``shipping``, all of one currency; what is missing is 0 in a new
        transaction and left alone in one that is there.
    :param lines: ``title``, ``quantity``, ``unit_price``, ``total`` each: amounts as :class:`crmhost.api.Money`, or numbers and
        texts in the main unit; without ``total``, price times quantity. ``None`` leaves those that are there.
    :param refunds: all of them; those that are missing were taken back. ``None``: this record does not tell, such as one
        that was not completed yet, see :meth:`Reader.complete`.
    :param same: what the sale is called on any side, such as ``stripe:ch_1``: two records that share a name are one sale.
    :param bill: what an invoice of it says, where ``options`` have ``invoices``; without it, lines and amounts say it.
    :param details: kept for the source's own tables, see :attr:`Source.saved`.
    """

    ref: str
    name: str
    status: str
    at: dt.datetime
    paid: bool
    amounts: Mapping[str, Money]
    person: Person | None = None
    lines: Sequence[Mapping[str, Any]] | None = None
    refunds: Sequence[Refund] | None = None
    description: str = ""
    payment_method: str = ""
    tags: Sequence[str] = ()
    same: Sequence[str] = ()
    url: str = ""
    bill: Bill | None = None
    details: Any = None

    def __post_init__(self) -> None:
        _aware(self.at)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subscribed:
    """What a subscription brings regularly, as it is now; the syncs remember how that changed.

    :param amount: each time: after discounts that last, without taxes; what is taken off once only stays in.
    :param unit: with ``every``: 3 and ``month`` come each quarter.
    :param since: when the first period that is paid for begins, such as after a trial.
    :param until: when the last one ends; ahead when it is cancelled for then, ``None`` while it goes on.
    :param seen: when it was so on the other side.
    """

    amount: Money
    unit: Literal["day", "week", "month", "year"]
    since: dt.datetime
    seen: dt.datetime
    every: int = 1
    until: dt.datetime | None = None

    def __post_init__(self) -> None:
        _aware(self.since, self.seen, self.until)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Other:
    """A record that is no sale: a subscription, a product. Its status is kept; what else is needed of it, the source keeps.

    :param subscribed: of a subscription: it counts to recurring revenue.
    """

    status: str = ""
    label: str = ""
    at: dt.datetime | None = None
    amount: Money | None = None
    person: Person | None = None
    url: str = ""
    subscribed: Subscribed | None = None
    details: Any = None

    def __post_init__(self) -> None:
        _aware(self.at)


Shaped = Person | Sale | Other


@dataclasses.dataclass(frozen=True)
class Page:
    """Some records of one step.

    :param cursor: where the next page begins, JSON-able; ``None`` when this was the last.
    :param total: how many records the step has in all; 0 when it is not known.
    """

    items: Sequence[Incoming]
    cursor: Any = None
    total: int = 0


@dataclasses.dataclass(frozen=True)
class Finding:
    """What trying a connection found out: a sentence, and whether it is fine as it is."""

    text: str
    fine: bool = True


@dataclasses.dataclass(frozen=True)
class Access:
    """What a reader needs to call the other side.

    :param key: of the connection, as it stands in addresses; ``name`` is what people call it.
    :param fields: what was entered when it was connected; secrets stand in it in clear.
    :param options: the connection's, see :attr:`Source.options`.
    :param send: as :func:`crmhost.api.http.request`, without its first argument. The headers of the answer have names in small
        letters.
    :param work: outside of a transaction; read your own tables with it.
    """

    key: str
    name: str
    fields: Mapping[str, Any]
    options: Mapping[str, Any]
    now: dt.datetime
    send: Callable[..., outgoing.Response]
    work: Work


class Reader(Protocol):
    """Calls the other side. Every method may raise :class:`crmhost.api.RetryLater` (limits, 5xx: with the seconds that it asked
    for, or 0 for growing pauses), :class:`crmhost.api.GiveUp` (keys refused: with what to do) and ``http.RequestError``.
    """

    def test(self) -> Sequence[Finding]:
        """Tries the keys and says what is wrong."""

    def steps(self) -> Sequence[str]:
        """What is read, in its order, such as ``["customer", "order"]``. A kind of sales has a step of the same name: the
        comparison reads that one.
        """

    def page(self, step: str, cursor: Any, since: dt.datetime | None) -> Page:
        """The next records of a step.

        :param cursor: ``None`` at the beginning.
        :param since: ``None``: all of history, in an order in which nothing slips through; else what changed since.
        """

    def complete(self, items: Sequence[Incoming]) -> Sequence[Incoming]:
        """The records, with what has to be fetched beside them in ``more``. Called for those that are new or changed; by the
        comparison, for sales that don't tell their refunds without it.
        """

    def fetch(self, kind: str, ids: Sequence[str]) -> Sequence[Incoming]:
        """Records as they are now; those that are not there any more come as ``gone``."""

    def watch(self) -> str:
        """Whether the other side still tells us what changes: what is wrong with its webhooks; empty when all is well."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Field:
    """A field of the form that connects: its value reaches the reader in :attr:`Access.fields`.

    :param kind: ``secret`` ones are stored encrypted and shown masked.
    """

    name: str
    label: str
    kind: Literal["text", "url", "secret", "switch"] = "text"
    required: bool = False
    help: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RemoteStatus:
    """A status that records have there, and what it becomes unless somebody chooses otherwise.

    :param transaction: name of a status of transactions.
    :param contact: name of a contact status; empty: the contact stays as it is, a new one gets the default.
    :param invoice: ``issued``, ``draft`` or ``void``, where invoices are made of sales; empty: none is made, one that is there
        stays.
    """

    key: str
    label: str
    transaction: str = "Pending"
    contact: str = ""
    invoice: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source(Contribution):
    """A kind of other side, for the hook ``syncs_sources``.

    :param id: part of addresses, such as ``woo`` or ``csv-shop``. It is also the name of the webhooks, see ``webhook``.
    :param label: its name, as people know it.
    :param fields: what is asked to connect to it.
    :param guide: template with the steps that lead to the keys, such as ``woo_sync/guide.html``; gets ``connection`` and
        ``address`` (of its webhooks).
    :param reader: makes what calls it.
    :param shape: gives what a record becomes; no network, no database. ``options`` are the connection's.
    :param sales: kinds of records that are sales, each read in the step of that name.
    :param kinds: kind -> label, of all kinds that pages are to show.
    :param statuses: what is known; others can be added on the mapping page.
    :param options: further switches of the mapping page, with the value that they begin with: (name, label, help, default).
    :param invoices: whether invoices can be made of its sales, as a setting of each connection.
    :param deleted: status that a transaction gets whose record was deleted there.
    :param saved: called in the transaction in which records were stored, for the source's own tables: work, connection,
        [(record, what it became)]; ``None`` stands for what was deleted there.
    :param account: name of the field that tells one account or shop from another, such as its address: the same one is never
        connected twice, and is known again when it is connected anew.
    :param known_by: kinds of records by which one account is told from another. When the address or the keys are exchanged, some
        that came in are looked for there by :meth:`Reader.fetch`: who has none of them is refused, as is, where ``account`` is
        named and numbers may be the same, who has others under their numbers, made at another instant.
    :param removed: called when a connection is removed, before its records go: work and connection.
    :param webhook: whether the other side tells changes to ``/hooks/ID/KEY``; the hook ``webhooks`` then gives a
        :class:`crmhost.api.Webhook` with the source's id as its name.
    :raises ValueError: when the id can't stand in an address, or a kind of sales has no label.
    """

    id: str
    label: str
    fields: Sequence[Field]
    reader: Callable[[Access], Reader]
    shape: Callable[[Incoming, Mapping[str, Any]], Shaped]
    sales: Sequence[str]
    kinds: Mapping[str, str]
    statuses: Sequence[RemoteStatus] = ()
    options: Sequence[tuple[str, str, str, Any]] = ()
    guide: str = ""
    icon: str = "plug"
    invoices: bool = False
    deleted: str = "Deleted"
    saved: Callable[[Work, Any, Sequence[tuple[Any, Any]]], None] | None = None
    removed: Callable[[Work, Any], None] | None = None
    account: str = ""
    known_by: Sequence[str] = ()
    webhook: bool = True

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"The id of a source stands in addresses: write “{self.id}” like “csv-shop”.")
        if unnamed := [kind for kind in self.sales if kind not in self.kinds]:
            raise ValueError(f"The source “{self.id}” has no label for “{unnamed[0]}”: add it to “kinds”.")
