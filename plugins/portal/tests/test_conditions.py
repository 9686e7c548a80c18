"""Access to the portal is a condition on contacts."""

from __future__ import annotations

from collections.abc import Callable

from crmhost.api import conditions
from crmhost.testing import Host
from plugins.portal.models import Account


def test_access_to_the_portal_can_be_asked(host: Callable[..., Host]) -> None:
    """Who has it, who has none or lost it, and who was in it last; each explained."""
    crm = host("portal")
    ann, bob, cid = (crm.make.contact(first_name=name) for name in ("Ann", "Bob", "Cid"))
    now = crm.clock.freeze()
    with crm.work() as work, work.begin():
        work.session.add(Account(contact_id=ann, created_at=now, last_at=now))
        work.session.add(Account(contact_id=bob, created_at=now, enabled=False))
    with crm.work("Admin") as work:
        for item, expected in (
            ({"type": "portal_access", "operator": "equals", "value": "yes"}, [ann]),
            ({"type": "portal_access", "operator": "equals", "value": False}, [bob, cid]),
            ({"type": "portal_last_at", "operator": "in_last_days", "value": 1}, [ann]),
            ({"type": "portal_last_at", "operator": "empty"}, [bob, cid]),
        ):
            asked = conditions.question(work, conditions.read(work, {"conditions": [item]}))
            assert sorted(work.session.scalars(asked.ids())) == expected
        (reason,) = conditions.explain(work, asked.group, ann).items
        assert isinstance(reason, conditions.Reason)
        assert reason.has == now
