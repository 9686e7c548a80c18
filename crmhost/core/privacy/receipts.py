"""Receipts of erased people: a list, and whether an address was among them."""

from __future__ import annotations

import dataclasses

from sqlalchemy import select

from ...errors import Invalid, NotFound
from ...work.unit import Work
from ..contacts.emails import check_email
from ..keyset import decode, encode, valid_id
from ..mail.keys import address_hash
from .models import Receipt, ReceiptHash


@dataclasses.dataclass(frozen=True)
class Receipts:
    """One page of receipts, the newest first."""

    rows: list[Receipt]
    next: str | None


def receipts(work: Work, *, after: str | None = None, limit: int = 50) -> Receipts:
    """Receipts, newest first.

    :param after: cursor of the next page.
    """
    work.require("audit.view")
    wanted = select(Receipt).order_by(Receipt.id.desc()).limit(limit + 1)
    if after:
        wanted = wanted.where(Receipt.id < decode("receipts", after, (int,))[0])
    rows = list(work.session.scalars(wanted))
    more, rows = len(rows) > limit, rows[:limit]
    return Receipts(rows, encode("receipts", [rows[-1].id]) if more else None)


def receipt(work: Work, receipt_id: int) -> Receipt:
    """One receipt.

    :raises NotFound: when there is none.
    """
    work.require("audit.view")
    number = valid_id(receipt_id)
    found = work.session.get(Receipt, number) if number is not None else None
    if found is None:
        raise NotFound("receipt", receipt_id)
    return found


def find(work: Work, email: str) -> list[Receipt]:
    """Receipts of people who had an e-mail address, newest first: empty when none of them was erased here.

    :raises Invalid: when it is no address.
    """
    work.require("audit.view")
    try:
        hashed = address_hash(work, check_email(email))
    except ValueError as error:
        raise Invalid({"email": [str(error)]}) from error
    wanted = select(Receipt).join(ReceiptHash, ReceiptHash.receipt_id == Receipt.id)
    return list(work.session.scalars(wanted.where(ReceiptHash.address_hash == hashed).order_by(Receipt.id.desc())))
