"""What a WooCommerce shop is to the syncs."""

from __future__ import annotations

from crmhost.api import Message
from plugins.syncs.api import Field, RemoteStatus, Source

from .bought import forget, store
from .reader import WooReader
from .shaping import shape

ID = "woo"


def source() -> Source:
    """The declaration."""
    return Source(
        id=ID,
        label="WooCommerce",
        icon="shopping-cart",
        fields=[
            Field(name="url", label=Message("Address of the shop"), kind="url", required=True,
                  help=Message("Such as https://shop.example.com: where people buy.")),
            Field(name="key", label=Message("Consumer key"), kind="secret", required=True),
            Field(name="secret", label=Message("Consumer secret"), kind="secret", required=True),
            Field(name="webhook_secret", label=Message("Secret of the webhooks"), kind="secret",
                  help=Message("The one that you enter in the shop too; without it changes are seen every quarter of an hour.")),
        ],
        guide="woo_sync/guide.html",
        invoices=True,
        account="url",
        reader=WooReader,
        shape=shape,
        saved=store,
        removed=forget,
        sales=["order"],
        known_by=["order"],
        kinds={
            "product": Message("Products"),
            "customer": Message("Customers"),
            "order": Message("Orders"),
            "subscription": Message("Subscriptions"),
        },
        statuses=[
            RemoteStatus(key="pending", label=Message("Pending payment"), transaction="Pending"),
            RemoteStatus(key="processing", label=Message("Processing"), transaction="Completed", contact="Customer",
                         invoice="issued"),
            RemoteStatus(key="on-hold", label=Message("On hold"), transaction="Pending"),
            RemoteStatus(key="completed", label=Message("Completed"), transaction="Completed", contact="Customer",
                         invoice="issued"),
            RemoteStatus(key="cancelled", label=Message("Cancelled"), transaction="Cancelled", invoice="void"),
            RemoteStatus(key="refunded", label=Message("Refunded"), transaction="Refunded", invoice="issued"),
            RemoteStatus(key="failed", label=Message("Failed"), transaction="Failed", invoice="void"),
            RemoteStatus(key="checkout-draft", label=Message("Draft"), transaction="Pending"),
            RemoteStatus(key="auto-draft", label=Message("Draft made by the shop"), transaction="Pending"),
            RemoteStatus(key="trash", label=Message("In the bin"), transaction="Deleted", invoice="void"),
        ],
        options=[
            ("tag_prefix", Message("Prefix of tags"), Message("Stands before each tag that comes from the shop."), "Shop:"),
            ("tag_products", Message("Tag buyers with the products"), "", False),
            ("tag_categories", Message("Tag buyers with the categories"), "", False),
            ("tag_coupons", Message("Tag buyers with the coupons"), "", False),
        ],
    )  # fmt: skip
