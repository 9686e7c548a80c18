"""What other extensions may import: who the client is, and pages for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, or_, select, union_all

from crmhost.api import Actor, Contribution, NotFound, Work

__all__ = ["Client", "Portal", "PortalPage", "Waiting", "found_by"]


@dataclasses.dataclass(frozen=True)
class Client:
    """The client who asks for a page of the portal.

    :param company_ids: companies whose records the client sees, as the site has set it; often none.
    :param language: in which pages and mails speak to them.
    :param actor: who acts: it holds no permission and reaches no contact but this one. ``current_work().actor`` is this one.
    :param account_id: ``None`` in a preview.
    :param preview: a user of the site looks at the portal as this client. Nothing may be written then, and the host of the page
        takes no forms; a page that notes being read must not.
    """

    contact_id: int
    name: str
    email: str
    language: str
    actor: Actor
    company_ids: frozenset[int] = frozenset()
    account_id: int | None = None
    preview: bool = False

    def owns(self, contact_id: int | None, company_id: int | None = None) -> bool:
        """Whether a record of this contact, or of this company, is the client's."""
        return contact_id == self.contact_id or company_id in self.company_ids

    def mine(self, model: Any) -> ColumnElement[bool]:
        """The same as a condition, for a model with the columns ``contact_id`` and, if it has one, ``company_id``."""
        own: ColumnElement[bool] = model.contact_id == self.contact_id
        if not self.company_ids or not hasattr(model, "company_id"):
            return own
        return or_(own, model.company_id.in_(sorted(self.company_ids)))

    def records(self, model: Any, *conditions: ColumnElement[bool]) -> Select[Any]:
        """The client's records of a model for which all conditions hold; see :func:`found_by`.

        In time that grows with what the client has, not with what all have: give the conditions here rather than to the select.
        """
        mine = [model.contact_id == self.contact_id]
        if self.company_ids and hasattr(model, "company_id"):
            mine.append(model.company_id.in_(sorted(self.company_ids)))
        return found_by(model, mine, *conditions)

    def require(self, record: Any) -> None:
        """:raises NotFound: when the record is somebody else's; it looks as if there were none."""
        if not self.owns(getattr(record, "contact_id", None), getattr(record, "company_id", None)):
            raise NotFound("record", "")


def found_by(model: Any, ways: Sequence[ColumnElement[bool]], *conditions: ColumnElement[bool]) -> Select[Any]:
    """``select(model)`` of the records that are found in one of the ways, and for which all conditions hold.

    Each way is looked up by its own index. Of a plain OR SQLite makes a walk through the records of everybody.
    """
    if len(ways) == 1:
        return select(model).where(*ways, *conditions)
    return select(model).where(model.id.in_(union_all(*(select(model.id).where(way, *conditions) for way in ways))))


@dataclasses.dataclass(frozen=True)
class Waiting:
    """What waits for the client on a page, as their home page says it.

    :param text: such as “2 quotes wait for your answer”, in the client's language.
    :param url: where it is dealt with; the page itself when it is empty.
    """

    text: str
    url: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PortalPage(Contribution):
    """A page of the client portal, for the hook ``portal_pages``.

    :param id: last part of its address, such as ``quotes`` for ``/portal/quotes``; unique among all pages.
    :param label: what the portal's menu calls it, in English; the site may call it otherwise.
    :param endpoint: where the menu leads, such as ``ledger_portal.index``; it takes no arguments.
    :param blueprint: with the views, named ``PLUGIN_portal``. Each is called with ``client`` (a :class:`Client`) beside the parts
        of its address; nobody else gets in. ``NotFound`` and ``Forbidden`` give the portal's page “not found”.
    :param icon: name of a Tabler icon.
    :param waiting: gets the work and the client, says what waits for them; ``None`` for nothing. It runs at each visit of the
        home page, so it must be cheap.
    :param records: kinds of records that have a page there, such as ``loan``, each with a function that gets the work, the client
        and a number, and says whether the client sees that record now; what hangs on it, such as files, asks.
    :param order: low numbers come first: the home page is 0, the client's details 900.
    """

    id: str
    label: str
    endpoint: str
    blueprint: Any = None
    icon: str = "file"
    waiting: Callable[[Work, Client], Waiting | None] | None = None
    records: Mapping[str, Callable[[Work, Client, int], bool]] = dataclasses.field(default_factory=dict)


class Portal(Protocol):
    """What ``work.service("portal")`` gives while the portal is on."""

    def has_access(self, contact_id: int) -> bool:
        """Whether a contact can sign in to the portal."""

    def shows(self, client: Client, object_type: str, object_id: int) -> bool:
        """Whether the client sees a record on a page of the portal, see :class:`PortalPage`; never on one that the site hides."""

    def slots(self) -> list[str]:
        """Names of the files that the site asks clients for."""

    def tell_owner(
        self, contact_id: int, text: str, url: str, kind: str, data: Mapping[str, object], comment: str = ""
    ) -> None:
        """Tells those who look after a contact what the client did, in the app and by mail, inside the transaction.

        :param text: an English sentence with ``%(name)s`` places for ``data``, translated for each reader.
        :param url: a path on this site, where it is seen.
        :param kind: what it is about, ``ID.something``.
        :param comment: stands below the sentence in the mail, as it is.
        """
