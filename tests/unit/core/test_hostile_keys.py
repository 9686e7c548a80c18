"""Keys from addresses and from the API that no database holds: a clear answer, never a failure of the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmhost.core.contacts import bulk, queries, tags
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.queries import ListQuery
from crmhost.core.journal import services as journal
from crmhost.core.statuses import services as statuses
from crmhost.core.users import audit
from crmhost.core.users import services as users
from crmhost.errors import CrmError
from crmhost.testing import Host
from crmhost.work.unit import Work

NUMBERS = [0, -1, 2**31, 2**63, 10**30]
TEXTS = ["\x00", "\ud800", "x" * 10_000, "' OR 1=1 --", "%", "\\", "ﷺ" * 50]

BY_NUMBER: list[Callable[[Work, Any], Any]] = [
    lambda work, key: contacts.get(work, key),
    lambda work, key: contacts.update(work, key, {}),
    lambda work, key: contacts.erase(work, key),
    lambda work, key: contacts.set_status(work, [key], "Lead"),
    lambda work, key: contacts.tag(work, [key], ["x"]),
    lambda work, key: contacts.to_bin(work, [key]),
    lambda work, key: contacts.restore(work, [key]),
    lambda work, key: contacts.assign(work, [1], key),
    lambda work, key: contacts.create(work, {"first_name": "A", "status": key}),
    lambda work, key: contacts.create(work, {"first_name": "A", "assigned_to": key}),
    lambda work, key: contacts.create(work, {"first_name": "A", "external_ids": [{"source": "x", "id": key}]}),
    lambda work, key: bulk.save_many(work, [{"first_name": "A", "status": key, "assigned_to": key}]),
    lambda work, key: queries.page(
        work, ListQuery(filters={"assigned_to": str(key), "status": str(key), "tag": str(key)})
    ),
    lambda work, key: tags.rename(work, key, "x"),
    lambda work, key: tags.remove(work, key),
    lambda work, key: statuses.rename(work, key, "x"),
    lambda work, key: statuses.delete(work, key, key),
    lambda work, key: statuses.reorder(work, [key]),
    lambda work, key: journal.get(work, key),
    lambda work, key: journal.entries(work, "contact", key),
    lambda work, key: journal.entries(work, "invoice", key),
    lambda work, key: journal.add(work, "invoice", key, "note", summary="x"),
    lambda work, key: journal.edit(work, key, {}),
    lambda work, key: journal.remove(work, key),
    lambda work, key: journal.feed(work, user_id=key),
    lambda work, key: audit.entries(work, user_id=key, object_id=key, object_type="contact"),
    lambda work, key: users.get(work, key),
    lambda work, key: users.get_role(work, key),
    lambda work, key: users.create(work, "x@example.com", key),
    lambda work, key: users.edit(work, key, role=key),
    lambda work, key: users.revoke_token(work, key),
]
BY_TEXT: list[Callable[[Work, Any], Any]] = [
    *BY_NUMBER,
    lambda work, key: queries.page(work, ListQuery(q=key)),
    lambda work, key: queries.count(work, ListQuery(q=key, filters={"source": key})),
    lambda work, key: queries.page(work, ListQuery(sort=key)),
    lambda work, key: queries.page(work, ListQuery(after=key)),
    lambda work, key: queries.page(work, ListQuery(filters={key: key})),
    lambda work, key: queries.page(work, ListQuery(filters={"created_from": key, "not_contacted": key})),
    lambda work, key: tags.find(work, key),
    lambda work, key: tags.rename(work, 1, key),
    lambda work, key: tags.recolour(work, 1, key),
    lambda work, key: statuses.add(work, key),
    lambda work, key: statuses.set_from_text(work, key),
    lambda work, key: journal.feed(work, key),
    lambda work, key: journal.entries(work, key, 1),
    lambda work, key: journal.entries(work, "contact", 1, key),
    lambda work, key: journal.add(work, "contact", 1, key, summary="x"),
    lambda work, key: journal.add(work, "contact", 1, "note", summary=key, comment=key, data={key: key}),
    lambda work, key: audit.entries(work, action=key, object_type=key, object_id=key),
    lambda work, key: users.find_by_email(work, key),
    lambda work, key: users.create(work, key, "Admin", key, name=key),
    lambda work, key: users.edit(work, 1, name=key, given=[key], taken=[key]),
    lambda work, key: users.save_role(work, None, key, [key]),
    lambda work, key: users.invited(work, key),
    lambda work, key: users.accept_invitation(work, key, key),
    lambda work, key: users.token_user(work.session, key),
    lambda work, key: users.make_token(work, users.get(work, 1), key),
    lambda work, key: users.set_preference(work, key, key),
    lambda work, key: contacts.create(work, {"first_name": "A"}, source=key[:60], reason=key),
    lambda work, key: contacts.create(work, {key: key}),
    lambda work, key: bulk.save_many(work, [{"first_name": key, "reason": key, key: key}]),
]


@pytest.mark.parametrize("kind", ["numbers", "texts"])
def test_no_key_reaches_the_database_that_it_cant_hold(host: Callable[..., Host], kind: str) -> None:
    """Every service answers with a result or with a refusal meant for a person."""
    site = host()
    site.make.contact(first_name="A", tags=["x"])
    functions, keys = (BY_NUMBER, NUMBERS) if kind == "numbers" else (BY_TEXT, TEXTS)
    failures: list[str] = []
    with site.work("Admin") as work:
        for number, function in enumerate(functions):
            for key in keys:
                try:
                    with work.begin():
                        function(work, key)
                except CrmError:
                    continue
                except Exception as error:
                    failures.append(f"{kind} {number} {key!r:.80}: {error!r:.300}")
    assert not failures
