"""What segments can ask of contacts' access to the portal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, not_, select

from crmhost.api import ConditionTest, ConditionType, Contact, Message, Work

from .models import Account

_GROUP = Message("Client portal")


def types(permission: str) -> list[ConditionType]:
    """All of them."""
    return [
        ConditionType(
            id="portal_access",
            label="Portal access",
            group=_GROUP,
            kind="yes_no",
            operators=("equals", "not_equals"),
            where=_access,
            values=lambda work, ids: {key: bool(enabled) for key, enabled, _ in _accounts(work, ids)},
            permission=permission,
        ),
        ConditionType(
            id="portal_last_at",
            label="Last in the portal",
            group=_GROUP,
            kind="instant",
            where=lambda _work, test: select(Account.contact_id).where(test.on(Account.last_at)),
            values=lambda work, ids: {key: last for key, _, last in _accounts(work, ids)},
            permission=permission,
        ),
    ]


def _access(_work: Work, test: ConditionTest) -> ColumnElement[bool]:
    has = exists(select(Account.id).where(Account.contact_id == Contact.id, Account.enabled).correlate(Contact))
    return has if "yes" in test.values else not_(has)


def _accounts(work: Work, ids: Sequence[int]) -> Sequence[Any]:
    wanted = select(Account.contact_id, Account.enabled, Account.last_at).where(Account.contact_id.in_(ids))
    return work.session.execute(wanted).all()
