"""What other extensions import: those that know subscriptions."""

from __future__ import annotations

from .hooks import SubscriptionTerm

__all__ = ["SubscriptionTerm"]
