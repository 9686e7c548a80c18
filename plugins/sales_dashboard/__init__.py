"""The sales dashboard: what was sold, over any period, and to whom."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.api import Permission
from crmhost.hooks import hookimpl

_READERS = ("CRM manager", "Transactions manager", "Invoices manager", "Read only")


class Plugin:
    """Declares what there is; the rules stand in the modules."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        return [Permission(name="sales_dashboard.view", label="See the sales dashboard", roles=_READERS)]
