"""How extensions store a document: whole in one column, with what it comes to in columns of its own, to list and to add up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from ..money import Money
from .model import Document, from_json, to_json
from .totals import Totals, calculate

__all__ = ["DocumentJSON", "Priced"]


class DocumentJSON(TypeDecorator[Document]):
    """Column type of a document. A document never changes: give the column a new one."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Document | None, _dialect: Dialect) -> Any:
        """The document as it is stored."""
        return None if value is None else to_json(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Document | None:
        """The document that was stored."""
        return None if value is None else from_json(value)


class Priced:
    """Columns of a table of documents, for a model to inherit: the document, and its totals in minor units of ``currency``.

    Set them by :meth:`price` alone.
    """

    document: Mapped[Document] = mapped_column(DocumentJSON())
    currency: Mapped[str] = mapped_column(String(3))
    net: Mapped[int] = mapped_column(BigInteger())
    discount: Mapped[int] = mapped_column(BigInteger())
    tax: Mapped[int] = mapped_column(BigInteger())
    shipping: Mapped[int] = mapped_column(BigInteger())
    total: Mapped[int] = mapped_column(BigInteger())

    def price(self, document: Document) -> Totals:
        """Stores the document and what it comes to."""
        totals = calculate(document)
        self.document, self.currency = document, document.currency
        for name in ("net", "discount", "tax", "shipping", "total"):
            setattr(self, name, getattr(totals, name).amount)
        return totals

    def money(self, name: str) -> Money:
        """One of the stored totals: ``"net"``, ``"discount"``, ``"tax"``, ``"shipping"`` or ``"total"``."""
        return Money(getattr(self, name), self.currency)
