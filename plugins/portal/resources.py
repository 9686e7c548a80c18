"""Access to the portal in the REST API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import select

from crmhost.api import Contact, NotFound, Work, keyset
from crmhost.web.api import current_work, rest, writing

from . import accounts
from .models import Account

blueprint = Blueprint(
    "portal_api",
    __name__,
    url_prefix="/portal-accounts",
    description="Who has access to the client portal, by contact. Passwords are never shown or taken here.",
)


class AccountFields(Schema):
    """What can be changed of an access."""

    enabled = fields.Boolean(metadata={"description": "False ends all sessions at once."})
    sees_company = fields.Boolean(metadata={"description": "Where the site leaves it to each account."})


class NewAccount(Schema):
    """Access for a contact; the mail with it goes out."""

    contact_id = fields.Integer(required=True, strict=True)


class AccountShown(Schema):
    """The access of a contact to the portal."""

    contact_id = fields.Integer(required=True)
    email = fields.String(required=True, metadata={"description": "The user name: the contact's main e-mail."})
    enabled = fields.Boolean(required=True)
    temporary_password = fields.Boolean(required=True)
    sees_company = fields.Boolean(required=True)
    language = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    last_there_at = fields.AwareDateTime(allow_none=True)


AccountObject = rest.object_of(AccountShown)
AccountList = rest.list_of(AccountShown)
_CURSOR = "portal.accounts"


@blueprint.get("")
@blueprint.arguments(rest.PageQuery, location="query")
@blueprint.response(200, AccountList)
def list_accounts(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists the accesses of contacts that you see, by contact."""
    work = current_work()
    work.require("contacts.view")
    wanted = _visible(work).order_by(Account.contact_id).limit(query["limit"] + 1)
    if query["after"]:
        (last,) = keyset.decode(_CURSOR, query["after"], [int])
        wanted = wanted.where(Account.contact_id > last)
    found = [(row[0], row[1]) for row in work.session.execute(wanted)]
    rows = found[: query["limit"]]
    following = keyset.encode(_CURSOR, [rows[-1][0].contact_id]) if len(found) > len(rows) else None
    return {"data": [_shown(account, contact) for account, contact in rows], "next": following}


@blueprint.post("")
@blueprint.arguments(NewAccount)
@blueprint.response(201, AccountObject)
def give_access(document: Mapping[str, Any]) -> dict[str, Any]:
    """Gives a contact access, or gives it back; the mail with it goes out."""
    with writing() as work:
        accounts.give(work, document["contact_id"])
    return _one(document["contact_id"])


@blueprint.get(f"/<{rest.ID}:contact_id>")
@blueprint.response(200, AccountObject)
def read_account(contact_id: int) -> dict[str, Any]:
    """Gives the access of a contact."""
    return _one(contact_id)


@blueprint.patch(f"/<{rest.ID}:contact_id>")
@blueprint.arguments(AccountFields)
@blueprint.response(200, AccountObject)
def change_account(document: Mapping[str, Any], contact_id: int) -> dict[str, Any]:
    """Takes access, gives it back, or changes what it opens."""
    with writing() as work:
        work.require("portal.manage")
        accounts.get(work, contact_id)
        if "enabled" in document:
            accounts.switch(work, contact_id, enabled=document["enabled"])
        if "sees_company" in document:
            accounts.let_see_company(work, contact_id, sees=document["sees_company"])
    return _one(contact_id)


def _visible(work: Work) -> Any:
    joined = select(Account, Contact).join(Contact, Contact.id == Account.contact_id)
    return joined.where(Contact.visible_to(work.actor))


def _one(contact_id: int) -> dict[str, Any]:
    work = current_work()
    work.require("contacts.view")
    row = work.session.execute(_visible(work).where(Account.contact_id == contact_id)).one_or_none()
    if row is None:
        raise NotFound("access", contact_id)
    return {"data": _shown(row[0], row[1])}


def _shown(account: Account, contact: Contact) -> dict[str, Any]:
    return {
        "contact_id": contact.id,
        "email": contact.email,
        "enabled": account.enabled,
        "temporary_password": account.temporary,
        "sees_company": account.sees_company,
        "language": account.locale,
        "created_at": account.created_at,
        "last_there_at": account.last_at,
    }
