"""What was bought, kept beside the records of orders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, select

from crmhost.api import Work, insert_rows, texts, upsert
from plugins.syncs.api import Connection, Record

from .models import Bought, CouponUse, Product

_SOME = 500


def store(work: Work, one: Connection, stored: Sequence[tuple[Record, Any]]) -> None:
    """Keeps products and coupons of orders that were stored, and categories of products; forgets those that were deleted."""
    orders = [(record, sale) for record, sale in stored if record.kind == "order"]
    ids = [record.id for record, _sale in orders]
    for model in (Bought, CouponUse):
        for start in range(0, len(ids), _SOME):
            gone = delete(model).where(model.record_id.in_(ids[start : start + _SOME]))
            work.session.execute(gone, execution_options={"synchronize_session": False})
    bought: list[dict[str, Any]] = []
    used: list[dict[str, Any]] = []
    for record, sale in orders:
        if sale is None or not record.counts:
            continue
        row = {"record_id": record.id, "contact_id": record.contact_id, "at": record.at}
        bought += [
            {**row, "product": product, "name": name, "name_key": texts.fold(name)[:200]}
            for product, name in dict.fromkeys(sale.details.products)
        ]
        codes = dict.fromkeys(sale.details.coupons)
        used += [{**row, "code": code, "code_key": texts.fold(code)[:200]} for code in codes]
    insert_rows(work.session, Bought, bought)
    insert_rows(work.session, CouponUse, used)
    _products(work, one, [(record, found) for record, found in stored if record.kind == "product"])


def _products(work: Work, one: Connection, stored: Sequence[tuple[Record, Any]]) -> None:
    rows = [
        {"connection_id": one.id, "product": record.external_id, "categories": "\n".join(found.details)[:1000]}
        for record, found in stored
        if found is not None
    ]
    if rows:
        statement = upsert(work.session, Product)
        again = {"categories": statement.excluded.categories}
        names = ["connection_id", "product"]
        work.session.execute(statement.on_conflict_do_update(index_elements=names, set_=again), rows)


def forget(work: Work, one: Connection) -> None:
    """Forgets what was bought in a shop that is no longer connected."""
    theirs = select(Record.id).where(Record.connection_id == one.id)
    gone = [delete(model).where(model.record_id.in_(theirs)) for model in (Bought, CouponUse)]
    for statement in (*gone, delete(Product).where(Product.connection_id == one.id)):
        work.session.execute(statement, execution_options={"synchronize_session": False})


def forget_lost(work: Work) -> None:
    """Forgets what was bought in shops that were removed while the extension was off, so that nobody told it."""
    shops = select(Connection.id).where(Connection.source == "woo")
    theirs = select(Record.id).where(Record.connection_id.in_(shops))
    gone = [delete(model).where(model.record_id.not_in(theirs)) for model in (Bought, CouponUse)]
    for statement in (*gone, delete(Product).where(Product.connection_id.not_in(shops))):
        work.session.execute(statement, execution_options={"synchronize_session": False})


def categories_of(work: Work, key: str, products: Collection[str]) -> dict[str, list[str]]:
    """The categories of some products of a shop."""
    found: dict[str, list[str]] = {}
    names = sorted(products)
    for start in range(0, len(names), _SOME):
        wanted = select(Product.product, Product.categories).join(Connection, Connection.id == Product.connection_id)
        wanted = wanted.where(Connection.source == "woo", Connection.key == key)
        for product, categories in work.session.execute(
            wanted.where(Product.product.in_(names[start : start + _SOME]))
        ):
            found[product] = categories.split("\n") if categories else []
    return found
