"""What a Stripe account is to the syncs."""

from __future__ import annotations

from crmhost.api import Message
from plugins.syncs.api import Field, RemoteStatus, Source

from .checkout import ID
from .keeping import forget, store
from .reader import StripeReader
from .shaping import shape


def source() -> Source:
    """The declaration."""
    return Source(
        id=ID,
        label="Stripe",
        icon="credit-card",
        fields=[
            Field(name="api_key", label=Message("Key"), kind="secret", required=True,
                  help=Message("A restricted key (rk_…) that may read; of the test mode or the live mode.")),
            Field(name="webhook_secret", label=Message("Secret of the webhook endpoint"), kind="secret",
                  help=Message("It begins with whsec_. While it is exchanged, give both with a comma between them.")),
            Field(name="api_base", label=Message("Address of the interface"), kind="url",
                  help=Message("Only when it is not api.stripe.com.")),
            Field(name="pay", label=Message("Clients pay invoices with this account"), kind="switch",
                  help=Message("Puts a button on invoices. The key then needs Checkout Sessions: Write.")),
        ],
        guide="stripe_sync/guide.html",
        reader=StripeReader,
        shape=shape,
        saved=store,
        removed=forget,
        sales=["charge"],
        known_by=["charge", "customer"],
        kinds={
            "product": Message("Products"),
            "customer": Message("Customers"),
            "charge": Message("Charges"),
            "invoice": Message("Invoices"),
            "subscription": Message("Subscriptions"),
            "session": Message("Checkout sessions"),
            "event": Message("Changes"),
        },
        statuses=[
            RemoteStatus(key="succeeded", label=Message("Succeeded"), transaction="Completed", contact="Customer"),
            RemoteStatus(key="pending", label=Message("Pending")),
            RemoteStatus(key="uncaptured", label=Message("Not captured yet")),
            RemoteStatus(key="failed", label=Message("Failed"), transaction="Failed"),
            RemoteStatus(key="partially_refunded", label=Message("Refunded in part"), transaction="Completed",
                         contact="Customer"),
            RemoteStatus(key="refunded", label=Message("Refunded"), transaction="Refunded"),
            RemoteStatus(key="disputed", label=Message("Disputed"), transaction="Completed"),
            RemoteStatus(key="lost", label=Message("Dispute lost"), transaction="Refunded"),
            RemoteStatus(key="paid", label=Message("Invoice paid"), transaction="Completed", contact="Customer"),
        ],
        options=[
            ("tag_prefix", Message("Prefix of tags"), Message("Stands before each tag made of Stripe’s words."), "Stripe:"),
            ("tag_plans", Message("Tag subscribers with what they subscribed to"), "", False),
        ],
    )  # fmt: skip
